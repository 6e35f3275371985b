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


def test_limits_reach_the_request():
    rules = build(
        ranges="C3-C6, bass E1-E3", polyphony="5, piano 3", grid="16ths", instruments=("piano", "bass"), num_bars=8,
        sections="1-2 sparse C4-C5, 3-4 strong", exclude_instruments=("drums", "strings"),
    ).constraints  # fmt: skip
    assert (rules.pitch_range, rules.max_notes_at_once, rules.grid_units) == ((48, 84), 5, 6)
    assert [(part.instrument, part.pitch_range, part.max_notes_at_once) for part in rules.parts] == [
        (0, None, 3), (33, (28, 52), None),
    ]  # fmt: skip
    assert [section.pitch_range for section in rules.sections] == [(60, 72)]
    assert rules.excluded_instruments == (DRUM_PROGRAM, *range(40, 56))


def test_wishes_reach_the_request():
    controls = build(syncopation="Strong", sections="1-2 sparse, 3-4 straight").controls
    assert controls.syncopation == 2.0
    assert [(each.density, each.syncopation) for each in controls.sections] == [(1, None), (None, -2.0)]


def test_a_key_that_is_not_locked_is_a_wish():
    locked, near = build(key="D minor"), build(key="D minor", key_lock=False)
    assert (locked.constraints.scale.name, locked.controls.key) == ("D minor", None)
    assert (near.constraints.scale, near.controls.key.name) == (None, "D minor")


def test_a_family_left_out_spares_those_who_were_asked_for():
    rules = build(instruments=("violin", "piano"), exclude_instruments=("strings",)).constraints
    assert 40 in rules.instruments
    assert 40 not in rules.excluded_instruments
    assert 41 in rules.excluded_instruments


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"instruments": ("piano", "drums"), "exclude_instruments": ("drums",)}, "Drums is both asked for and excluded"),
        ({"instruments": ("piano",), "ranges": "flute C4-C6"}, "limits for Flute, which is not among"),
        ({"num_bars": 4, "sections": "3-6 busy"}, "there is no section 3-6"),
        ({"polyphony": "0"}, "From 1 to 32"),
        ({"syncopation": "funky"}, None),
        ({"grid": "64ths"}, None),
        ({"exclude_instruments": ("noise maker",)}, None),
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        build(**options)
