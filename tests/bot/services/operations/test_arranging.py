"""From typed options to a changed piece: every change is said, nothing else happens, bad input gets one sentence."""

import pytest

from bot.services.operations.arranging import ARRANGE, ArrangeOptions, arrange, check_arrange_options
from bot.services.operations.arranging_words import parse_feel, parse_swaps, parse_tempo, parse_transposition
from bot.services.operations.base import Wish
from bot.services.operations.registry import operation_for
from bot.services.records import options_from_json, options_to_json
from core.errors import InputError
from core.settings import LimitSettings
from music.piece import Piece
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band


def arranged(piece=None, *, seed=1, **options):
    return arrange(piece or make_band(), ArrangeOptions(**options), seed=seed)


@pytest.mark.parametrize(
    ("options", "name", "said"),
    [
        ({"swaps": (("piano", "strings"),)}, "swap", "Piano to String Ensemble 1"),
        ({"transpose_semitones": 4}, "transpose", "up a major third"),
        ({"to_key": "d minor"}, "key", "D minor"),
        ({"tempo_percent": 50}, "tempo", "59 bpm"),
        ({"tempo_bpm": 90}, "tempo", "90 bpm"),
        ({"stretch": 2.0}, "length", "twice as long"),
        ({"humanize_percent": 30}, "humanize", "30 % humanized"),
        ({"swing_percent": 60}, "swing", "60 % swing"),
        ({"dynamics": "fade out"}, "dynamics", "quiet ending (last 4 bars)"),
        ({"mood": "darker"}, "mood", "darker"),
        ({"drop_tracks": ("drums",)}, "tracks", "without Drums"),
        ({"keep_tracks": ("1", "bass")}, "tracks", "without Guitar, Drums"),
    ],
)
def test_every_change_changes_the_piece_and_is_said(options, name, said):
    """One check with the words for it."""
    piece, checks = arranged(**options)
    assert piece != make_band()
    (check,) = checks
    assert (check.name, check.is_kept) == (name, True)
    assert said in check.asked


def test_several_changes_are_made_in_one_go():
    """Tracks are meant as they were named, whatever happens to them on the way."""
    piece, checks = arranged(
        swaps=(("piano", "organ"), ("guitar", "piano")),
        transpose_semitones=-2,
        tempo_percent=80,
        drop_tracks=("drums",),
    )
    assert [track.program for track in piece.tracks] == [16, 33, 0]
    assert piece.tempos[0].bpm == pytest.approx(118 * 0.8)
    assert [check.name for check in checks] == ["transpose", "tempo", "swap", "swap", "tracks"]


def test_bars_are_proved_to_be_the_only_ones_that_changed():
    piece, checks = arranged(mood="darker", swaps=(("piano", "strings"),), bars=(5, 8))
    assert checks[-1].asked == "everything outside bars 5-8 note for note"
    assert all(check.is_kept for check in checks)
    assert TimeGrid(piece).num_bars == 8


def test_the_same_seed_gives_the_same_music_and_stored_options_are_read_back():
    """A killed job is made again."""
    options = ArrangeOptions(swaps=(("2", "cello"),), humanize_percent=40, bars=(1, 4), tracks=("1",))
    assert options_from_json("arrange", options_to_json(options)) == options
    assert operation_for(options) is ARRANGE
    assert arrange(make_band(), options, seed=5) == arrange(make_band(), options, seed=5)


