"""Serves requests to generate: a plan from the request, a song from the writer, a piece from the song.

A given piece is read, never rewritten: its notes stay as they are and new bars follow after its last bar line. It
knows nothing of processes or of how the network was trained.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import InputError
from inference.checkpoint import load_checkpoint, load_weights
from inference.decoding.arrangement import Turn, arrange
from inference.decoding.early_bars import EarlyBars
from inference.decoding.song_piece import build_piece, extend_piece
from inference.decoding.song_writer import SongPlan, SongWriter, WrittenSong, place_in_song
from inference.decoding.usual_density import draw_density
from inference.engines.base import Engine
from inference.engines.choice import build_engine
from inference.engines.reference import ReferenceEngine
from inference.masking import SongRules
from inference.models.generator import Generator, GeneratorConfig
from inference.polyphony import check_room, overall_limits, thin_out
from inference.protocol import Controls, FinishedBars, GenerateRequest, Progress, Request, Result
from inference.sampling import uniform
from music.analysis import sum_pitch_classes
from music.checks import check_constraints
from music.chords import chord_name
from music.columns import Bars, columns_of_piece, find_bars, snap
from music.constraints import METRES
from music.harmony import estimate_key
from music.names import scale_of_key
from music.piece import KeySignature, Piece
from music.roles import PART_ROLES
from music.tokenizers.event import EncodedPiece, encode_columns, tempo_bin
from music.vocabulary import DENSITY_LIMITS, DURATIONS, FIELDS, GENRES, NUM_DENSITIES, NUM_KEYS, VOCABULARY_HASH, Kind

DEFAULT_NUM_BARS = 16
MAX_BARS = 256
_KEY_FIELD = 1_000  # no field of an event has this number, so the draw is its own
_BAR_ID, _NOTE_ID = FIELDS["kind"].id_of(Kind.BAR), FIELDS["kind"].id_of(Kind.NOTE)


class GeneratorDecoder:
    """The generator with its weights, ready to serve."""

    def __init__(self, model: Generator, *, checkpoint_id: str, engine: Engine | None = None) -> None:
        self.model = model.eval()
        self.checkpoint_id = checkpoint_id
        self.engine: Engine = engine or ReferenceEngine(self.model)

    @classmethod
    def load(cls, folder: Path, device: torch.device, *, engine: str = "auto", num_lanes: int = 1) -> GeneratorDecoder:
        """Read the checkpoint in ``folder``; ``engine`` is one of ``ENGINE_NAMES``.

        Raises:
            CheckpointError: if it is missing, damaged or made for another vocabulary.
            ConfigurationError: for an engine that does not run here.
        """
        checkpoint = load_checkpoint(folder, model="generator", vocabulary_hash=VOCABULARY_HASH)
        model = Generator(GeneratorConfig.from_dict(dict(checkpoint.config)))
        load_weights(model, checkpoint)
        model = model.to(device).eval()
        with torch.inference_mode():
            built = build_engine(engine, model, num_lanes=num_lanes)
        return cls(model, checkpoint_id=checkpoint.checkpoint_id, engine=built)

    def decode(self, request: Request) -> Iterator[Progress | FinishedBars | Result]:
        """Yield progress and the finished piece, alone in the engine; see ``Decoder``.

        Raises:
            InputError: for a request that cannot be served; its sentence says what to change.
        """
        for message in self.decode_in_lane(request):
            if message is None:
                self.run_lanes()
            else:
                yield message

    def run_lanes(self) -> None:
        """Take in every event that songs have handed over; see ``LaneDecoder``."""
        with torch.inference_mode():
            self.engine.run()

    def decode_in_lane(self, request: Request) -> Iterator[Progress | FinishedBars | Result | None]:
        """Yield as ``decode`` does, and ``None`` wherever the song waits for ``run_lanes``; see ``LaneDecoder``.

        Raises:
            InputError: for a request that cannot be served; its sentence says what to change.
            InferenceError: when no lane is free.
        """
        if not isinstance(request, GenerateRequest):
            raise InputError("The generator only writes new music.")
        started = time.perf_counter()
        plan, source = make_plan(request)
        lane = self.engine.open_lane(length=request.memory_length)
        try:
            num_silent_units = 0 if source is None else count_silent_units(source)
            rules = SongRules(request.constraints, num_bars=plan.num_bars, num_silent_units=num_silent_units)
            writer = SongWriter(lane, self.engine.fields, plan, rules)
            early = EarlyBars(request)
            for progress in _without_gradients(writer.write()):
                yield progress
                if progress is not None:
                    yield from early.follow(progress, writer.song)
        finally:
            lane.close()
        yield self._result(request, writer.song, source, started=started)

    def _result(
        self, request: GenerateRequest, song: WrittenSong, source: tuple[EncodedPiece, Bars] | None, *, started: float
    ) -> Result:
        num_bars = request.constraints.num_bars or DEFAULT_NUM_BARS
        tempo_bpm = request.constraints.tempo_bpm
        num_given_chords = len(request.prompt.chords) if request.prompt is not None else 0
        if request.prompt is None or source is None:
            piece = build_piece(
                song, num_bars=num_bars, tempo_bpm=tempo_bpm, separate=_named_often(request.constraints.instruments)
            )
            piece = replace(piece, key_signatures=_key_signatures(piece, request))
        else:
            piece = extend_piece(
                request.prompt,
                source,
                song,
                num_bars=num_bars,
                tempo_bpm=tempo_bpm,
                locked_tracks=request.constraints.locked_tracks,
            )
        keys = _key_signatures(piece, request)
        spelling = keys[0] if keys else None
        return Result(
            job_id=request.job_id,
            piece=piece,
            checkpoint_id=self.checkpoint_id,
            checks=check_constraints(piece, request.constraints, before=request.prompt),
            chord_names=tuple(chord_name(chord, spelling) for chord in piece.chords[num_given_chords:]),
            num_events=song.num_events,
            decode_seconds=time.perf_counter() - started,
        )


def _named_often(instruments: tuple[int, ...]) -> frozenset[int]:
    """Return the instruments that were asked for more than once: each of their parts gets a track."""
    return frozenset(program for program, count in Counter(instruments).items() if count > 1)


def _without_gradients(steps: Iterator[Progress | None]) -> Iterator[Progress | None]:
    """Run each step in inference mode, which must not stay on between two: other networks run in between."""
    while True:
        with torch.inference_mode():
            try:
                step = next(steps)
            except StopIteration:
                return
        yield step


def _key_signatures(piece: Piece, request: GenerateRequest) -> tuple[KeySignature, ...]:
    """Return the key to write down: the piece's own, the one asked for, or else the one that its notes are in."""
    if piece.key_signatures:
        return piece.key_signatures
    scale = request.constraints.scale or request.controls.key
    if scale is not None:
        return (KeySignature(0, scale.tonic, scale.is_minor),)
    chroma = sum_pitch_classes(piece)
    if not chroma.any():
        return ()
    key = estimate_key(chroma)
    return (KeySignature(0, key % 12, key >= 12),)


