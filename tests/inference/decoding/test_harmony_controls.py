"""Every control of a harmonization changes the output, keeps its promise, and gives the same bytes again: with untrained networks."""

from dataclasses import replace

import pytest
import torch

from core.errors import InputError
from inference.arranger_sizes import arranger_config
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.decoding.harmony_wishes import chord_places, has_seventh
from inference.models.arranger import Arranger
from inference.protocol import HarmonizeRequest, HarmonyWishes, Result, Sampling, VoiceRange
from music.chords import chord_pitch_classes
from music.codec import encode_piece
from music.constraints import AskedChord, Constraints, PartLimits
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, TimeSignature, Track
from music.tokenizers.tracker import CHOICE_BAR
from tests.factories.harmonies import tiny_network
from tests.factories.pieces import make_melody

BAR = 1920
G_MAJOR = scale_of_key(parse_key("G major"))


@pytest.fixture(scope="module", name="decoder")
def _decoder():
    network = tiny_network()
    torch.manual_seed(3)
    sizes = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "feed_forward": 32}
    network.arranger = Arranger(arranger_config(head_width=16, dropout=0.0, **sizes)).eval()
    with torch.no_grad():
        network.arranger.fields.choice.values.bias[:CHOICE_BAR] += (
            3.0  # more notes, so that there is something to repeat
        )
    return HarmonizerDecoder(network, checkpoint_id="harmonizer-test", device=torch.device("cpu"))


def harmonize(decoder, style: str, **fields) -> Result:
    request = HarmonizeRequest(job_id="a", style=style, **({"seed": 5, "piece": make_melody()} | fields))
    *_, result = decoder.decode(request)
    assert isinstance(result, Result)
    return result


@pytest.fixture(scope="module", name="plain")
def _plain(decoder):
    return {style: harmonize(decoder, style) for style in ("chorale", "chords", "piano", "band")}


