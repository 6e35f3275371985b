"""Has the harmonizer write parts for sopranos, and counts the rules of part-writing beside Bach's. It knows no nats.

Counting is that of ``inference/decoding/chorale_rules.py``: parallel fifths and octaves of any two voices per 100 chord
changes, crossings in percent of adjacent sounding pairs, the share of voice steps on which a lower voice moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
from rich.progress import track

from inference.decoding.base import Decoder
from inference.decoding.chorale_rules import ChoraleRules, RuleCounts, count_rules, reach_of
from inference.decoding.chorale_writer import ChoraleWriter, WritingReport
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.models.seq2seq import Seq2Seq
from inference.protocol import HarmonizeRequest, Result, Sampling
from music.piece import Note, Piece, Track
from music.tokenizers.harmony import NUM_VOICE_VALUES, WRITTEN_VOICES, Ids, voice_values
from music.tokenizers.harmony_reading import read_chorale_line
from training.harmonizer_sets import Chorale

_TICKS_PER_FRAME = 120
_NO_LIMITS = {voice: np.arange(NUM_VOICE_VALUES) > 0 for voice in WRITTEN_VOICES}


def rates(counts: RuleCounts) -> dict[str, float]:
    """Return counts as the rates that people compare."""
    return {
        "parallels_per_100_changes": round(100 * counts.num_parallels / max(counts.num_chord_changes, 1), 3),
        "crossings_percent": round(100 * counts.num_crossings / max(counts.num_pairs, 1), 3),
        "change_rate": round(counts.num_moves / max(counts.num_voice_steps, 1), 3),
        "num_chord_changes": counts.num_chord_changes,
    }


def count_bach(chorales: Sequence[Chorale]) -> dict[str, float]:
    """Return the rates of the chorales themselves."""
    return rates(reduce(add, (count_rules(voice_values(chorale.pitches)) for chorale in chorales)))


def write_as_shipped(
    decoder: Decoder, chorales: Sequence[Chorale], sampling: Sampling, *, seed: int = 1
) -> dict[str, float]:
    """Harmonize each soprano as a piece, as people do, and return the rates of what comes back.

    ``soprano_kept`` is the share of the soprano's notes that are in the reply unchanged.
    """
    totals: list[RuleCounts] = []
    num_kept = num_notes = 0
    for chorale in track(chorales, description="as shipped"):
        piece = piece_of_soprano(chorale)
        request = HarmonizeRequest(job_id=chorale.name, seed=seed, piece=piece, style="chorale", sampling=sampling)
        *_, result = decoder.decode(request)
        assert isinstance(result, Result)
        totals.append(count_rules(read_voices(result.piece, num_frames=len(chorale.pitches))))
        given, after = piece.tracks[0].notes, frozenset(result.piece.tracks[0].notes)
        num_kept += sum(note in after for note in given)
        num_notes += len(given)
    row = rates(reduce(add, totals))
    return row | {"soprano_kept": round(num_kept / num_notes, 4), "num_pieces": len(chorales), "seed": seed}


def piece_of_soprano(chorale: Chorale) -> Piece:
    """Return the soprano as a piece of one track in 4/4, a note per pitch."""
    line = chorale.pitches[:, 0]
    starts = np.flatnonzero(np.append(True, line[1:] != line[:-1]))
    notes = tuple(
        Note(int(start) * _TICKS_PER_FRAME, int(line[start]), int(stop - start) * _TICKS_PER_FRAME, 80)
        for start, stop in pairwise((*starts, len(line)))
        if line[start] >= 0
    )
    return Piece(tracks=(Track(notes=notes, program=52, name="Soprano"),), length_ticks=len(line) * _TICKS_PER_FRAME)


def read_voices(piece: Piece, *, num_frames: int) -> Ids:
    """Return the voice values (T, 4) of a piece's first four tracks: soprano, alto, tenor, bass."""
    pitches = np.full((num_frames, 4), -1, dtype=np.int64)
    for voice, part in enumerate(piece.tracks[:4]):
        for note in part.notes:
            start, stop = (round(ticks / _TICKS_PER_FRAME) for ticks in (note.onset_ticks, note.stop_ticks))
            pitches[start:stop, voice] = note.pitch
    return voice_values(pitches)


def write_sopranos(
    model: Seq2Seq, chorales: Sequence[Chorale], sampling: Sampling, *, with_masks: bool, seed: int = 1
) -> dict[str, float]:
    """Write parts for the sopranos with the bare writer, and return the rates and how often the masks left nothing.

    Without masks nothing but silence is forbidden: neither rules nor ranges. ``num_retreats`` counts dead ends that were
    taken back, ``num_relaxed`` places at which a rule gave way.
    """
    rules = ChoraleRules(
        reach=reach_of(shift=0) if with_masks else _NO_LIMITS,
        forbids_parallels=with_masks,
        forbids_crossing=with_masks,
    )
    open_window = NumpySeq2Seq(model).open_window
    totals: list[RuleCounts] = []
    reports: list[WritingReport] = []
    hits = num_notes = 0
    for chorale in track(chorales, description="with masks" if with_masks else "without masks"):
        is_sung = chorale.pitches[:, 0] >= 0
        melody = read_chorale_line(chorale.pitches[is_sung, 0])
        writer = ChoraleWriter(open_window=open_window, melody=melody, rules=rules, sampling=sampling, seed=seed)
        for _ in writer.write():
            pass
        totals.append(count_rules(writer.voices))
        reports.append(writer.report)
        bach = voice_values(chorale.pitches[is_sung])[:, 1:]
        hits += int((writer.voices[:, 1:] == bach).sum())
        num_notes += bach.size
    row = rates(reduce(add, totals))
    row["num_retreats"] = sum(report.num_retreats for report in reports)
    row["num_relaxed"] = sum(report.num_relaxed for report in reports)
    row["same_pitch_as_bach"] = round(hits / num_notes, 3)
    return row | {"temperature": sampling.temperature_notes, "num_pieces": len(chorales), "seed": seed}
