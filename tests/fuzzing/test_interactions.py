"""The real bot under scenarios: each begins alike, forged presses do nothing, and what breaks inside reaches the judge."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from fuzzing.targets.interactions import house, run
from fuzzing.verdicts import BrokenPromiseError


def play(*events):
    """Play a scenario and return what was told to Discord, as one text."""
    run(json.dumps(list(events)).encode())
    opened, _ = house()
    return json.dumps(opened.edge.told, ensure_ascii=False)


def test_every_scenario_begins_alike():
    """What the one before did is undone, in the database and in the channel."""
    generate = {"do": "command", "name": "generate", "options": {"bars": 4, "seed": 7}}
    first = play(generate)
    assert "New piece" in first
    numbers = set(house()[0].edge.messages)
    play(generate, {"do": "press", "id": "tutti:again:1"})
    assert "New piece" in play(generate)
    assert set(house()[0].edge.messages) == numbers


def test_a_forged_press_does_nothing_and_a_sealed_one_does():
    """The same identifier, by the same person."""
    forged = play({"do": "press", "id": "tutti:again:1", "forged": True})
    assert "New piece" not in forged
    assert forged != "[]"
    assert "New piece" in play({"do": "press", "id": "tutti:again:1"})


def test_what_people_say_is_answered():
    """By a mention with words, with a file, and in a direct message."""
    assert "I heard you" in play({"do": "say", "text": "a sad waltz in D minor, 4 bars"})
    assert play({"do": "say", "text": "what key is this?", "files": ["melody.mid"], "where": 2}) != "[]"
    assert play({"do": "say", "text": "hello", "silent": True}) == "[]"


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"[1, null, {}, []]", b'[{"do": 7}]', b"[" * 100_000])
def test_what_is_no_scenario_does_nothing(data):
    run(data)


def test_what_is_logged_as_an_error_reaches_the_judge():
    """From our own log and from those of libraries; afterwards logs are as before."""
    opened, _ = house()
    opened.renew()
    before = structlog.get_config()["processors"], list(logging.getLogger().handlers)
    with opened.listening():
        structlog.stdlib.get_logger("x").error("job_broke", exc_info=KeyError("ours"))
        structlog.stdlib.get_logger("x").info("job_finished")
        logging.getLogger("discord.ui").error("Ignoring exception in view")
    assert [type(trouble) for trouble in opened.troubles] == [KeyError, str]
    assert (structlog.get_config()["processors"], list(logging.getLogger().handlers)) == before
    opened.troubles.clear()


def test_a_reply_that_discord_would_refuse_is_a_finding():
    """As the empty field that fuzzing found."""
    opened, _ = house()
    opened.renew()
    opened.edge.told.append({"embeds": [{"fields": [{"name": "Tracks", "value": ""}]}]})
    from fuzzing.told import check_told

    with pytest.raises(BrokenPromiseError, match="fields"):
        check_told(opened.edge.told[0])