SAMPLINGS = {
    "temperature": Sampling(temperature_notes=0.2),
    "top-k": Sampling(top_k=2),
    "top-p": Sampling(top_p=0.2),
    "min-p": Sampling(min_p=0.9),
    "repetition": Sampling(repetition=9.0),
}
REQUESTS: dict[str, tuple[str, dict]] = {
    **{f"{style}: {name}": (style, {"sampling": value}) for style in ("chorale", "chords", "piano") for name, value in SAMPLINGS.items()},
    **{f"{style}: seed": (style, {"seed": 4}) for style in ("chorale", "chords", "piano")},
    **{f"{style}: key": (style, {"constraints": Constraints(scale=G_MAJOR)}) for style in ("chorale", "chords", "piano")},
    "chords: range": ("chords", {"constraints": Constraints(pitch_range=(60, 74))}),
    "chords: range of an instrument": ("chords", {"constraints": Constraints(parts=(PartLimits(instrument=0, pitch_range=(60, 74)),))}),
    "piano: range": ("piano", {"constraints": Constraints(pitch_range=(40, 52))}),
    "piano: range of an instrument": ("piano", {"constraints": Constraints(parts=(PartLimits(instrument=0, pitch_range=(40, 52)),))}),
    "chorale: ranges of voices": ("chorale", {"voice_ranges": (VoiceRange(voice="bass", low=40, high=50), VoiceRange(voice="alto", low=55, high=62))}),
    "band: excluded": ("band", {"constraints": Constraints(excluded_instruments=(DRUM_PROGRAM, 33))}),
    "piano: instrument": ("piano", {"target_instruments": (24,)}),
    "chorale: instruments": ("chorale", {"constraints": Constraints(instruments=(60, 57, 58))}),
    **{
        f"{style}: {count} chords a bar": (style, {"harmony": HarmonyWishes(chords_per_bar=count)})
        for style, counts in (("chorale", (1, 2, 4)), ("chords", (1, 2, 4)), ("piano", (1, 2)))
        for count in counts
    },
    **{
        f"{style}: {name}": (style, {"harmony": wishes})
        for style in ("chords", "piano")
        for name, wishes in (
            ("no sevenths", HarmonyWishes(sevenths="none")), ("many sevenths", HarmonyWishes(sevenths="many")),
            ("simple", HarmonyWishes(complexity="simple")), ("rich", HarmonyWishes(complexity="rich")),
        )
    },
    **{
        f"{style}: {cadence} cadence": (style, {"harmony": HarmonyWishes(cadence=cadence)})
        for style in ("chorale", "chords", "piano")
        for cadence in ("authentic", "plagal", "half", "deceptive")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_control_changes_the_output_keeps_its_promise_and_gives_the_same_bytes_again(decoder, plain, name):
    style, fields = REQUESTS[name]
    asked = harmonize(decoder, style, **fields)
    assert encode_piece(asked.piece) != encode_piece(plain[style].piece)
    assert [check for check in asked.checks if not check.is_kept] == []
    assert encode_piece(harmonize(decoder, style, **fields).piece) == encode_piece(asked.piece)
    assert asked.piece.tracks[0] == make_melody().tracks[0]


PROMISES = {
    "chord": "harmonic_rhythm", "cadence": "cadence", "no sevenths": "chord_kinds", "simple": "chord_kinds", "range": "range",
    "key": "scale",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in REQUESTS if any(word in name.split(": ")[1] for word in PROMISES)])
def test_the_promise_is_in_the_reply(decoder, name):
    style, fields = REQUESTS[name]
    promise = next(check for word, check in PROMISES.items() if word in name.split(": ")[1])
    assert promise in [check.name for check in harmonize(decoder, style, **fields).checks]


def test_without_the_wish_the_network_writes_sevenths_and_changes_anywhere(decoder, plain):
    symbols = plain["chords"].piece.chords
    assert any(has_seventh(symbol.quality) for symbol in symbols)
    assert any(symbol.onset_ticks % BAR for symbol in symbols)


def test_many_sevenths_are_more_than_some(decoder):
    def count(wish: str) -> int:
        symbols = [
            symbol for seed in range(4)
            for symbol in harmonize(decoder, "chords", seed=seed, harmony=HarmonyWishes(sevenths=wish, chords_per_bar=4)).piece.chords
        ]  # fmt: skip
        return sum(has_seventh(symbol.quality) for symbol in symbols)

    assert count("none") == 0 < count("some") < count("many")


@pytest.mark.parametrize(("count", "ticks"), [(1, 1920), (2, 960), (4, 480)])
def test_chords_change_where_they_may_and_nowhere_else(decoder, count, ticks):
    result = harmonize(decoder, "chords", harmony=HarmonyWishes(chords_per_bar=count))
    assert all(symbol.onset_ticks % ticks == 0 for symbol in result.piece.chords)
    voices = harmonize(decoder, "chorale", harmony=HarmonyWishes(chords_per_bar=count)).piece.tracks[1:]
    for track in voices:
        pitches = sorted((note.onset_ticks, note.pitch) for note in track.notes)
        changed = [onset for (onset, pitch), (_, before) in zip(pitches[1:], pitches, strict=False) if pitch != before]
        assert all(onset % ticks == 0 for onset in changed)


def test_the_last_chords_are_the_cadence(decoder):
    chords = harmonize(decoder, "chords", harmony=HarmonyWishes(cadence="authentic")).piece.chords
    assert [(chord.root, chord.quality) for chord in chords[-2:]] == [(7, "maj"), (0, "maj")]
    minor = Constraints(scale=scale_of_key(parse_key("A minor")))
    chords = harmonize(decoder, "chords", harmony=HarmonyWishes(cadence="authentic"), constraints=minor).piece.chords
    assert [(chord.root, chord.quality) for chord in chords[-2:]] == [(4, "maj"), (9, "min")]


def test_chords_that_were_typed_go_before_the_harmonic_rhythm(decoder):
    typed = tuple(
        AskedChord(start_ticks=beat * 480, stop_ticks=(beat + 1) * 480, root=beat, quality="maj", bass=beat)
        for beat in range(4)
    )
    result = harmonize(decoder, "chords", chords=typed, harmony=HarmonyWishes(chords_per_bar=1))
    assert [chord.root for chord in result.piece.chords[:4]] == [0, 1, 2, 3]
    assert all(check.is_kept for check in result.checks)


def test_what_is_added_grows_loud_and_soft_with_the_melody(decoder):
    notes = tuple(Note(480 * beat, 60 + beat % 5, 400, 30 + 6 * beat) for beat in range(16))
    piece = Piece(tracks=(Track(notes=notes, program=73),), length_ticks=4 * BAR)
    for style in ("chords", "chorale"):
        level = harmonize(decoder, style, piece=piece).piece.tracks[1].notes
        follow = (
            harmonize(decoder, style, piece=piece, harmony=HarmonyWishes(follows_dynamics=True)).piece.tracks[1].notes
        )
        assert len({note.velocity for note in level}) == 1
        assert follow[0].velocity + 40 < follow[-1].velocity
        assert [note[:3] for note in level] == [note[:3] for note in follow]


@pytest.mark.parametrize(
    ("num_beats", "count", "places"),
    [(4, 1, (0,)), (4, 2, (0, 2)), (4, 4, (0, 1, 2, 3)), (3, 2, (0, 2)), (3, 4, (0, 1, 2)), (5, 2, (0, 3)), (2, 4, (0, 1)), (1, 2, (0,))],
)  # fmt: skip
def test_places_share_a_bar_as_evenly_as_beats_allow(num_beats, count, places):
    assert chord_places(num_beats, count) == places


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (5, 4), (12, 8), (2, 4)])
@pytest.mark.parametrize("style", ["chords", "chorale"])
def test_harmonic_rhythm_and_cadence_hold_in_every_metre(decoder, style, metre):
    piece = replace(make_melody(), time_signatures=(TimeSignature(0, *metre),))
    wishes = HarmonyWishes(chords_per_bar=2, cadence="plagal")
    assert [check for check in harmonize(decoder, style, piece=piece, harmony=wishes).checks if not check.is_kept] == []


def test_a_piece_too_short_for_a_cadence_is_refused(decoder):
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), length_ticks=480)
    with pytest.raises(InputError, match="too short for a cadence"):
        harmonize(decoder, "chords", piece=piece, harmony=HarmonyWishes(cadence="authentic"))


def test_chords_of_a_band_lie_in_the_asked_key_too(decoder):
    for style in ("piano", "chords"):
        chords = harmonize(decoder, style, constraints=Constraints(scale=G_MAJOR)).piece.chords
        assert chords
        assert all(chord_pitch_classes(chord) <= set(G_MAJOR.pitch_classes) for chord in chords)
