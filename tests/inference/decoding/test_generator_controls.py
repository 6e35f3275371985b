"""Every control of the generator changes the output, keeps its promise, and gives the same bytes again: for an untrained network."""

from dataclasses import replace

import pytest
import torch

from core.errors import InputError
from inference.decoding.generator import GeneratorDecoder
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import Controls, GenerateRequest, Result, Sampling, SectionWishes
from music.checks import check_constraints
from music.codec import encode_piece
from music.constraints import BarRange, Constraints, PartLimits, SectionLimits
from music.limit_checks import most_at_once
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature
from music.syncopation import syncopation_per_bar
from music.tokenizers.tracker import CHOICE_BAR
from tests.factories.pieces import make_band

NUM_BARS = 6
PLAIN = GenerateRequest(
    job_id="a", seed=3, constraints=Constraints(num_bars=NUM_BARS, instruments=(0, 33, DRUM_PROGRAM), metre=(4, 4))
)
NO_SAMPLING, NO_CONTROLS = Sampling(), Controls()
D_MINOR = scale_of_key(parse_key("D minor"))


@pytest.fixture(scope="module", name="decoder")
def _decoder():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 4.0  # many notes, so that every limit has something to do
    return GeneratorDecoder(model, checkpoint_id="generator-test")


def write(decoder, request: GenerateRequest) -> Result:
    *_, result = decoder.decode(request)
    assert isinstance(result, Result)
    return result


@pytest.fixture(scope="module", name="plain")
def _plain(decoder):
    return write(decoder, PLAIN)


def ask(*, sampling=NO_SAMPLING, controls=NO_CONTROLS, memory_length=None, seed=3, **constraints) -> GenerateRequest:
    return GenerateRequest(
        job_id="a", seed=seed, sampling=sampling, controls=controls, memory_length=memory_length,
        constraints=replace(PLAIN.constraints, **constraints),
    )  # fmt: skip