def make_plan(request: GenerateRequest) -> tuple[SongPlan, tuple[EncodedPiece, Bars] | None]:
    """Settle everything that does not need the network; with a prompt also its events and bars.

    Raises:
        InputError: for wishes that contradict each other or that the encoding cannot hold.
    """
    asked = request.constraints
    num_bars = asked.num_bars if asked.num_bars is not None else DEFAULT_NUM_BARS
    if not 1 <= num_bars <= MAX_BARS:
        raise InputError(f"I can write 1 to {MAX_BARS} bars at a time. Ask for fewer.")
    if asked.metre is not None and asked.metre not in METRES:
        raise InputError(f"I cannot write in {asked.metre[0]}/{asked.metre[1]}.")
    instruments = tuple(each for each in asked.instruments if each not in asked.excluded_instruments)
    if asked.instruments and not instruments:
        raise InputError("Every instrument you asked for is also excluded. Leave one in.")
    given: dict[str, Any] = {
        "job_id": request.job_id,
        "seed": request.seed,
        "sampling": request.sampling,
        "num_bars": num_bars,
        "metre": METRES.index(asked.metre) if asked.metre is not None else None,
        "tempo": tempo_bin(asked.tempo_bpm) if asked.tempo_bpm is not None else None,
        "excluded": asked.excluded_instruments,
        "are_turns_asked": bool(instruments),
        "firm_densities": _firm_densities(request.controls, num_bars=num_bars),
        "syncopations": _syncopations(request.controls, num_bars=num_bars),
        "max_tracks": min(overall_limits(asked), default=len(PART_ROLES)),
    }
    _check_sections(request, num_bars=num_bars)
    scale = asked.scale or request.controls.key
    key = scale.tonic + 12 * scale.is_minor if scale is not None else None
    if request.prompt is None:
        turns = thin_out(arrange(instruments, num_bars=num_bars), asked) if instruments else ()
        check_room(turns, asked)
        seed = request.seed if request.sampling.temperature_notes > 0 else 0
        if key is None:  # a song that knows its key stays in it; any will do
            key = int(uniform(seed, event=0, field=_KEY_FIELD) * NUM_KEYS)
        density = draw_density(seed, num_parts=len({turn.slot for turn in turns}), metre=asked.metre)
        controls = _controls(request.controls, key=key, density=density)
        given["densities"] = _densities(request.controls, num_bars=num_bars, usual=controls[-1])
        home = scale_of_key(KeySignature(0, key % 12, key >= 12)).pitch_classes
        return SongPlan(**given, controls=controls, home=home, turns=turns), None
    source = read_prompt(request.prompt)
    return _plan_continuation(source, request, given, instruments, key), source


