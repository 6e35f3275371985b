"""Tests for soak/long/killing.py and wishes.py."""

import random

from soak.commands.tab import Attached
from soak.commands.wishes import Places
from soak.long.crowd import Plan
from soak.long.killing import draw_deeds
from soak.long.wishes import Files, bad_files, draw


def test_the_end_of_a_run_is_calm():
    """Nothing is killed in the last stretch, so that every process is seen over a long life."""
    plan = Plan(minutes=120, calm_minutes=40, bot_kill_minutes=30, mean_child_kill_minutes=5)
    deeds = draw_deeds(plan)
    assert [deed.second for deed in deeds if deed.kind == "bot"] == [1800.0, 3600.0]
    assert max(deed.second for deed in deeds) < 80 * 60
    assert {deed.kind for deed in deeds} == {"bot", "inference worker", "media worker"}
    assert deeds == draw_deeds(plan)


def test_nothing_is_killed_when_nobody_asks():
    """Zero means never, for the bot and for its children."""
    assert draw_deeds(Plan(bot_kill_minutes=0, mean_child_kill_minutes=0)) == ()


def test_people_send_everything():
    """A thousand draws hold every kind of command, with files where they belong, in songs where they belong."""
    piece = Attached(filename="a.mid", data=b"MThd" + bytes(100))
    files = Files(pieces=(piece,), sopranos=(piece,), bad=bad_files(piece))
    places = Places(channels=["1"], threads=["2"], bot_id="3")
    dice = random.Random(1)
    wishes = [draw(dice, places, type("Nobody", (), {"results": []})(), files) for _ in range(1000)]
    names = {wish.name for wish in wishes}
    assert {"generate", "harmonize file", "remix", "song graph", "vote start", "export", "bad file"} <= names
    assert {"mydata export", "history", "layer mix", "compose", "mention"} <= names
    assert all(wish.files for wish in wishes if wish.name.endswith(" file"))
    assert {wish.channel_id for wish in wishes if wish.name.startswith("vote")} == {"2"}
