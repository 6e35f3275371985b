"""What goes into the database comes out the same."""

import pytest

from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from bot.services.records import (
    checks_from_json,
    checks_to_json,
    error_from_row,
    error_to_row,
    options_from_json,
    options_to_json,
)
from core.errors import (
    BarRangeError,
    CancelledJobError,
    InputError,
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    WorkerLostError,
)
from music.constraints import Check


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("generate", GenerateOptions(genre="rock", instruments=("piano", "drums"), num_bars=8, seed=1)),
        ("continue", GenerateOptions(tempo_bpm=90.5)),
        ("harmonize", HarmonizeOptions(style="chords")),
        ("harmonize", HarmonizeOptions(style="fill", bars=(5, 6), track=2, chords="Dm7 | G7")),
        ("harmonize", HarmonizeOptions(style="track", instruments=("bass", "drums"), preset="safe", seed=4)),
        ("remix", RemixOptions(bars=(5, 8), share=0.25)),
    ],
)
def test_options_survive_the_database(operation, options):
    assert options_from_json(operation, options_to_json(options)) == options


def test_options_of_older_revisions_are_read():
    """What was stored before there were tasks had a style, a preset and a seed."""
    stored = {"style": "chords", "preset": "balanced", "seed": None}
    assert options_from_json("harmonize", stored) == HarmonizeOptions(style="chords")


def test_checks_survive_the_database():
    checks = (Check(name="bars", asked="8", found="7", is_kept=False),)
    assert checks_from_json(checks_to_json(checks)) == checks


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BarRangeError(start_bar=1, stop_bar=9, num_bars=4), InputError),
        (LimitError("Wait."), LimitError),
        (PermissionDeniedError("No."), PermissionDeniedError),
        (NotFoundError(what="result"), NotFoundError),
        (CancelledJobError(), CancelledJobError),
        (WorkerLostError("gone", job_id="3"), WorkerLostError),
    ],
)
def test_error_reads_the_same_after_a_restart(error, kind):
    again = error_from_row(*error_to_row(error))
    assert type(again) is kind
    assert getattr(again, "reason", "") == getattr(error, "reason", "")


def test_error_class_that_no_longer_exists_is_still_ours():
    assert str(error_from_row("ForgottenError", "Hm.")) == "Hm."
