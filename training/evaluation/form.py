"""Form measured: are the sections of a song recognizable, do they join smoothly, is it as long as asked, beside people's songs.

``python -m training.evaluation.form SONGS [--split test] [--json]``: SONGS is a folder of MIDI files from ``python -m bot compose``,
whose recipes hold their plans. People's songs are POP909's (Wang et al., ISMIR 2020), for joins also bands of the Lakh files (Raffel, 2016).
These sets name no sections, so phrases are found in its melody (``music/forms/melody.py``) and likeness is then measured in the *other* tracks, which the letters were not
taken from. Composed songs are measured twice: by their plan, and blindly, as people's are. It knows nothing of networks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer

from core.errors import TuttiError
from core.settings import TrainingSettings
from music.analysis import find_melody_track
from music.bar_features import Floats, section_likeness, self_similarity
from music.columns import Columns
from music.forms.joins import Join, measure_joins
from music.forms.melody import Phrase, find_phrases
from music.forms.plan import MAX_SONG_BARS, FormPlan
from music.listening import listen
from music.midi import read_midi, read_recipe
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature, Track
from music.time_grid import TimeGrid
from training.archives import unpack_set
from training.datasets import list_set, read_source

RESULTS = Path("docs/results")
_WINDOW_BARS, _FAR_BARS = 4, 8
_MAX_BANDS = 100
_PERCENTILES = (50, 95, 99)

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SongForm:
    """What was measured of one song. ``same`` and ``different``: likeness of pairs of sections, of one letter or of two."""

    same: tuple[float, ...]
    different: tuple[float, ...]
    recurrence: float
    joins: tuple[Join, ...]


# --- measuring one song


def measure_form(
    piece: Piece, spans: Sequence[tuple[str, range]], *, lead: int | None, is_lead_left_out: bool
) -> SongForm:
    """Return the form of a piece whose sections (letter, bars) are known."""
    tracks = [index for index in range(len(piece.tracks)) if not (is_lead_left_out and index == lead)]
    if not any(piece.tracks[index].notes for index in tracks):  # nobody but the lead
        tracks = list(range(len(piece.tracks)))
    similarity = self_similarity(piece, tracks=tracks)
    same: list[float] = []
    different: list[float] = []
    for (letter, bars), (other, other_bars) in combinations(spans, 2):
        (same if letter == other else different).append(section_likeness(similarity, bars, other_bars))
    return SongForm(
        same=tuple(same),
        different=tuple(different),
        recurrence=measure_recurrence(similarity),
        joins=measure_joins(piece, [bars.start for _, bars in spans]),
    )


def measure_recurrence(similarity: Floats) -> float:
    """Return how much of a song comes again: the mean, over stretches of 4 bars, of the likeness to the likest one 8 bars away or more."""
    num_windows = len(similarity) - _WINDOW_BARS + 1
    if num_windows <= _FAR_BARS:
        return 0.0
    windows = np.mean(
        [similarity[step : step + num_windows, step : step + num_windows] for step in range(_WINDOW_BARS)], axis=0
    )
    distance = np.abs(np.subtract.outer(np.arange(num_windows), np.arange(num_windows)))
    return float(np.mean(np.max(np.where(distance >= _FAR_BARS, windows, 0.0), axis=1)))


def find_spans(piece: Piece) -> tuple[list[tuple[str, range]], int | None]:
    """Return the sections of a piece as its melody tells them, those without a melody left out, and the melody's track."""
    lead = find_melody_track(piece)
    if lead is None:
        return [], None
    alone = Piece(
        tracks=(piece.tracks[lead],),
        ticks_per_quarter=piece.ticks_per_quarter,
        time_signatures=piece.time_signatures,
        length_ticks=piece.length_ticks,
    )
    grid = TimeGrid(alone)
    bars_sung = {grid.bar_of_tick(note.onset_ticks) for note in alone.tracks[0].notes}

    def is_sung(phrase: Phrase) -> bool:
        bars = range(phrase.start_bar, phrase.stop_bar)
        return sum(bar in bars_sung for bar in bars) >= len(bars) / 2

    phrases = [phrase for phrase in find_phrases(alone) if is_sung(phrase)]
    return [(one.letter, range(one.start_bar, one.stop_bar)) for one in phrases], lead


def spans_of_plan(plan: FormPlan) -> list[tuple[str, range]]:
    """Return the sections of a plan on the bars of its song, intro and outro left out."""
    return [
        (section.letter, range(first, first + section.num_bars))
        for section, first in zip(plan.sections, plan.first_bars(), strict=True)
        if section.role == "section"
    ]


# --- many songs


def summarize(forms: Sequence[SongForm]) -> dict[str, Any]:
    """Return the means over songs, how often a repeat is liker than another section, and the percentiles of jumps."""
    with_both = [form for form in forms if form.same and form.different]
    joins = [join for form in forms for join in form.joins]
    return {
        "num_songs": len(forms),
        "num_songs_with_repeats": len(with_both),
        "same_letter": _mean([float(np.mean(form.same)) for form in with_both]),
        "different_letter": _mean([float(np.mean(form.different)) for form in with_both]),
        "separation": _mean([float(np.mean(form.same) - np.mean(form.different)) for form in with_both]),
        "repeat_recognized": _mean([_rank(form) for form in with_both]),
        "recurrence": _mean([form.recurrence for form in forms]),
        "num_joins": len(joins),
        "smooth_joins": _mean([float(join.is_smooth) for join in joins]),
        "loudness_jump_db": _percentiles([join.loudness_db for join in joins]),
        "range_jump_semitones": _percentiles([join.range_semitones for join in joins]),
        "tempo_ratio_max": max((join.tempo_ratio for join in joins), default=1.0),
    }


