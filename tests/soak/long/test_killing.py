"""Tests for soak/long/killing.py."""

from soak.long.crowd import Plan
from soak.long.killing import draw_deeds


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
