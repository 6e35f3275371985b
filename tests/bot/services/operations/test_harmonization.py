"""From typed options to a harmonize request."""

import pytest

from bot.services.operations.harmonization import STYLES, build_harmonize_request, check_harmonize_options
from bot.services.options import HarmonizeOptions, SamplingWishes
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from inference.protocol import HarmonyWishes
from music.constraints import AskedChord, BarRange, Constraints
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from tests.factories.doors import melody

_DRUMS = Track(notes=(Note(0, 36, 10, 90),), is_drum=True, name="Drums")


def band():
    """Four bars of melody, then a drum track."""
    return melody().with_tracks((*melody().tracks, _DRUMS))


def request_for(piece=None, **options):
    return build_harmonize_request("1", HarmonizeOptions(**options), seed=3, piece=piece or band())


def test_style_and_piece_reach_the_request():
    request = build_harmonize_request("1", HarmonizeOptions(style="Chords"), seed=3, piece=melody())
    assert (request.style, request.piece, request.seed) == ("chords", melody(), 3)


@pytest.mark.parametrize(("word", "style"), [("Four-part chorale", "chorale"), ("hole", "fill"), ("TUNE", "melody")])
def test_other_words_for_styles_are_known(word, style):
    options = {"bars": (1, 2), "track": 1} if style == "fill" else {}
    assert request_for(style=word, **options).style == style


def test_every_style_has_a_request():
    """With what each needs."""
    needs = {"track": {"instruments": ("bass",)}, "fill": {"bars": (2, 3), "track": 1}}
    for style in STYLES:
        assert request_for(style=style, **needs.get(style, {})).style == style


def test_a_hole_has_bars_and_a_track_from_zero():
    """People count from 1 and include the last bar."""
    request = request_for(style="fill", bars=(2, 3), track=2)
    assert (request.bars, request.track, request.melody_track) == (BarRange(1, 3), 1, None)


def test_the_track_names_the_melody_elsewhere():
    request = request_for(style="piano", track=1)
    assert (request.melody_track, request.track) == (0, None)


def test_instruments_are_the_parts_to_add():
    """For voices and chords they say who plays; there the finished piece is checked for them."""
    assert request_for(style="track", instruments=("bass", "drums")).target_instruments == (33, DRUM_PROGRAM)
    assert request_for(style="chords", instruments=("organ",)).constraints.instruments == (16,)
    assert request_for(style="chords", instruments=("organ",)).target_instruments == ()


def test_typed_chords_lie_on_bars():
    """From the first bar, or from the first bar of a hole."""
    (chord,) = request_for(style="chords", chords="| G7/B |").chords
    assert chord == AskedChord(start_ticks=0, stop_ticks=1920, root=7, quality="7", bass=11)
    (chord,) = request_for(style="fill", bars=(2, 3), track=1, chords="C").chords
    assert (chord.start_ticks, chord.stop_ticks) == (1920, 3840)


@pytest.mark.parametrize(
    "options", [{"style": "loud"}, {"preset": "loud"}, {"chords": "Xyz"}, {"instruments": ("zorp",)}]
)
def test_unknown_words_are_refused(options):
    with pytest.raises(UnknownNameError):
        request_for(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"style": "fill"}, "needs its bars and its track"),
        ({"style": "fill", "bars": (1, 2)}, "needs its bars and its track"),
        ({"style": "fill", "track": 1}, "needs its bars and its track"),
        ({"style": "fill", "bars": (1, 2), "track": 1, "instruments": ("bass",)}, "own track's instrument"),
        ({"style": "fill", "bars": (3, 2), "track": 1}, "no range of bars"),
        ({"style": "chords", "bars": (1, 2)}, "belong to the style fill"),
        ({"style": "track"}, "which instrument to add"),
        ({"style": "track", "track": 1, "instruments": ("bass",)}, "adds a new track"),
        ({"style": "piano", "instruments": ("piano", "organ")}, "at most one instrument"),
        ({"style": "piano", "instruments": ("drums",)}, "Drums cannot play"),
        ({"style": "chords", "track": 0}, "count from 1"),
        ({"style": "chords", "chords": "%"}, "Begin with a chord"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, words):
    """Before there is a piece, with one sentence that says what to do."""
    with pytest.raises(InputError, match=words) as refused:
        check_harmonize_options(HarmonizeOptions(**options))
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"style": "fill", "bars": (1, 2), "track": 3}, "no track 3: the piece has 2 tracks"),
        ({"style": "chords", "track": 2}, "Track 2 has no melody"),
        ({"style": "chords", "chords": "C | F | G | C | C"}, "5 bars, and there are only 4 bars"),
        ({"style": "chords", "chords": "C F G C C"}, "5 bars, and there are only 4 bars"),
        ({"style": "chords", "chords": "C | C D E F G"}, "Bar 2 has 5 chords and only 4 beats"),
        ({"style": "fill", "bars": (1, 1), "track": 1, "chords": "C | F"}, "2 bars, and there are only 1 bar "),
    ],
)
def test_options_that_do_not_fit_the_piece_are_refused(options, words):
    """With the numbers that people count."""
    with pytest.raises(InputError, match=words):
        request_for(**options)