async def test_it_needs_no_network():
    wish = Wish(job_id="1", options=ArrangeOptions(mood="brighter"), seed=1, source=make_band(), limits=LimitSettings())
    made = await ARRANGE.make(wish, networks=None)
    assert made.checkpoint_id is None
    assert made.checks


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, "Say what to change"),
        ({"bars": (1, 2), "tracks": ("1",)}, "Say what to change"),
        ({"transpose_semitones": 40}, "36 semitones"),
        ({"tempo_bpm": 900.0}, "tempo lies between"),
        ({"tempo_bpm": float("nan")}, "tempo lies between"),
        ({"tempo_percent": 1.0}, "percent"),
        ({"stretch": 3.0}, "doubled (2) or halved"),
        ({"humanize_percent": 101}, "0 to 100"),
        ({"swing_percent": -1}, "0 to 100"),
        ({"dynamics": "purple"}, "purple"),
        ({"mood": "purple"}, "purple"),
        ({"to_key": "H sharp dorian"}, "key"),
        ({"swaps": (("piano", "zither machine"),)}, "zither machine"),
        ({"bars": (3, 2), "mood": "darker"}, "no range of bars"),
        ({"tempo_bpm": 90.0, "tempo_percent": 50.0}, "not both"),
        ({"to_key": "C", "transpose_semitones": 2}, "not both"),
        ({"to_key": "C", "mood": "darker"}, "Choose one"),
        ({"drop_tracks": ("1",), "keep_tracks": ("2",)}, "not both"),
        ({"stretch": 2.0, "bars": (1, 2)}, "whole piece"),
        ({"tempo_percent": 50.0, "tracks": ("1",)}, "share one tempo"),
    ],
)
def test_bad_options_get_one_sentence_before_there_is_a_piece(options, part):
    with pytest.raises(InputError) as caught:
        check_arrange_options(ArrangeOptions(**options))
    assert part in caught.value.reason
    assert caught.value.reason.endswith((".", "?"))


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"swaps": (("cello", "flute"),)}, "1 Piano, 2 Bass, 3 Guitar, 4 Drums"),
        ({"drop_tracks": ("7",)}, "no track “7”"),
        ({"drop_tracks": ("all",)}, "Nothing would be left"),
        ({"transpose_semitones": 2, "tracks": ("drums",)}, "drums have none"),
        ({"swaps": (("drums", "piano"),)}, "Drums have no pitches"),
        ({"mood": "darker", "bars": (8, 9)}, "bars 1-8"),
    ],
)
def test_what_does_not_fit_the_piece_gets_one_sentence(options, part):
    with pytest.raises(InputError) as caught:
        arranged(**options)
    assert part in caught.value.reason


def test_an_empty_piece_is_refused():
    with pytest.raises(InputError, match="no notes to arrange"):
        arrange(Piece(), ArrangeOptions(mood="darker"), seed=1)


@pytest.mark.parametrize(
    ("text", "swaps"),
    [
        ("piano to strings", (("piano", "strings"),)),
        ("piano -> strings, 2 to flute", (("piano", "strings"), ("2", "flute"))),
        ("swap the piano for a cello and bass with tuba", (("the piano", "a cello"), ("bass", "tuba"))),
        ("", ()),
    ],
)
def test_swaps_as_people_type_them(text, swaps):
    assert parse_swaps(text) == swaps


@pytest.mark.parametrize("text", ["piano", "to strings", "a to b to c"])
def test_what_is_no_swap_is_refused(text):
    with pytest.raises(InputError, match="piano to strings"):
        parse_swaps(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("up a third", (4, None)),
        ("to D minor", (0, "D minor")),
        ("f#", (0, "F# major")),
        ("A", (0, "A major")),
        ("Am", (0, "A minor")),
        ("-2", (-2, None)),
        ("", (0, None)),
    ],
)
def test_intervals_and_keys_are_told_apart(text, found):
    assert parse_transposition(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90", (90.0, None)),
        ("92.5 bpm", (92.5, None)),
        ("80%", (None, 80.0)),
        ("half tempo", (None, 50.0)),
        (None, (None, None)),
    ],
)
def test_tempos_as_people_type_them(text, found):
    assert parse_tempo(text) == found


def test_mood_and_loudness_share_a_line():
    assert parse_feel("darker, quiet ending") == ("darker", "quiet ending")
    assert parse_feel("crescendo") == (None, "crescendo")
    for text in ("darker, brighter", "louder, softer", "purple"):
        with pytest.raises(InputError):
            parse_feel(text)
    for parse in (parse_tempo, parse_transposition):
        with pytest.raises(InputError):
            parse("quickly now")
