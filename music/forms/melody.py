"""A form plan out of a melody: its phrases, which of them are alike, and a song in which it is heard from first bar to last.

Phrases are stretches of 4 or 8 bars whose borders fall where the melody rests or holds a tone (E. Cambouropoulos, "The Local
Boundary Detection Model", 2001, weighs the same two things) and where what follows is like an earlier stretch (self-similarity,
``music/bar_features.py``). It writes no notes: the melody stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.errors import InputError, NoMusicError
from music.analysis import find_key, find_main_metre, find_main_tempo, find_melody_track
from music.bar_features import Floats, self_similarity
from music.constraints import METRES, BarRange
from music.forms.band import Band, seat_band
from music.forms.plan import MAX_SONG_BARS, FormPlan, SectionPlan, SectionRole, ThemePlan, bar_quarters, check_form
from music.forms.planning import DEFAULT_GENRE, LETTERS, FormWishes, check_length, fit_tempo, target_bars_of
from music.forms.reading import NamedSection, kind_of, parse_form, parse_section_chords
from music.forms.table import GENRE_FORMS
from music.names import instrument_name, key_name
from music.piece import DRUM_PROGRAM, KeySignature, Piece, Tempo, TimeSignature
from music.roles import name_part
from music.time_grid import TimeGrid
from music.transform import slice_bars, transpose

ALIKE = 0.85
"""Phrases that are so alike, bar by bar, have one letter."""

_TEMPO_STRETCH = 0.08
_DEFAULT_PASSES, _MAX_PASSES = 2, 12
_MAX_UNITS = 16
_EDGES = ((4, 4), (4, 2), (2, 2), (4, 8), (8, 8), (4, 6), (2, 4), (0, 4), (0, 2), (0, 0))
"""Bars of intro and outro, the usual ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Bars of the melody that belong together, and their letter."""

    letter: str
    start_bar: int
    stop_bar: int


def extract_melody(piece: Piece) -> Piece:
    """Return the melody of a piece alone, from its first bar to the bar of its last note.

    Raises:
        NoMusicError: when no part could be one.
    """
    index = find_melody_track(piece)
    if index is None:
        raise NoMusicError("There is no melody in this piece. Choose one with a part that is not drums.")
    track = piece.tracks[index]
    name = name_part(instrument_name(track.instrument), "lead")
    alone = replace(
        piece,
        tracks=(replace(track, name=name, control_changes=(), pitch_bends=()),),
        chords=(),
        key_signatures=(),
        length_ticks=0,
    )
    grid = TimeGrid(alone)
    return replace(alone, length_ticks=grid.bar_start_ticks(grid.num_bars))


def melody_material(plan: FormPlan, source: Piece) -> Piece:
    """Return the melody as the material of a plan: its bars, in the plan's key and tempo."""
    melody = extract_melody(source)
    if plan.num_material_bars < TimeGrid(melody).num_bars:
        melody = slice_bars(melody, BarRange(0, plan.num_material_bars))
    melody = transpose(melody, semitones=plan.melody_semitones) if plan.melody_semitones else melody
    return replace(melody, tempos=(Tempo(0, plan.tempo_bpm),))


def plan_from_melody(source: Piece, wishes: FormWishes, *, seed: int) -> FormPlan:
    """Return the plan of a song around a melody.

    Raises:
        NoMusicError: when there is no melody.
        InputError: for a melody that is too long, or a length that no song has.
    """
    check_length(wishes)
    melody = extract_melody(source)
    found = find_key(source)
    own_key = found.key if found else KeySignature(0, 0, is_minor=False)
    key = own_key if wishes.key is None else own_key._replace(tonic=wishes.key.tonic)
    semitones = (key.tonic - own_key.tonic + 6) % 12 - 6
    metre = _metre_of(melody)
    bpm = wishes.tempo_bpm or float(round(find_main_tempo(source)))
    band = _band_of(melody, wishes)
    phrases = find_phrases(melody)
    target = None
    if wishes.seconds is not None or wishes.num_bars is not None:
        target = target_bars_of(wishes, bpm=bpm, metre=metre)
    if wishes.form.strip():
        order, edges = _typed_passes(phrases, parse_form(wishes.form))
    else:
        order, edges = _choose_passes(phrases, target)
    plan = FormPlan(
        genre=wishes.genre,
        key=key_name(key),
        tempo_bpm=bpm,
        metre=metre,
        instruments=band.everybody,
        themes=_themes(phrases[: 1 + max(phrases.index(phrase) for phrase in order)], key, wishes),
        sections=tuple(_lay_sections(order, edges, key, band)),
        is_from_melody=True,
        melody_semitones=semitones,
    )
    if wishes.seconds is not None and wishes.tempo_bpm is None and wishes.num_bars is None and not wishes.form:
        plan = fit_tempo(plan, seconds=wishes.seconds, stretch=_TEMPO_STRETCH)
    check_form(plan)
    del seed  # nothing is left to chance; the parameter keeps both ways of planning alike
    return plan


