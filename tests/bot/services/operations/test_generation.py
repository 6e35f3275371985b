"""From typed options to a generate request."""

import pytest

from bot.services.operations.generation import build_generate_request
from bot.services.options import DEFAULT_NUM_BARS, GenerateOptions, SamplingWishes
from core.errors import InputError, NoMusicError, UnknownNameError, UnsupportedMetreError
from core.settings import LimitSettings
from music.piece import DRUM_PROGRAM, Piece
from tests.factories.doors import melody

LIMITS = LimitSettings(TUTTI_MAX_BARS=64)


def build(prompt=None, **options):
    return build_generate_request("1", GenerateOptions(**options), seed=7, prompt=prompt, limits=LIMITS)


def test_names_become_numbers():
    request = build(
        genre="Hip Hop", key="c minor", tempo_bpm=90, metre="3/4", num_bars=8, instruments=("piano", "drums")
    )
    rules = request.constraints
    assert (request.controls.genre, request.seed) == ("hip-hop", 7)
    assert (rules.metre, rules.tempo_bpm, rules.num_bars) == ((3, 4), 90, 8)
    assert (rules.instruments, rules.scale.name) == ((0, DRUM_PROGRAM), "C minor")


def test_nothing_asked_leaves_all_but_the_length_free():
    rules = build().constraints
    assert rules.num_bars == DEFAULT_NUM_BARS
    assert (rules.metre, rules.tempo_bpm, rules.instruments, rules.scale) == (None, None, (), None)


def test_auto_is_no_genre():
    assert build(genre="Auto").controls.genre is None


def test_second_genre_alone_is_the_genre():
    controls = build(second_genre="jazz").controls
    assert (controls.genre, controls.second_genre) == ("jazz", None)


def test_two_genres_blend():
    controls = build(genre="rock", second_genre="folk").controls
    assert (controls.genre, controls.second_genre) == ("rock", "folk")


def test_density_sampling_and_memory_reach_the_request():
    request = build(density="Dense", sampling=SamplingWishes(temperature=0.5, memory_events=100))
    assert (request.controls.density, request.sampling.temperature_rhythm, request.memory_length) == (7, 0.5, 100)


def test_piece_to_continue_is_the_prompt():
    assert build(melody()).prompt == melody()


def test_presets_differ():
    samplings = {build(preset=preset).sampling for preset in ("safe", "balanced", "wild")}
    assert len(samplings) == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"genre": "skiffle-core"}, UnknownNameError),
        ({"key": "X major"}, UnknownNameError),
        ({"instruments": ("kazoo orchestra",)}, UnknownNameError),
        ({"metre": "7/8"}, UnsupportedMetreError),
        ({"metre": "often"}, UnknownNameError),
        ({"preset": "angry"}, UnknownNameError),
        ({"num_bars": 0}, InputError),
        ({"num_bars": 65}, InputError),
        ({"tempo_bpm": 1000}, InputError),
        ({"density": "crowded"}, UnknownNameError),
        ({"sampling": SamplingWishes(top_p=2.0)}, InputError),
        ({"tempo_bpm": float("nan")}, InputError),
        ({"instruments": tuple(str(program) for program in range(40))}, InputError),
    ],
)
def test_bad_options_get_one_sentence(options, error):
    with pytest.raises(error) as caught:
        build(**options)
    assert caught.value.reason.endswith((".", "?"))


def test_empty_piece_cannot_be_continued():
    with pytest.raises(NoMusicError):
        build(Piece())