def read_prompt(prompt: Piece) -> tuple[EncodedPiece, Bars]:
    """Return the events and bars of a given piece, snapped as the network learned.

    Raises:
        InputError: for a piece without notes, or with a metre that the vocabulary lacks.
    """
    columns = columns_of_piece(prompt)
    bars = find_bars(columns)
    return encode_columns(snap(columns, bars), bars), bars


def count_silent_units(source: tuple[EncodedPiece, Bars]) -> int:
    """Return how long a given piece is silent before its last bar line, in grid units."""
    encoded, bars = source
    is_bar = encoded.rows[:, 0] == _BAR_ID
    starts = np.concatenate([[0], np.cumsum(bars.units)])
    notes = encoded.rows[encoded.rows[:, 0] == _NOTE_ID].astype(np.int64)
    onsets = starts[(np.cumsum(is_bar) - 1)[encoded.rows[:, 0] == _NOTE_ID]] + notes[:, 2] - FIELDS["position"].offset
    stops = onsets + np.asarray(DURATIONS)[notes[:, 4] - FIELDS["duration"].offset]
    return max(int(starts[-1] - stops.max()), 0)


def _plan_continuation(
    source: tuple[EncodedPiece, Bars],
    request: GenerateRequest,
    given: dict[str, Any],
    instruments: tuple[int, ...],
    key: int | None,
) -> SongPlan:
    encoded, _ = source
    num_bars = given["num_bars"]
    locked = frozenset(request.constraints.locked_tracks)  # read, but silent from here on
    playing = {
        part.slot: part.program
        for part in encoded.parts
        if part.program not in request.constraints.excluded_instruments
        and (not instruments or part.program in instruments)
        and not locked.issuperset(part.tracks)
    }
    if not playing and not instruments:
        raise InputError("All tracks of the given piece are excluded or locked. Leave one in, or name an instrument.")
    turns: tuple[Turn, ...] = arrange(instruments or tuple(playing.values()), num_bars=num_bars, taken=playing)
    turns = thin_out(turns, request.constraints)
    check_room(turns, request.constraints)
    last_bar = encoded.rows[encoded.rows[:, 0] == _BAR_ID][-1].tolist()
    if given["metre"] is None:
        given["metre"] = FIELDS["metre"].value_of(last_bar[1])
    if given["tempo"] is None:
        given["tempo"] = FIELDS["tempo"].value_of(last_bar[2])
    given_rows, num_given_bars = _given_rows(encoded, num_new_bars=num_bars)
    density = sum(encoded.notes_per_quarter >= limit for limit in DENSITY_LIMITS)
    controls = _controls(request.controls, key=key if key is not None else encoded.key, density=density)
    given["densities"] = _densities(request.controls, num_bars=num_bars, usual=controls[-1])
    return SongPlan(
        **given,
        controls=controls,
        turns=turns,
        given_parts=tuple((part.slot, part.role, part.program) for part in encoded.parts),
        given_rows=given_rows,
        num_given_bars=num_given_bars,
    )