def _metre_of(melody: Piece) -> tuple[int, int]:
    metre: TimeSignature = find_main_metre(melody)
    found = (metre.numerator, metre.denominator)
    return found if found in METRES else min(METRES, key=lambda one: abs(bar_quarters(one) - bar_quarters(found)))


def _band_of(melody: Piece, wishes: FormWishes) -> Band:
    """Return the band around the melody's own instrument, which leads."""
    own = melody.tracks[0].instrument
    usual = GENRE_FORMS[wishes.genre or DEFAULT_GENRE].band
    rest = tuple(program for program in (wishes.instruments or usual[1:]) if program != own)
    return seat_band((own, *rest)) if own != DRUM_PROGRAM else seat_band(rest)


# --- phrases


def find_phrases(melody: Piece) -> tuple[Phrase, ...]:
    """Return the phrases of a melody, which cover it from bar 0 to its end, with a letter for those that are alike."""
    grid = TimeGrid(melody)
    num_bars = grid.num_bars
    if num_bars > MAX_SONG_BARS:
        raise NoMusicError(f"That melody has {num_bars} bars. I can make songs of melodies up to {MAX_SONG_BARS} bars.")
    similarity = self_similarity(melody)
    rests = measure_borders(melody)
    lengths = (8, 4) if num_bars >= 16 else (4,) if num_bars >= 8 else (num_bars,)
    pickup = 1 if _has_pickup(melody, grid) and num_bars > 4 else 0
    best = max(lengths, key=lambda length: (_weigh_grid(rests, similarity, length, pickup), length))
    starts = [0, *range(pickup + best, num_bars, best)]
    if len(starts) > 1 and num_bars - starts[-1] < best / 2:
        starts.pop()  # a rest of bars belongs to the last phrase
    while len(starts) > _MAX_UNITS:
        starts = starts[::2]
    return tuple(_lettered(list(pairwise([*starts, num_bars])), similarity))


def measure_borders(melody: Piece) -> Floats:
    """Return for each bar line (bars + 1,) how much the melody rests before it: 0..1, by gap and by length of the last tone."""
    grid = TimeGrid(melody)
    notes = melody.tracks[0].notes
    strength = np.zeros(grid.num_bars + 1)
    for bar in grid.bars:
        here = [note for note in notes if bar.start_ticks <= note.onset_ticks < bar.stop_ticks]
        if not here:
            strength[bar.index + 1] = 1.0
            continue
        last = max(here)
        after = min((note.onset_ticks for note in notes if note.onset_ticks >= bar.stop_ticks), default=bar.stop_ticks)
        strength[bar.index + 1] = min((after - last.onset_ticks) / bar.length_ticks, 1.0)
    return strength


def _weigh_grid(rests: Floats, similarity: Floats, length: int, pickup: int) -> float:
    """Return how well phrases of a length fit: rest at their borders above the usual, and likeness of whole phrases."""
    num_bars = len(similarity)
    borders = range(pickup + length, num_bars, length)
    if not borders:
        return 0.0
    rest = float(np.mean(rests[list(borders)]) - np.mean(rests[1:]))
    likeness = [
        np.mean([similarity[border + step, earlier + step] for step in range(min(length, num_bars - border))])
        for border in borders
        for earlier in range(pickup, border, length)
    ]
    return rest + 0.5 * float(np.max(likeness))


def _has_pickup(melody: Piece, grid: TimeGrid) -> bool:
    """Tell whether the melody begins in the second half of its first bar."""
    first = melody.tracks[0].notes[0].onset_ticks
    return grid.bar_of_tick(first) == 0 and first >= grid.bar(0).length_ticks / 2


def _lettered(spans: list[tuple[int, int]], similarity: Floats) -> Iterator[Phrase]:
    known: list[Phrase] = []
    for start_bar, stop_bar in spans:
        alike = [
            (float(np.mean([similarity[start_bar + step, one.start_bar + step] for step in range(length)])), one.letter)
            for one in known
            if (length := min(stop_bar - start_bar, one.stop_bar - one.start_bar)) > 0
        ]
        score, letter = max(alike, default=(0.0, ""))
        if score < ALIKE:
            used = {one.letter for one in known}
            letter = next((free for free in LETTERS if free not in used), LETTERS[-1])
        known.append(Phrase(letter=letter, start_bar=start_bar, stop_bar=stop_bar))
        yield known[-1]


# --- from phrases to a song


