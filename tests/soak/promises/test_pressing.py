"""Whether a button works is told by what a fresh one does; nothing, an apology and another answer do not count as working."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Revision
from soak.promises.buttons import Press, compare, kind_of
from soak.promises.gallery import labels_of
from soak.promises.pressing import age_database, kinds_not_met, known_kinds
from soak.promises.visitor import Outcome
from tests.factories.rows import make_revision, make_user

RESULT = {
    "is_ephemeral": False,
    "embeds": [{"title": "New piece"}],
    "attachments": [{"filename": "tutti-7.mid"}, {"filename": "tutti-7.ogg"}],
}


def press(came, *, label="Again", custom_id="tutti:again:12~abcdefghij"):
    return Press(exhibit="result", label=label, custom_id=custom_id, came=came)


def outcome(message=None, **parts):
    return Outcome(interaction_id="1", message=message or {}, **parts)


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (outcome(RESULT), "for all: New piece (mid, ogg)"),
        (outcome(RESULT | {"is_ephemeral": True}), "privately: New piece (mid, ogg)"),
        (outcome(RESULT, response="update"), "in place: New piece (mid, ogg)"),
        (outcome(form={"title": "Remix"}), "the form “Remix”"),
        (outcome(failure="no_answer"), "failed: no_answer"),
    ],
)
def test_what_came_of_a_press_is_told_without_the_song(came, words):
    assert kind_of(came) == words


def test_an_apology_is_told_apart():
    said = outcome({"content": "Something went wrong. (Reference: `12ab`)", "is_ephemeral": True})
    assert press(kind_of(said)).has_failed


@pytest.mark.parametrize(
    ("fresh", "later", "num_same"),
    [
        ("for all: Remix", [press("for all: Remix", custom_id="tutti:again:99~0123456789")], 1),
        ("for all: Remix", [press("failed: no_answer")], 0),
        ("for all: Remix", [press("privately: I cannot find that")], 0),
        ("for all: Remix", [], 0),
        ("failed: no_answer", [press("failed: no_answer")], 0),
    ],
    ids=["another song's", "no answer", "another answer", "not there", "broken from the beginning"],
)
def test_later_presses_are_held_against_fresh_ones(fresh, later, num_same):
    found = compare([press(fresh)], later)
    assert (found.num_same, found.num_pressed) == (num_same, 1)
    assert len(found.different) == 1 - num_same
    assert found.percent == 100 * num_same


def test_entries_of_other_songs_are_the_same_entries_and_each_counts():
    """A menu of two songs has two entries later, too, whatever their numbers are; one that broke is not hidden by the other."""
    fresh = [press("the tree", label=label) for label in ("#1 2 bars", "#2 2 bars")]
    later = [press("the tree", label=label) for label in ("#9 2 bars", "#10 2 bars", "#11 2 bars")]
    assert compare(fresh, later).num_same == 2
    assert compare(fresh, later[:1]).num_same == 1
    assert compare(fresh, [later[0], press("nothing", label="#10 2 bars")]).num_same == 1
    assert compare([press("kept", label="Keep 2")], [press("kept", label="Keep 1")]).num_same == 0


def test_kinds_are_those_that_the_bot_knows():
    assert len(known_kinds()) > 15
    assert kinds_not_met([]) == known_kinds()
    met = known_kinds() - kinds_not_met(["tutti:again:12~abcdefghij", "tutti:cancel:3"])
    assert {kind.__name__ for kind in met} == {"RevisionButton", "CancelButton"}


def test_what_ends_a_message_is_pressed_last():
    """And the usual entry of a menu, so that it stays."""
    menu = [{"label": "usual", "value": "-"}, {"label": "jazz", "value": "jazz"}]
    rows = [
        {
            "components": [
                {"type": 2, "label": "Delete", "custom_id": "d"},
                {"type": 2, "label": "Again", "custom_id": "a"},
            ]
        },
        {"components": [{"type": 3, "custom_id": "m", "options": menu}]},
        {"components": [{"type": 2, "label": "Off", "custom_id": "o", "disabled": True}]},
    ]
    assert [label for label, *_ in labels_of({"components": rows})] == ["Again", "jazz", "usual", "Delete"]


def test_of_a_list_of_songs_the_newest_is_chosen_first():
    """It is the gallery's own; older ones are of galleries before, and the list is gone after one choice."""
    songs = {
        "type": 3,
        "custom_id": "tutti:songs~ab",
        "options": [{"label": "#9 b", "value": "9"}, {"label": "#1 a", "value": "1"}],
    }
    assert [label for label, *_ in labels_of({"components": [{"components": [songs]}]})] == ["#9 b", "#1 a"]


async def test_a_day_passes_in_the_database(database_url):
    """Every moment is a day earlier, and nothing else is changed."""
    database = Database(database_url)
    async with database.writing() as session:
        await make_revision(session, author=await make_user(session, discord_id=7))
    before = await revisions(database)
    await age_database(database_url, by=timedelta(hours=24))
    after = await revisions(database)
    await database.close()
    assert [each.created_at for each in after] == [each.created_at - timedelta(hours=24) for each in before]
    assert [each.author_id for each in after] == [each.author_id for each in before]


async def revisions(database):
    async with database.reading() as session:
        return list(await session.scalars(select(Revision)))
