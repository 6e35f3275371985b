"""The words for operations: none may lack them, and everything that a revision can be called has some."""

import pytest

from bot.services.operations.registry import OPERATIONS, operation_called
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions, SamplingWishes
from bot.ui.wording.registry import WORDINGS, describe_options


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kind)
def test_every_operation_has_words(operation):
    """A title, what is said meanwhile, and a sentence's worth of what was asked."""
    wording = WORDINGS[operation.kind]
    assert wording.title
    assert wording.at_work
    assert wording.describe(operation.options_type()) is not None


@pytest.mark.parametrize("name", sorted(set(WORDINGS) - {"upload"}))
def test_every_name_of_a_revision_leads_to_an_operation(name):
    """Stored options are read back by that name."""
    assert operation_called(name).options_type is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (None, "a file"),
        (GenerateOptions(), "16 bars"),
        (GenerateOptions(genre="jazz", second_genre="funk", tempo_bpm=92.5), "jazz with funk · 92.5 bpm · 16 bars"),
        (
            GenerateOptions(
                key="D minor",
                key_lock=False,
                exclude_instruments=("drums",),
                syncopation="strong",
                grid="16ths",
                ranges="C3-C5",
                polyphony="4",
                sections="1-4 sparse",
            ),
            "near D minor · 16 bars · without drums · strong syncopation · notes on 16ths · C3-C5 · at most 4 at once · bars 1-4 sparse",
        ),
        (HarmonizeOptions(style="chords", preset="wild"), "chords · wild preset"),
        (
            HarmonizeOptions(
                style="chords",
                chords_per_bar=1,
                sevenths="many",
                complexity="rich",
                cadence="plagal",
                key="D minor",
                ranges="C3-C5",
                dynamics="follow",
            ),
            "chords · D minor · one chord a bar · many sevenths · rich chords · plagal cadence · C3-C5 · loudness of the melody",
        ),
        (HarmonizeOptions(style="fill", bars=(5, 6), track=2), "hole filled · bars 5-6 · track 2"),
        (
            HarmonizeOptions(style="track", instruments=("bass",), chords="C |\nG"),
            "one more track · bass · over C \\| G",
        ),
        (
            RemixOptions(
                change="pitch, instrument", tracks=("1", "bass"), voices="top", pitches="C4-C6", key="A minor"
            ),
            "other notes and instruments · 50% of the notes · all bars · in 1, bass · top voice · of C4-C6 · A minor",
        ),
        (RemixOptions(share=0.6), "other notes, same rhythm · 60% of the notes · all bars"),
    ],
)
def test_options_are_put_in_words(options, words):
    """What was asked reads as a person would say it."""
    assert describe_options(options) == words


def test_what_was_set_beside_the_preset_is_shown():
    wishes = SamplingWishes(temperature_notes=1.3, top_k=5)
    words = describe_options(GenerateOptions(density="sparse", sampling=wishes))
    assert all(word in words for word in ("sparse", "temperature of notes 1.3", "top-k 5"))
