"""Where each data set keeps its files, labels and split keys, and its known defects. It knows nothing of encodings.

One function a set, listed in ``LISTERS``, each yielding ``Source`` values; ``read_source`` turns one into columns.
The layout and the defects are those of the data folder's README.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from core.errors import ConfigurationError, InputError, MIDIFileError
from music.columns import Columns
from music.constraints import METRES
from music.piece import DRUM_PROGRAM
from training.genre_labels import label_lakh, parse_genres
from training.lead_sheets import read_measures, unfold
from training.pickups import place_pickup

SPLITS = ("train", "valid", "test")
_GROOVE_GENRES = {
    "rock": "rock", "punk": "rock", "funk": "funk", "jazz": "jazz", "hiphop": "hip-hop", "soul": "soul", "pop": "pop",
    "country": "country", "neworleans": "jazz",
}  # fmt: skip
_EWLD_GENRES = {
    "Jazz": "jazz", "Rock": "rock", "Pop": "pop", "Folk, World, & Country": "folk", "Funk / Soul": "soul", "Blues": "jazz",
}  # fmt: skip
_SETS_WITH_HIDDEN_PICKUPS = ("openscore_lieder", "openscore_quartets")
_ROLAND_TO_GM = {22: 42, 26: 46, 58: 43, 40: 38, 37: 37}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file to read: its set, path, split and labels. ``is_played`` notes are snapped however far off they are.

    ``origins`` says for each genre where the label comes from; empty: from the set itself. ``beat_path`` and
    ``score_path`` are files beside it that know its beats and its measures.
    """

    data_set: str
    path: Path
    split: str
    genres: tuple[str, ...] = ()
    is_played: bool = False
    beat_path: Path | None = None
    score_path: Path | None = None
    origins: tuple[str, ...] = ()


def split_of(key: str) -> str:
    """Return the split of a key by the rule of the data folder's README."""
    number = int(hashlib.sha256(("split:" + key).encode("utf-8")).hexdigest()[:8], 16) % 20
    return {0: "valid", 1: "test"}.get(number, "train")


def split_of_hex(md5: str) -> str:
    """Return the published split of full Lakh: names that begin with e are for validation, with f for test."""
    return {"e": "valid", "f": "test"}.get(md5[0].lower(), "train")


def _rows(path: Path, *, delimiter: str = "\t") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def list_lakh_subset(folder: Path) -> Iterator[Source]:
    """Files of the subset, a group of near-duplicates on one side; without a table as ``list_lakh_full``."""
    table = folder / "metadata.tsv"
    if not table.exists():
        yield from list_lakh_full(folder)
        return
    for row in _rows(table):
        labels = label_lakh(
            folders=row["genre_hint"], artist=row.get("artist") or "", filename=row.get("name_hint") or ""
        )
        yield Source(
            data_set="lakh_subset",
            path=folder / "midi" / row["md5"][0] / f"{row['md5']}.mid",
            split=split_of(row["group"]),
            genres=tuple(labels),
            origins=tuple(labels.values()),
        )


def list_lakh_full(folder: Path) -> Iterator[Source]:
    """Files of the full data set's shape, ``<hex>/<md5>.mid`` at any depth, with its published split.

    ``genres.tsv`` (a header, then md5 and genres) gives labels. ``groups.tsv`` (md5 and group) names near-duplicates: a
    group stays on the side of its first file by name, so that the published lists keep most of their files.
    """
    genres = {row["md5"]: parse_genres(row["genre"]) for row in _optional_rows(folder / "genres.tsv")}
    group_of = {row["md5"]: row["group"] for row in _optional_rows(folder / "groups.tsv")}
    first_of_group: dict[str, str] = {}
    for md5, group in sorted(group_of.items()):
        first_of_group.setdefault(group, md5)
    for path in sorted(folder.glob("**/?/*.mid"), key=lambda each: each.stem):
        labels = genres.get(path.stem, {})
        yield Source(
            data_set=folder.name,
            path=path,
            split=split_of_hex(first_of_group.get(group_of.get(path.stem, ""), path.stem)),
            genres=tuple(labels),
            origins=tuple(labels.values()),
        )