def _rank(form: SongForm) -> float:
    """Return the chance that a pair of one letter is liker than a pair of two (area under the ROC curve)."""
    wins = [(one > other) + 0.5 * (one == other) for one in form.same for other in form.different]
    return float(np.mean(wins))


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{each}": round(float(np.percentile(values, each)), 2) for each in _PERCENTILES} if values else {}


def measure_people(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return the summary of people's songs, likeness measured without the melody that the letters come from."""
    forms: list[SongForm] = []
    for piece in pieces:
        spans, lead = find_spans(piece)
        if len(spans) > 1:
            forms.append(measure_form(piece, spans, lead=lead, is_lead_left_out=True))
    return summarize(forms)


def measure_songs(songs: Sequence[tuple[Piece, FormPlan]]) -> dict[str, Any]:
    """Return the summaries of composed songs: by plan, without the lead, and blindly; and what else a listener notices."""
    by_plan, without_lead, lengths, rows = [], [], [], []
    clean = 0
    for piece, plan in songs:
        lead = next((i for i, one in enumerate(piece.tracks) if one.instrument == plan.instruments[0]), None)
        spans = spans_of_plan(plan)
        by_plan.append(measure_form(piece, spans, lead=lead, is_lead_left_out=False))
        without_lead.append(measure_form(piece, spans, lead=lead, is_lead_left_out=True))
        seconds = TimeGrid(piece).duration_seconds
        lengths.append(abs(seconds / plan.duration_seconds - 1))
        clean += listen(piece).is_clean
        rows.append({"title": piece.title, "letters": plan.letters, "seconds": round(seconds, 1)})
    return {
        "by_plan": summarize(by_plan),
        "by_plan_without_lead": summarize(without_lead),
        "blind": measure_people([piece for piece, _ in songs]),
        "length_error_mean": _mean(lengths),
        "length_error_max": round(max(lengths, default=0.0), 4),
        "clean_listening": _mean([clean / len(songs)]) if songs else None,
        "songs": rows,
    }


# --- reading


def read_songs(folder: Path) -> list[tuple[Piece, FormPlan]]:
    """Return the composed songs of a folder with their plans; files without a plan are left out."""
    songs: list[tuple[Piece, FormPlan]] = []
    for path in sorted(folder.glob("*.mid")):
        data = path.read_bytes()
        settings = (json.loads(read_recipe(data) or "{}").get("settings") or {}).get("plan")
        if settings:
            songs.append((read_midi(data), msgspec.convert(settings, FormPlan)))
    return songs


def read_people(data_set: str, split: str, data: Path) -> list[Piece]:
    """Return people's songs of a split; of the large set with drums, the first ``_MAX_BANDS`` that have at least 32 bars."""
    pieces: list[Piece] = []
    for source in list_set(data_set, unpack_set(data, data_set)):
        if source.split != split:
            continue
        try:
            piece = piece_of_columns(read_source(source))
        except TuttiError:  # a metre that we do not write
            continue
        if data_set != "pop909" and not (any(track.is_drum for track in piece.tracks) and _is_song(piece)):
            continue
        pieces.append(piece)
        if data_set != "pop909" and len(pieces) == _MAX_BANDS:
            break
    return pieces


def _is_song(piece: Piece) -> bool:
    return 32 <= TimeGrid(piece).num_bars <= MAX_SONG_BARS


def piece_of_columns(columns: Columns) -> Piece:
    """Return columns as a piece."""
    notes: list[list[Note]] = [[] for _ in columns.programs]
    rows = zip(
        columns.onset_ticks.tolist(),
        columns.pitch.tolist(),
        columns.duration_ticks.tolist(),
        columns.velocity.tolist(),
        columns.track.tolist(),
        strict=True,
    )
    for onset, pitch, duration, velocity, track in rows:
        notes[track].append(Note(max(onset, 0), pitch, max(duration, 1), max(velocity, 1)))
    return Piece(
        tracks=tuple(
            Track(notes=tuple(each), program=program % DRUM_PROGRAM, is_drum=program == DRUM_PROGRAM, name=name)
            for each, program, name in zip(notes, columns.programs, columns.names, strict=True)
        ),
        ticks_per_quarter=columns.ticks_per_quarter,
        tempos=tuple(Tempo(*each) for each in columns.tempos) or (Tempo(0, 120.0),),
        time_signatures=tuple(TimeSignature(*each) for each in columns.time_signatures),
        length_ticks=columns.length_ticks,
    )


@app.command()
def main(
    songs: Annotated[Path | None, typer.Argument(help="a folder of composed songs")] = None,
    split: Annotated[str, typer.Option(help="valid or test")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, write no file")] = False,  # noqa: FBT002 - a command line switch
) -> None:
    """Measure the form of composed songs beside people's."""
    data = TrainingSettings().data_folder
    result: dict[str, Any] = {"split": split}
    for name, data_set in (("people", "pop909"), ("people_bands", "lakh_subset")):
        result[name] = measure_people(read_people(data_set, split, data))
    if songs is not None:
        result["composed"] = measure_songs(read_songs(songs))
    text = json.dumps(result, indent=1)
    if as_json:
        typer.echo(text)
    else:
        RESULTS.mkdir(parents=True, exist_ok=True)
        name = "form.json" if split == "test" else f"form_{split}.json"  # "-test" is what the table of networks gathers
        (RESULTS / name).write_text(text + "\n")
        typer.echo(text)


if __name__ == "__main__":
    app()
