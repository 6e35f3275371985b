"""The buttons of conflicts and late changes: their identifiers outlive the bot, and their rows fit Discord."""

from __future__ import annotations

import re
from dataclasses import replace

import discord
import pytest

from bot.services.model import SongLine
from bot.services.together.merging.plans import MergePlan, MergeTask, conflict_token
from bot.services.together.merging.service import MergeQuestion
from bot.ui.carried import FORM_IDS
from bot.ui.together.branch_flow import _LINK, branch_form
from bot.ui.together.late_buttons import LateButton, with_late_buttons
from bot.ui.together.merge_embeds import question_embed
from bot.ui.together.merge_flow import MergeButton, question_view
from music.versions.merging import merge
from tests.factories.layered_songs import make_song

TASK = MergeTask(
    kind="merge",
    shared_song_id=1,
    into_branch_id=1,
    ours_id=7,
    theirs_id=8,
    base_id=6,
    ours_name="main",
    theirs_name="*low* @everyone",
    decisions={},
)
LINE = SongLine(shared_song_id=1, title="Ours", branch=None, is_head=False, target="main")


def question(*, with_field=False):
    base = make_song()
    sides = []
    for semitones in (1, 2):
        tracks = list(base.piece.tracks)
        notes = tuple(note._replace(pitch=note.pitch + semitones) for note in tracks[1].notes)
        tracks[1] = replace(tracks[1], notes=notes)
        side = replace(base, piece=base.piece.with_tracks(tuple(tracks)))
        if with_field:
            side = side.with_layer(replace(side.layers[0], owner_id=semitones + 7))
        sides.append(side)
    found = merge(base, *sides)
    plan = MergePlan(task=TASK, ours=sides[0], theirs=sides[1], base=base, merge=found)
    return MergeQuestion(draft_id=3, plan=plan, who_ours="Ada", who_theirs="Ben", people={8: "Ada", 9: "Ben"})


def rows(view):
    return [[item["label"] for item in row["components"]] for row in view.to_components()]


async def test_a_question_has_its_answers_in_one_row_and_the_rest_in_another():
    assert rows(question_view(question())) == [
        ["Keep ours", "Keep theirs", "Both", "Ask the bot to bridge"],
        ["Give up"],
    ]
    asked = question(with_field=True)
    assert len(asked.plan.merge.open_conflicts) == 2
    first, rest = rows(question_view(asked))
    assert rest == ["The rest: ours", "The rest: theirs", "Give up"]
    assert {"Keep ours", "Keep theirs"} <= set(first)


async def test_the_buttons_of_a_question_are_made_anew_from_their_identifiers():
    """As after a restart."""
    for row in question_view(question()).to_components():
        for item in row["components"]:
            match = re.fullmatch(MergeButton.__discord_ui_compiled_template__, item["custom_id"])
            assert match is not None
            again = await MergeButton.from_custom_id(None, None, match)
            assert (again.item.label, again.item.custom_id) == (item["label"], item["custom_id"])


def test_a_conflict_is_known_by_a_short_token():
    asked = question()
    token = conflict_token(asked.conflict.key)
    assert re.fullmatch(r"[0-9a-f]{10}", token)
    assert asked.plan.conflict_of(token) == asked.conflict
    assert asked.plan.conflict_of("0" * 10) is None


def test_a_question_pings_nobody_and_says_what_is_still_to_come():
    embed = question_embed(question(with_field=True), remarks=("No sound.",))
    assert embed.title == "Conflict 1 of 2"
    text = f"{embed.description} {' '.join(field.value for field in embed.fields)}"
    assert "@everyone" not in text
    assert r"\*low\*" in text
    assert [field.name for field in embed.fields][-2:] == ["Still to come", "Note"]
    assert "Ada" in text


@pytest.mark.parametrize("action", ["rebase", "branch", "leave"])
async def test_a_late_change_keeps_its_buttons(action):
    match = re.fullmatch(LateButton.__discord_ui_compiled_template__, f"tutti:late:{action}:12")
    assert match is not None
    again = await LateButton.from_custom_id(None, None, match)
    assert again.item.custom_id == f"tutti:late:{action}:12"


async def test_only_changes_that_came_late_have_these_buttons():
    def labels(line):
        return [item.item.label for item in with_late_buttons(discord.ui.View(), 12, line).children]

    assert labels(LINE) == ["Rebase", "New branch", "Leave it"]
    assert labels(None) == labels(replace(LINE, branch="main")) == labels(replace(LINE, is_take=True)) == []


async def test_the_form_for_a_name_knows_its_revision():
    assert FORM_IDS["branch-form"].fullmatch(branch_form(12).custom_id)["revision_id"] == "12"


def test_links_are_told_from_names():
    assert _LINK.fullmatch("https://discord.com/channels/1/2/3")
    assert _LINK.fullmatch("<https://discord.com/channels/1/2/3>")
    assert _LINK.fullmatch("1574251234972401664")
    assert not _LINK.fullmatch("#12")
    assert not _LINK.fullmatch("quiet ending")