def test_bars_outside_the_piece_are_refused():
    with pytest.raises(BarRangeError, match="it has bars 1-4"):
        request_for(style="fill", bars=(4, 5), track=1)


@pytest.mark.parametrize("style", ["chorale", "chords", "piano", "band", "melody"])
@pytest.mark.parametrize("piece", [Piece(), Piece(tracks=(_DRUMS,))])
def test_piece_without_pitches_is_refused(piece, style):
    with pytest.raises(NoMusicError):
        request_for(piece, style=style)


def test_drums_alone_can_get_a_bass():
    assert request_for(Piece(tracks=(_DRUMS,)), style="track", instruments=("bass",)).target_instruments == (33,)


def test_the_preset_is_the_harmonizers_own():
    """Chorales are sampled at temperature 1: lower ones only move less."""
    assert request_for(style="chorale").sampling.temperature_notes == 1.0
    assert request_for(style="chorale", preset=" Safe ").sampling.temperature_notes < 1.0


def test_wishes_for_chords_reach_the_request():
    request = request_for(
        style="chords", chords_per_bar=2, sevenths="Many", complexity="rich", cadence="plagal", key="D minor", dynamics="follow",
        ranges="C3-C5, piano C2-C5", sampling=SamplingWishes(temperature=0.5, top_k=9), instruments=("piano",),
    )  # fmt: skip
    assert request.harmony == HarmonyWishes(
        chords_per_bar=2, sevenths="many", complexity="rich", cadence="plagal", follows_dynamics=True
    )
    rules = request.constraints
    assert (rules.pitch_range, rules.scale.name, rules.instruments) == ((48, 72), "D minor", (0,))
    assert rules.parts[0].pitch_range == (36, 72)
    assert (request.sampling.temperature_notes, request.sampling.top_k) == (0.5, 9)


def test_voices_of_a_chorale_get_ranges_of_their_own():
    request = request_for(ranges="alto: G3-C5, bass E2-C4, C2-C6")
    assert [(each.voice, each.low, each.high) for each in request.voice_ranges] == [("alto", 55, 72), ("bass", 40, 60)]
    assert request.constraints.pitch_range == (36, 84)


def test_a_band_leaves_out_whom_it_should():
    request = request_for(style="band", exclude_instruments=("drums", "strings"))
    assert {DRUM_PROGRAM, 48} <= set(request.constraints.excluded_instruments)


def test_a_plain_harmonization_asks_for_what_it_always_did():
    """Stored wishes are made again byte for byte, so their requests stay the same."""
    request = request_for()
    assert (request.harmony, request.voice_ranges, request.constraints) == (HarmonyWishes(), (), Constraints())


@pytest.mark.parametrize(
    "options",
    [
        {"chords_per_bar": 3}, {"chords_per_bar": 0}, {"style": "piano", "chords_per_bar": 4}, {"sevenths": "most"},
        {"complexity": "jazzy"}, {"cadence": "perfect"}, {"dynamics": "loud"}, {"sevenths": "many"},
        {"style": "chords", "sevenths": "many", "complexity": "simple"}, {"style": "piano", "dynamics": "follow"},
        {"style": "chords", "cadence": "half", "chords": "C | G"}, {"key": "Q minor"}, {"ranges": "soprano C4-C5"},
        {"ranges": "alto"}, {"ranges": "alto C4-C5, alto C4-D5"}, {"ranges": "flute C4-C5", "instruments": ("cello",)},
        {"exclude_instruments": ("drums",)}, {"sampling": SamplingWishes(memory_events=64)},
        {"sampling": SamplingWishes(min_p=1.0)}, {"style": "fill", "bars": (1, 1), "track": 1, "cadence": "half"},
    ],
    ids=str,
)  # fmt: skip
def test_wishes_out_of_range_or_place_get_one_sentence(options):
    with pytest.raises(InputError) as caught:
        request_for(**options)
    assert caught.value.reason.endswith((".", "?"))