def _choose_passes(phrases: tuple[Phrase, ...], target: float | None) -> tuple[tuple[Phrase, ...], tuple[int, int]]:
    """Return the phrases of the song in order, and the bars of intro and outro, that come nearest to the target.

    The melody is heard as a whole, as often as fits, then once more in part; a target that is shorter gets its beginning.
    """
    num_bars = phrases[-1].stop_bar
    if target is None:
        passes = _DEFAULT_PASSES if num_bars * _DEFAULT_PASSES + 8 <= MAX_SONG_BARS else 1
        return phrases * passes, _fit_edges(phrases, _EDGES[0])
    best: tuple[float, tuple[Phrase, ...], tuple[int, int]] | None = None
    for passes in range(_MAX_PASSES + 1):
        for num_more in range(len(phrases)):
            order = phrases * passes + phrases[:num_more]
            if not order or (passes > 0 and passes * num_bars > 1.5 * target + num_bars):
                continue
            for rank, edges in enumerate(_EDGES):
                fitted = _fit_edges(phrases, edges)
                total = sum(one.stop_bar - one.start_bar for one in order) + sum(fitted)
                cost = 100 * abs(total - target) / target + rank + (0.5 if num_more else 0.0)
                if best is None or cost < best[0]:
                    best = (cost, order, fitted)
    assert best is not None, "one phrase alone is always possible"
    return best[1], best[2]


def _typed_passes(
    phrases: tuple[Phrase, ...], sections: tuple[NamedSection, ...]
) -> tuple[tuple[Phrase, ...], tuple[int, int]]:
    """Return the phrases that a typed form names, and the bars of its intro and outro.

    Sections of one name play one letter's phrases in turn; a letter that the melody has not, or a word such as verse, stands for the
    letters in the order in which they are met. The bars of phrases are the melody's.

    Raises:
        InputError: for more different sections than the melody has.
    """
    letters = list(dict.fromkeys(phrase.letter for phrase in phrases))
    names = [section.name for section in sections if section.kind.role == "section"]
    free = [letter for letter in letters if letter not in names]
    letter_of = {name: name for name in names if name in letters}
    for name in dict.fromkeys(names):
        if name not in letter_of:
            if not free:
                there = "one section" if len(letters) == 1 else f"{len(letters)} different sections"
                raise InputError(f"This melody has {there}: {', '.join(letters)}. Use these letters.")
            letter_of[name] = free.pop(0)
    turns = {letter: [phrase for phrase in phrases if phrase.letter == letter] for letter in letters}
    counts = dict.fromkeys(letters, 0)
    order: list[Phrase] = []
    for name in names:
        letter = letter_of[name]
        order.append(turns[letter][counts[letter] % len(turns[letter])])
        counts[letter] += 1
    edges = {
        role: next((one.num_bars or one.kind.bars[0] for one in sections if one.kind.role == role), 0)
        for role in ("intro", "outro")
    }
    return tuple(order), _fit_edges(phrases, (edges["intro"], edges["outro"]))


def _fit_edges(phrases: tuple[Phrase, ...], edges: tuple[int, int]) -> tuple[int, int]:
    shortest = min(one.stop_bar - one.start_bar for one in phrases)
    return min(edges[0], shortest), min(edges[1], shortest)


def _themes(phrases: tuple[Phrase, ...], key: KeySignature, wishes: FormWishes) -> tuple[ThemePlan, ...]:
    """Return one theme for each letter; the last one reaches to the end of what is used of the melody."""
    charts = parse_section_chords(wishes.chords)
    themes: dict[str, ThemePlan] = {}
    for phrase in phrases:
        if phrase.letter not in themes:
            themes[phrase.letter] = ThemePlan(
                letter=phrase.letter,
                start_bar=phrase.start_bar,
                num_bars=phrase.stop_bar - phrase.start_bar,
                key=key_name(key),
                chords=charts.get(phrase.letter, charts.get("", "")),
            )
    return tuple(themes.values())


def _lay_sections(
    order: tuple[Phrase, ...], edges: tuple[int, int], key: KeySignature, band: Band
) -> Iterator[SectionPlan]:
    intro_bars, outro_bars = edges

    def lay(name: str, phrase: Phrase, span: tuple[int, int], role: SectionRole, occurrence: int = 0) -> SectionPlan:
        kind = kind_of(name)
        layers = max(kind.layers, 1) if role == "section" else kind.layers
        return SectionPlan(
            name=name,
            letter=phrase.letter,
            start_bar=span[0],
            num_bars=span[1] - span[0],
            key=key_name(key),
            loudness=kind.loudness,
            instruments=band.players(layers=layers, occurrence=occurrence),
            role=role,
        )

    first, last = order[0], order[-1]
    if intro_bars:
        yield lay("intro", first, (first.stop_bar - intro_bars, first.stop_bar), "intro")
    seen: dict[int, int] = {}
    for phrase in order:
        occurrence = seen.get(phrase.start_bar, 0)
        seen[phrase.start_bar] = occurrence + 1
        yield lay(phrase.letter, phrase, (phrase.start_bar, phrase.stop_bar), "section", occurrence)
    if outro_bars:
        yield lay("outro", last, (last.stop_bar - outro_bars, last.stop_bar), "outro")