SECTION = BarRange(2, 4)
REQUESTS = {
    "seed": ask(seed=4),
    "temperature of notes": ask(sampling=Sampling(temperature_notes=0.3)),
    "temperature of rhythm": ask(sampling=Sampling(temperature_rhythm=0.3)),
    "temperature of instruments": ask(sampling=Sampling(temperature_instruments=0.3)),
    "safe preset": ask(sampling=PRESET_SAMPLINGS["safe"]),
    "balanced preset": ask(sampling=PRESET_SAMPLINGS["balanced"]),
    "wild preset": ask(sampling=PRESET_SAMPLINGS["wild"]),
    "top-k": ask(sampling=Sampling(top_k=2)),
    "top-p": ask(sampling=Sampling(top_p=0.3)),
    "min-p": ask(sampling=Sampling(min_p=0.7)),
    "repetition": ask(sampling=Sampling(repetition=8.0)),
    "memory": ask(memory_length=4),
    "genre": ask(controls=Controls(genre="funk")),
    "blend": ask(controls=Controls(genre="funk", second_genre="jazz")),
    "density": ask(controls=Controls(density=0)),
    "density of a section": ask(controls=Controls(sections=(SectionWishes(bars=SECTION, density=0),))),
    "syncopation": ask(controls=Controls(syncopation=2.0)),
    "straightness": ask(controls=Controls(syncopation=-2.0)),
    "syncopation of a section": ask(controls=Controls(sections=(SectionWishes(bars=SECTION, syncopation=2.0),))),
    "wished key": ask(controls=Controls(key=D_MINOR)),
    "locked key": ask(scale=D_MINOR),
    "bars": ask(num_bars=4),
    "metre": ask(metre=(5, 4)),
    "tempo": ask(tempo_bpm=77.0),
    "instruments": ask(instruments=(24, 73)),
    "range": ask(pitch_range=(52, 64)),
    "range of an instrument": ask(parts=(PartLimits(instrument=33, pitch_range=(40, 47)),)),
    "range of a section": ask(sections=(SectionLimits(bars=SECTION, pitch_range=(70, 82)),)),
    "polyphony": ask(max_notes_at_once=3),
    "polyphony of an instrument": ask(parts=(PartLimits(instrument=0, max_notes_at_once=1),)),
    "polyphony of a section": ask(sections=(SectionLimits(bars=SECTION, max_notes_at_once=3),)),
    "grid": ask(grid_units=12),
    "grid of triplets": ask(grid_units=8),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_control_changes_the_output_keeps_its_promise_and_gives_the_same_bytes_again(decoder, plain, name):
    asked = write(decoder, REQUESTS[name])
    assert encode_piece(asked.piece) != encode_piece(plain.piece)
    assert [check for check in asked.checks if not check.is_kept] == []
    assert encode_piece(write(decoder, REQUESTS[name]).piece) == encode_piece(asked.piece)


PROMISES = {
    "range": "range", "range of an instrument": "range", "range of a section": "range", "polyphony": "polyphony",
    "polyphony of an instrument": "polyphony", "polyphony of a section": "polyphony",
    "grid": "grid", "grid of triplets": "grid", "locked key": "scale", "instruments": "instruments", "bars": "bars",
    "metre": "metre", "tempo": "tempo",
}  # fmt: skip


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_is_checked_and_would_be_broken_without_it(decoder, plain, name):
    """The check is in the reply, and the same network breaks it when it is not asked."""
    constraints = REQUESTS[name].constraints
    assert PROMISES[name] in [check.name for check in write(decoder, REQUESTS[name]).checks]
    found = check_constraints(plain.piece, constraints)
    assert not all(check.is_kept for check in found if check.name == PROMISES[name])


def test_excluded_instruments_are_not_chosen_where_the_network_chooses(decoder):
    free = GenerateRequest(job_id="a", seed=3, constraints=Constraints(num_bars=4))
    chosen = {track.instrument for track in write(decoder, free).piece.tracks}
    asked = replace(free.constraints, excluded_instruments=tuple(chosen))
    result = write(decoder, GenerateRequest(job_id="a", seed=3, constraints=asked))
    assert chosen.isdisjoint(track.instrument for track in result.piece.tracks)
    assert all(check.is_kept for check in result.checks)


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_network_that_chooses_its_tracks_chooses_no_more_than_may_sound(decoder, limit, seed):
    constraints = Constraints(num_bars=4, max_notes_at_once=limit)
    result = write(decoder, GenerateRequest(job_id="a", seed=seed, constraints=constraints))
    notes = [note for track in result.piece.tracks if not track.is_drum for note in track.notes]
    assert 1 <= most_at_once(notes) <= limit
    assert all(check.is_kept for check in result.checks)


@pytest.mark.parametrize("seed", range(3))
def test_everybody_plays_however_few_notes_may_sound(decoder, seed):
    asked = Constraints(num_bars=4, instruments=(0, 33, 48, 73), max_notes_at_once=4, grid_units=24)
    result = write(decoder, GenerateRequest(job_id="a", seed=seed, constraints=asked))
    assert {track.instrument for track in result.piece.tracks} == {0, 33, 48, 73}
    assert all(check.is_kept for check in result.checks)


def test_a_piano_that_may_sound_one_note_plays_one_line(decoder):
    asked = Constraints(num_bars=4, instruments=(0,), parts=(PartLimits(instrument=0, max_notes_at_once=1),))
    result = write(decoder, GenerateRequest(job_id="a", seed=1, constraints=asked))
    assert most_at_once(result.piece.tracks[0].notes) == 1


def test_fewer_notes_than_parts_are_refused(decoder):
    with pytest.raises(InputError, match="At most 2 notes at once is too few for 3 parts"):
        write(decoder, ask(instruments=(0, 33, 73), max_notes_at_once=2))


def test_an_instrument_without_a_note_in_its_range_and_scale_is_refused(decoder):
    with pytest.raises(InputError, match="has no note in that range and scale"):
        write(decoder, ask(scale=D_MINOR, parts=(PartLimits(instrument=33, pitch_range=(42, 42)),)))


def test_sections_lie_inside_the_bars(decoder):
    wishes = (SectionWishes(bars=BarRange(4, 9), density=1),)
    with pytest.raises(InputError, match="there is no section 5-9"):
        write(decoder, ask(controls=Controls(sections=wishes)))


def test_a_wished_key_is_written_down_and_binds_nobody(decoder):
    piece = write(decoder, ask(controls=Controls(key=D_MINOR))).piece
    assert (piece.key_signatures[0].tonic, piece.key_signatures[0].is_minor) == (2, True)
    classes = {note.pitch % 12 for track in piece.tracks if not track.is_drum for note in track.notes}
    assert not classes <= set(D_MINOR.pitch_classes)


def test_a_wish_off_the_beat_is_heard_and_one_for_the_beat_too(decoder):
    """The index of Longuet-Higgins and Lee rises with the wish, over a few seeds, even where the network knows nothing."""

    def index(wish: float) -> float:
        found = [
            syncopation_per_bar(write(decoder, ask(controls=Controls(syncopation=wish), seed=seed)).piece)
            for seed in range(4)
        ]
        return sum(found) / len(found)

    straight, usual, strong = index(-2.0), index(0.0), index(2.0)
    assert straight < usual < strong


def test_a_limit_holds_across_the_bar_line_into_a_section(decoder):
    asked = ask(instruments=(0, 48), sections=(SectionLimits(bars=BarRange(1, 6), max_notes_at_once=2),))
    result = write(decoder, asked)
    notes = [note for track in result.piece.tracks for note in track.notes]
    assert most_at_once(notes, at=range(1920, 6 * 1920, 10)) <= 2


def with_tempos(piece: Piece) -> Piece:
    return replace(piece, tempos=(Tempo(0, 118.0), Tempo(1920, 90.0), Tempo(3840, 104.0)))


def test_a_continuation_keeps_the_tempo_map_of_the_file_unless_a_tempo_is_asked_for(decoder):
    given = with_tempos(make_band(4))
    kept = write(decoder, GenerateRequest(job_id="a", seed=1, constraints=Constraints(num_bars=2), prompt=given)).piece
    assert kept.tempos == given.tempos
    asked = Constraints(num_bars=2, tempo_bpm=66.0)
    changed = write(decoder, GenerateRequest(job_id="a", seed=1, constraints=asked, prompt=given)).piece
    assert changed.tempos == (*given.tempos, Tempo(4 * 1920, 66.0))


def test_limits_hold_in_a_continuation_and_what_was_given_is_not_held_against_them(decoder):
    limits = Constraints(
        num_bars=3, pitch_range=(50, 60), max_notes_at_once=3, grid_units=12,
        sections=(SectionLimits(bars=BarRange(1, 2), pitch_range=(62, 74)),),
    )  # fmt: skip
    given = make_band(4)
    result = write(decoder, GenerateRequest(job_id="a", seed=2, constraints=limits, prompt=given))
    assert [check for check in result.checks if not check.is_kept] == []
    old = {note for track in given.tracks for note in track.notes}
    new: list[Note] = [
        note for track in result.piece.tracks if not track.is_drum for note in track.notes if note not in old
    ]
    second = [note.pitch for note in new if 5 * 1920 <= note.onset_ticks < 6 * 1920]
    assert all(62 <= pitch <= 74 for pitch in second)


def test_a_firm_density_is_met_bar_by_bar(decoder):
    """Even a network that knows nothing of density writes about as many notes as were asked for, in each section."""
    sections = (SectionWishes(bars=BarRange(0, 3), density=1), SectionWishes(bars=BarRange(3, 6), density=6))
    piece = write(decoder, ask(controls=Controls(sections=sections))).piece
    onsets = [note.onset_ticks for track in piece.tracks for note in track.notes]
    first, second = sum(onset < 3 * 1920 for onset in onsets), sum(onset >= 3 * 1920 for onset in onsets)
    assert 1.5 * first < second
    firm = write(decoder, ask(controls=Controls(density=6, has_firm_density=True))).piece
    assert write(decoder, ask(controls=Controls(density=6))).piece.num_notes < firm.num_notes


def test_a_continuation_keeps_every_metre_of_the_file_and_goes_on_in_the_last_or_in_another(decoder):
    given = replace(make_band(4), time_signatures=(TimeSignature(0, 4, 4), TimeSignature(2 * 1920, 3, 4)))
    kept = write(decoder, GenerateRequest(job_id="a", seed=1, constraints=Constraints(num_bars=2), prompt=given)).piece
    assert kept.time_signatures == given.time_signatures
    asked = Constraints(num_bars=2, metre=(6, 8))
    result = write(decoder, GenerateRequest(job_id="a", seed=1, constraints=asked, prompt=given))
    assert [metre.name for metre in result.piece.time_signatures] == ["4/4", "3/4", "6/8"]
    assert all(check.is_kept for check in result.checks)
