"""Every error becomes one sentence that says what to do."""

from __future__ import annotations

import logging

import pytest
from discord import app_commands

from bot.error_messages import MAX_SENTENCE_LENGTH, explain
from core import errors

REMEDIES = ("try", "send", "choose", "write", "use", "ask", "look", "leave", "attach", "wait", "start", "did you mean")
"""One of these is in every sentence that is our own wording."""

EXAMPLES: dict[str, errors.TuttiError] = {
    "UploadTooLargeError": errors.UploadTooLargeError(what="notes", limit=100_000, actual=1_000_000),
    "UnknownNameError": errors.UnknownNameError(kind="key", name="H flat", suggestions=("C major",)),
    "BarRangeError": errors.BarRangeError(start_bar=5, stop_bar=9, num_bars=4),
    "UnsupportedMetreError": errors.UnsupportedMetreError(metre="7/8", supported=("3/4", "4/4")),
    "NotFoundError": errors.NotFoundError(what="message"),
    "LimitError": errors.LimitError("You have 4 jobs running. Wait until one is done."),
    "ForgedPressError": errors.ForgedPressError(),
    "ConfigurationError": errors.ConfigurationError("TUTTI_X is wrong", variable="TUTTI_X"),
    "ChildLostError": errors.ChildLostError(name="media-0", cause="memory"),
    "InferenceError": errors.InferenceError("cuda says no", job_id="7"),
}


def every_class() -> list[type[errors.TuttiError]]:
    found = [errors.TuttiError]
    for kind in found:
        found.extend(child for child in kind.__subclasses__() if child.__module__ == "core.errors")
    return found


def example_of(kind: type[errors.TuttiError]) -> errors.TuttiError:
    if kind.__name__ in EXAMPLES:
        return EXAMPLES[kind.__name__]
    try:
        return kind("Send something else.")
    except TypeError:
        pytest.fail(f"add an example of {kind.__name__} to EXAMPLES")


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_every_error_class_resolves_to_a_sentence_that_says_what_to_do(kind):
    """No class of ours leaves a person without a next step."""
    text = explain(example_of(kind)).text

    assert text.strip()
    assert "\n" not in text
    assert "Traceback" not in text
    if kind is not errors.BarRangeError:  # it names the bars there are, which is what to do
        assert any(remedy in text.casefold() for remedy in REMEDIES), text


def test_our_own_faults_carry_a_reference_and_peoples_mistakes_do_not():
    """A reference is for what only the log can explain."""
    assert explain(errors.StorageError("disk I/O error")).reference
    assert explain(ZeroDivisionError("oops")).reference
    assert not explain(errors.InputError("Send a shorter piece.")).reference


def test_unknown_errors_show_nothing_of_their_inside():
    """Messages of foreign exceptions stay in the log."""
    explanation = explain(ZeroDivisionError("secret path"))

    assert "secret" not in explanation.text
    assert explanation.reference in explanation.text


def test_wrapped_errors_are_opened():
    """What discord.py wraps around a command's error does not hide its sentence."""

    async def callback(_interaction: object) -> None: ...

    command = app_commands.Command(name="x", description="x", callback=callback)
    wrapped = app_commands.CommandInvokeError(command, errors.InputError("Send a shorter piece."))

    assert explain(wrapped).text == "Send a shorter piece."


def test_quoted_user_text_can_neither_ping_nor_format():
    """A name that somebody typed comes back as plain text."""
    text = explain(errors.UnknownNameError(kind="key", name="@everyone **<@123>**\n# hi")).text

    assert "@everyone" not in text
    assert "<@123>" not in text
    assert "**<" not in text
    assert "\n" not in text


def test_sentences_end_somewhere():
    """Ten thousand characters of a name do not come back."""
    text = explain(errors.UnknownNameError(kind="key", name="x" * 10_000)).text

    assert len(text) <= MAX_SENTENCE_LENGTH * 2


def test_looking_up_a_sentence_logs_nothing(caplog):
    """Explaining is pure; the caller logs."""
    with caplog.at_level(logging.DEBUG):
        explain(errors.StorageError("x"))

    assert not caplog.records