def _optional_rows(path: Path) -> list[dict[str, str]]:
    return _rows(path) if path.exists() else []


def list_groove_midi(folder: Path) -> Iterator[Source]:
    """Drum performances, fills left out; the official split."""
    for row in _rows(folder / "info.csv", delimiter=","):
        if row["beat_type"] != "beat":
            continue
        genre = _GROOVE_GENRES.get(row["style"].split("/")[0])
        split = {"train": "train", "validation": "valid", "test": "test"}[row["split"]]
        path = folder / row["midi_filename"]
        genres = (genre,) if genre else ()
        yield Source(data_set="groove_midi", path=path, split=split, genres=genres, is_played=True)


def list_open_game_music(folder: Path) -> Iterator[Source]:
    """Freedoom and EasyRPG; Blasphemer's beat grid is meaningless, so it is left out."""
    for path in sorted(folder.glob("**/*.mid")):
        inside = path.relative_to(folder).as_posix()
        if not inside.startswith("blasphemer"):
            yield Source(data_set="open_game_music", path=path, split=split_of(inside), genres=("game",))


def list_pop909(folder: Path) -> Iterator[Source]:
    """Pop songs; their beats come from ``beat_midi.txt`` because the files' metre is wrong."""
    for path in sorted(folder.glob("*/*.mid")):
        beats = path.parent / "beat_midi.txt"
        yield Source(
            data_set="pop909", path=path, split=split_of(path.stem), genres=("pop",), is_played=True, beat_path=beats
        )


def list_openewld(folder: Path) -> Iterator[Source]:
    """Lead sheets, with the scores that know their pick-ups and repeats."""
    for row in _rows(folder / "metadata.tsv"):
        names = (name.strip() for name in row["genres"].split(";"))
        genres = tuple(_EWLD_GENRES[name] for name in names if name in _EWLD_GENRES)
        path = folder / row["midi"]
        score = folder / row["musicxml"] if row.get("musicxml") else None
        yield Source(data_set="openewld", path=path, split=split_of(path.stem), genres=genres, score_path=score)


def _list_openscore(folder: Path) -> Iterator[Source]:
    for row in _rows(folder / "metadata.tsv"):
        path = folder / row["midi"]
        key = f"{row['composer']}/{row['set']}" if row["set"] else path.stem
        yield Source(data_set=folder.name, path=path, split=split_of(key), genres=("classical",))


def list_js_fakes(folder: Path) -> Iterator[Source]:
    """Chorales written by an algorithm; the split is the harmonizer's."""
    for path in sorted(folder.rglob("*.mid")):
        key = path.relative_to(folder.parent).as_posix()
        yield Source(data_set="js_fakes", path=path, split=split_of(key), genres=("chorale",))


LISTERS: dict[str, Callable[[Path], Iterator[Source]]] = {
    "lakh_subset": list_lakh_subset,
    "lakh_full": list_lakh_full,
    "lmd_full": list_lakh_full,
    "groove_midi": list_groove_midi,
    "open_game_music": list_open_game_music,
    "pop909": list_pop909,
    "openewld": list_openewld,
    "openscore_lieder": _list_openscore,
    "openscore_quartets": _list_openscore,
    "js_fakes": list_js_fakes,
}


def list_set(name: str, folder: Path) -> list[Source]:
    """Return the files of a data set.

    Raises:
        ConfigurationError: for a set that nobody here can read.
    """
    if name not in LISTERS:
        raise ConfigurationError(
            f"The data set {name} is not known. Choose from {', '.join(sorted(LISTERS))}.", variable="corpus"
        )
    return list(LISTERS[name](folder))


def read_source(source: Source) -> Columns:
    """Return the notes of a source's file, its set's defects mended.

    Raises:
        InputError: for a file that cannot be read or used.
    """
    try:
        score: Any = symusic.Score.from_midi(source.path.read_bytes(), sanitize_data=True)
    except (RuntimeError, ValueError, OverflowError, UnicodeError) as error:
        raise MIDIFileError("unreadable") from error
    columns = columns_of_score(score)
    if source.data_set == "groove_midi":
        return replace(columns, pitch=np.asarray([_ROLAND_TO_GM.get(each, each) for each in columns.pitch.tolist()]))
    if source.beat_path is not None:
        return _rebar(columns, source.beat_path)
    if source.score_path is not None:
        return unfold(columns, read_measures(source.score_path))
    if source.data_set in _SETS_WITH_HIDDEN_PICKUPS:
        return place_pickup(columns)
    return columns


