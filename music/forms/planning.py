"""Making a form plan out of wishes: the genre's usual form, or the typed one, fitted to the asked length. Pure; it writes nothing.

What is not asked is drawn from the seed, so the same wishes and seed give the same plan. Among the genre's forms and the usual
lengths of their sections that combination is taken which comes nearest to the asked length; a tempo that nobody asked for is
then moved a little so that the length is met.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from core.errors import InputError
from music.analysis import find_key
from music.chord_chart import parse_chart
from music.chords import chord_name, chord_pitch_classes
from music.forms.band import Band, seat_band
from music.forms.plan import (
    MAX_SECONDS,
    MAX_SONG_BARS,
    MIN_SECONDS,
    FormPlan,
    SectionPlan,
    ThemePlan,
    bar_quarters,
    check_form,
)
from music.forms.reading import NamedSection, kind_of, parse_form, parse_section_chords
from music.forms.table import BLUES_FORMS, GENRE_FORMS, GenreForm
from music.names import key_name
from music.piece import ChordSymbol, KeySignature, Note, Piece, Track

DEFAULT_SECONDS = 120.0
DEFAULT_GENRE = "pop"
LETTERS = "ABCDEFGH"

_TEMPO_STRETCH = 0.08  # how far a drawn tempo is moved to meet a length
_FORM_PENALTY, _BARS_PENALTY = 0.5, 0.8  # per cent of error that a less usual form, or section length, is worth
_GOOD_ERROR = 4.0  # per cent; what lies beyond weighs more, for a song shall be within 10 % of what was asked
_MAJOR_TONICS, _MINOR_TONICS = (0, 7, 2, 5, 10, 9, 3), (9, 4, 2, 7, 0, 11)
_BLUES_DEGREES = (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWishes:
    """What somebody asks of a song. ``instruments``: programs, the lead first. Bars win over seconds. Empty: as usual."""

    genre: str | None = None
    key: KeySignature | None = None
    tempo_bpm: float | None = None
    metre: tuple[int, int] | None = None
    seconds: float | None = None
    num_bars: int | None = None
    form: str = ""
    instruments: tuple[int, ...] = ()
    chords: str = ""


def plan_form(wishes: FormWishes, *, seed: int) -> FormPlan:
    """Return the plan of a song.

    Raises:
        InputError: for a length that no song has, or a form or chords that cannot be read.
    """
    check_length(wishes)
    dice = random.Random(f"form:{seed}")
    usual = GENRE_FORMS[wishes.genre or DEFAULT_GENRE]
    metre = wishes.metre or usual.metre
    drawn_key = draw_key(dice, usual)
    key = wishes.key or key_of_charts(wishes.chords) or drawn_key
    drawn_bpm = float(dice.randint(usual.tempos_bpm[0] // 2, usual.tempos_bpm[1] // 2) * 2)
    bpm = wishes.tempo_bpm or drawn_bpm
    target_bars = target_bars_of(wishes, bpm=bpm, metre=metre)
    sections = _choose_sections(wishes, usual, target_bars=target_bars, is_open=_is_open(wishes))
    plan = lay_out(
        sections, wishes=wishes, key=key, tempo_bpm=bpm, metre=metre, band=seat_band(wishes.instruments or usual.band)
    )
    if wishes.tempo_bpm is None and wishes.num_bars is None:
        plan = fit_tempo(plan, seconds=wishes.seconds or DEFAULT_SECONDS, stretch=_TEMPO_STRETCH)
    check_form(plan)
    return plan


def check_length(wishes: FormWishes) -> None:
    """Refuse a length that no song has.

    Raises:
        InputError: with what there is.
    """
    if wishes.seconds is not None and not MIN_SECONDS <= wishes.seconds <= MAX_SECONDS:
        raise InputError(
            f"A song lasts {MIN_SECONDS:.0f} seconds to {MAX_SECONDS / 60:.0f} minutes. Choose a length in between."
        )
    if wishes.num_bars is not None and not 4 <= wishes.num_bars <= MAX_SONG_BARS:
        raise InputError(f"A song has 4 to {MAX_SONG_BARS} bars. Choose a number in between.")


def draw_key(dice: random.Random, usual: GenreForm) -> KeySignature:
    """Return a key that the genre may well have."""
    is_minor = dice.random() < usual.minor_share
    return KeySignature(0, dice.choice(_MINOR_TONICS if is_minor else _MAJOR_TONICS), is_minor)


def key_of_charts(text: str) -> KeySignature | None:
    """Return the key that typed chords suggest, all sections together; None without chords."""
    charts = parse_section_chords(text)
    weights: list[ChordSymbol] = [
        slot for chart in charts.values() for bar in parse_chart(chart).bars for slot in bar if slot is not None
    ]
    if not weights:
        return None
    notes = tuple(
        Note(index * 480, 48 + pitch_class, 480 * (2 if pitch_class == chord.root else 1), 80)
        for index, chord in enumerate((*weights, weights[0], weights[-1]))
        for pitch_class in chord_pitch_classes(chord)
    )
    found = find_key(Piece(tracks=(Track(notes=notes),)))
    return found.key if found else None


def target_bars_of(wishes: FormWishes, *, bpm: float, metre: tuple[int, int]) -> float:
    """Return how many bars the song should have."""
    if wishes.num_bars is not None:
        return float(wishes.num_bars)
    return (wishes.seconds or DEFAULT_SECONDS) * bpm / 60 / bar_quarters(metre)


def fit_tempo(plan: FormPlan, *, seconds: float, stretch: float) -> FormPlan:
    """Return the plan with its tempo moved towards a length, by a share of ``stretch`` at most, to a whole number."""
    wanted_bpm = plan.tempo_bpm * plan.duration_seconds / seconds
    low, high = plan.tempo_bpm * (1 - stretch), plan.tempo_bpm * (1 + stretch)
    return replace(plan, tempo_bpm=float(round(min(max(wanted_bpm, low), high))))


def _is_open(wishes: FormWishes) -> bool:
    return not wishes.form.strip()


# --- which sections, how long


def _choose_sections(
    wishes: FormWishes, usual: GenreForm, *, target_bars: float, is_open: bool
) -> tuple[NamedSection, ...]:
    """Return the form and its bars that come nearest to the target."""
    if is_open:
        forms = [parse_form(form) for form in usual.forms]
    elif wishes.form.strip().casefold() in {"blues", "12-bar blues", "12 bar blues", "twelve-bar blues"}:
        forms = [parse_form(form) for form in BLUES_FORMS]
    else:
        forms = [parse_form(wishes.form)]
    if is_open or len(forms) > 1:
        forms += [variant for form in forms[:2] for variant in _stretched(form)]
    best: tuple[float, tuple[NamedSection, ...]] | None = None
    for rank, form in enumerate(forms):
        for penalty, filled in _fillings(form, small=target_bars < 24):
            error = 100 * abs(_count_bars(filled) - target_bars) / target_bars
            cost = error + 3 * max(error - _GOOD_ERROR, 0) + _BARS_PENALTY * penalty + _FORM_PENALTY * rank
            if best is None or cost < best[0]:
                best = (cost, filled)
    if best is None:  # typed so: an intro longer than what follows
        return tuple(replace(section, num_bars=section.num_bars or section.kind.bars[0]) for section in forms[0])
    return best[1]


def _stretched(form: tuple[NamedSection, ...]) -> Iterator[tuple[NamedSection, ...]]:
    """Yield shorter and longer forms of the kind: sections left out from the end, the last ones again, all of it again."""
    before = tuple(section for section in form if section.kind.role == "intro")
    after = tuple(section for section in form if section.kind.role == "outro")
    body = tuple(section for section in form if section.kind.role == "section")
    for num_left in range(len(body) - 1, 0, -1):
        yield (*before, *body[:num_left], *after)
    for num_again in range(1, len(body) + 1):
        yield (*before, *body, *body[-num_again:], *after)


def _fillings(form: tuple[NamedSection, ...], *, small: bool) -> Iterator[tuple[int, tuple[NamedSection, ...]]]:
    """Yield (how unusual, the form with bars); sections of one name have one length, the typed one if there is any."""
    typed = {section.name: section.num_bars for section in form if section.num_bars is not None}
    form = tuple(replace(section, num_bars=section.num_bars or typed.get(section.name)) for section in form)
    names = tuple(dict.fromkeys(section.name for section in form if section.num_bars is None))
    choices = [_bar_choices(name, small=small) for name in names]
    for picked in product(*(range(len(choice)) for choice in choices)):
        bars = {name: choices[index][pick] for index, (name, pick) in enumerate(zip(names, picked, strict=True))}
        filled = tuple(
            section if section.num_bars is not None else replace(section, num_bars=bars[section.name])
            for section in form
        )
        if _is_proportioned(filled):
            yield sum(picked), filled


def _is_proportioned(sections: Sequence[NamedSection]) -> bool:
    """Tell whether intro and outro are no longer than the shortest section, out of which they may be made."""
    shortest = min(section.num_bars or 0 for section in sections if section.kind.role == "section")
    return all((section.num_bars or 0) <= shortest for section in sections if section.kind.role != "section")


def _bar_choices(name: str, *, small: bool) -> tuple[int, ...]:
    usual = kind_of(name).bars
    return tuple(dict.fromkeys((*usual, 4, 2))) if small else usual


def _count_bars(sections: Sequence[NamedSection]) -> int:
    return sum(section.num_bars or 0 for section in sections)


# --- from names and bars to a plan


def lay_out(
    sections: tuple[NamedSection, ...],
    *,
    wishes: FormWishes,
    key: KeySignature,
    tempo_bpm: float,
    metre: tuple[int, int],
    band: Band,
) -> FormPlan:
    """Return the plan of named sections with bars: letters by name, intro and outro out of the themes beside them."""
    usual = GENRE_FORMS[wishes.genre or DEFAULT_GENRE]
    charts = parse_section_chords(wishes.chords)
    themes: dict[str, ThemePlan] = {}
    for section in sections:
        if section.kind.role != "section":
            continue
        known = themes.get(section.name)
        if known is not None:
            themes[section.name] = replace(known, num_bars=max(known.num_bars, section.num_bars or 0))
            continue
        letter = LETTERS[min(len(themes), len(LETTERS) - 1)]
        theme_key = contrast_key(key, usual.contrast) if letter == "B" and usual.contrast != "same" else key
        chart = charts.get(section.name, charts.get(letter, charts.get("", "")))
        if not chart and section.name == "blues":
            chart = blues_chart(key)
        themes[section.name] = ThemePlan(
            letter=letter,
            start_bar=0,
            num_bars=section.num_bars or 8,
            key=key_name(theme_key),
            chords=chart,
            density_step=section.kind.density_step,
        )
    placed: dict[str, ThemePlan] = {}
    bar = 0
    for name, theme in themes.items():
        placed[name] = replace(theme, start_bar=bar)
        bar += theme.num_bars
    return FormPlan(
        genre=wishes.genre,
        key=key_name(key),
        tempo_bpm=tempo_bpm,
        metre=metre,
        instruments=band.everybody,
        themes=tuple(placed.values()),
        sections=tuple(_lay_sections(sections, placed, band)),
    )


def _lay_sections(
    sections: tuple[NamedSection, ...], themes: dict[str, ThemePlan], band: Band
) -> Iterator[SectionPlan]:
    """Yield the sections; an intro plays the first bars of what follows it, an outro the last ones of what was before."""
    counts: dict[str, int] = {}
    last = next(iter(themes.values()))
    for section in sections:
        kind, num_bars = section.kind, section.num_bars or 4
        if kind.role == "section":
            last = themes[section.name]
            occurrence = counts.get(section.name, 0)
            counts[section.name] = occurrence + 1
            start_bar = last.start_bar
        else:
            occurrence = 0
            num_bars = min(num_bars, last.num_bars)
            start_bar = last.start_bar if kind.role == "intro" else last.stop_bar - num_bars
        yield SectionPlan(
            name=section.name,
            letter=last.letter,
            start_bar=start_bar,
            num_bars=num_bars,
            key=last.key,
            loudness=kind.loudness,
            instruments=band.players(layers=kind.layers, occurrence=occurrence),
            role=kind.role,
        )


def contrast_key(key: KeySignature, contrast: str) -> KeySignature:
    """Return the key of a contrasting theme: the dominant's (the relative major's in minor), or the relative's."""
    if key.is_minor:
        return KeySignature(0, (key.tonic + 3) % 12, is_minor=False)
    if contrast == "relative":
        return KeySignature(0, (key.tonic + 9) % 12, is_minor=True)
    return KeySignature(0, (key.tonic + 7) % 12, is_minor=False)


def blues_chart(key: KeySignature) -> str:
    """Return the chords of twelve bars of blues in a key."""
    quality = "min7" if key.is_minor else "7"
    roots = [(key.tonic + degree) % 12 for degree in _BLUES_DEGREES]
    chords = [
        ChordSymbol(0, root, "7" if degree == 7 else quality, root)
        for root, degree in zip(roots, _BLUES_DEGREES, strict=True)
    ]
    return " | ".join(chord_name(chord, key) for chord in chords)