def _given_rows(encoded: EncodedPiece, *, num_new_bars: int) -> tuple[tuple[tuple[int, ...], ...], int]:
    """Return the given events that the network reads, and how many bars they are.

    Silent bars at the end (often only a last note ringing over the bar line) are left out: after silence the network
    would go on with silence. Places count to the end of the whole, so that the given part does not end.
    """
    rows = encoded.rows
    is_note = rows[:, 0] == _NOTE_ID
    bar = np.cumsum(rows[:, 0] == _BAR_ID) - 1
    count = int(bar[is_note].max()) + 1
    rows = rows[bar < count].copy()
    is_bar = rows[:, 0] == _BAR_ID
    places = [place_in_song(each, count + num_new_bars, num_new_bars=num_new_bars) for each in range(count)]
    rows[is_bar, 3] = [FIELDS["place"].id_of(place) for place in places]
    return tuple(tuple(row) for row in rows.tolist()), count


def _controls(controls: Controls, *, key: int | None, density: int | None) -> tuple[int | None, ...]:
    def genre(name: str | None) -> int | None:
        if name is None or name == "auto":
            return None
        if name not in GENRES:
            raise InputError(f"I do not know the genre “{name}”. Choose one of {', '.join(GENRES)}.")
        return GENRES.index(name)

    wished = controls.density if controls.density is not None else density
    if wished is not None:
        wished = min(max(wished, 0), NUM_DENSITIES - 1)
    return genre(controls.genre), genre(controls.second_genre), key, wished


def _check_sections(request: GenerateRequest, *, num_bars: int) -> None:
    """Refuse sections that are no bars of the song."""
    for section in (*request.constraints.sections, *request.controls.sections):
        first, last = section.bars.start_bar + 1, section.bars.stop_bar
        if not 1 <= first <= last <= num_bars:
            raise InputError(
                f"I write {num_bars} bars, so there is no section {first}-{last}. Name bars in that range."
            )


def _densities(controls: Controls, *, num_bars: int, usual: int | None) -> tuple[int | None, ...]:
    """Return the density class that each new bar gets; nothing where no section has one of its own."""
    wished: list[int | None] = [usual] * num_bars
    for section in controls.sections:
        if section.density is not None:
            density = min(max(section.density, 0), NUM_DENSITIES - 1)
            wished[section.bars.start_bar : section.bars.stop_bar] = [density] * (
                section.bars.stop_bar - section.bars.start_bar
            )
    return tuple(wished) if any(each.density is not None for each in controls.sections) else ()


def _firm_densities(controls: Controls, *, num_bars: int) -> tuple[int | None, ...]:
    """Return the density class that each new bar is leaned to; nothing where none is."""
    usual = controls.density if controls.has_firm_density else None
    if usual is not None:
        usual = min(max(usual, 0), NUM_DENSITIES - 1)
    found = _densities(controls, num_bars=num_bars, usual=usual)
    return found or ((usual,) * num_bars if usual is not None else ())


def _syncopations(controls: Controls, *, num_bars: int) -> tuple[float, ...]:
    """Return how each new bar leans off the beat; nothing where none does."""
    wished = [controls.syncopation] * num_bars
    for section in controls.sections:
        if section.syncopation is not None:
            num_section_bars = section.bars.stop_bar - section.bars.start_bar
            wished[section.bars.start_bar : section.bars.stop_bar] = [section.syncopation] * num_section_bars
    return tuple(wished) if any(wished) else ()