def columns_of_score(score: Any) -> Columns:
    """Return symusic's score as columns, without building a note object for each note."""
    fields: dict[str, list[Any]] = {name: [] for name in ("time", "pitch", "duration", "velocity", "track")}
    for index, track in enumerate(score.tracks):
        notes = track.notes.numpy()
        for name in ("time", "pitch", "duration", "velocity"):
            fields[name].append(notes[name].astype(np.int64))
        fields["track"].append(np.full(len(notes["time"]), index, dtype=np.int64))
    joined = {name: np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64) for name, parts in fields.items()}
    return Columns(
        onset_ticks=joined["time"],
        pitch=joined["pitch"],
        duration_ticks=joined["duration"],
        velocity=joined["velocity"],
        track=joined["track"],
        programs=tuple(DRUM_PROGRAM if track.is_drum else int(track.program) for track in score.tracks),
        names=tuple(str(track.name) for track in score.tracks),
        ticks_per_quarter=int(score.ticks_per_quarter),
        time_signatures=tuple(
            (int(each.time), int(each.numerator), int(each.denominator)) for each in score.time_signatures
        ),
        tempos=tuple((int(each.time), float(each.qpm)) for each in score.tempos),
        length_ticks=int((joined["time"] + joined["duration"]).max(initial=0)),
    )


def _rebar(columns: Columns, beat_path: Path) -> Columns:
    """Put notes on the beats that POP909 lists in seconds; the first full bar begins at the first downbeat.

    The third column marks bars of the usual metre; where these have six beats, the second marks the bars of three.
    """
    table = np.loadtxt(beat_path, ndmin=2)
    downbeats = np.flatnonzero(table[:, 2] == 1.0)
    if len(downbeats) < 4:
        raise InputError("no downbeats")
    spacing = int(np.median(np.diff(downbeats)))
    if spacing == 6:
        downbeats = np.flatnonzero(table[:, 1] == 1.0)
        spacing = int(np.median(np.diff(downbeats)))
    if (spacing, 4) not in METRES:
        raise InputError("metre of the beats")
    quarters = np.arange(len(table)) + (-int(downbeats[0])) % spacing  # a pick-up becomes the end of bar 0
    onset = _seconds(columns, columns.onset_ticks)
    stop = _seconds(columns, columns.onset_ticks + columns.duration_ticks)
    inside = (onset >= table[0, 0] - 0.1) & (onset <= table[-1, 0])
    new_onset = np.round(np.interp(onset, table[:, 0], quarters) * 480).astype(np.int64)[inside]
    new_stop = np.round(np.interp(stop, table[:, 0], quarters) * 480).astype(np.int64)[inside]
    bpm = 60.0 / float(np.median(np.diff(table[:, 0])))
    return replace(
        columns,
        onset_ticks=new_onset,
        duration_ticks=np.maximum(new_stop - new_onset, 1),
        pitch=columns.pitch[inside],
        velocity=columns.velocity[inside],
        track=columns.track[inside],
        ticks_per_quarter=480,
        time_signatures=((0, spacing, 4),),
        tempos=((0, bpm),),
        length_ticks=int(new_stop.max(initial=0)),
    )


def _seconds(columns: Columns, ticks: Any) -> Any:
    """Return times in seconds after the tempo map."""
    changes = sorted(columns.tempos) or [(0, 120.0)]
    starts = np.asarray([each for each, _ in changes], dtype=np.float64)
    rate = np.asarray([60.0 / bpm / columns.ticks_per_quarter for _, bpm in changes])
    begin = np.concatenate([[0.0], np.cumsum(np.diff(starts) * rate[:-1])])
    index = np.clip(np.searchsorted(starts, ticks, side="right") - 1, 0, None)
    return begin[index] + (ticks - starts[index]) * rate[index]
