"""The form of a song as a value: its themes, its sections in order, its band. It knows nothing of how either is written.

All music of a song comes from its *material*: the themes one after another, on bar lines, in one piece. A section plays
some bars of the material (``start_bar``, ``num_bars``); sections of one letter play the same ones, so they are repeats. For a
song out of somebody's melody the material is that melody from its first bar to its last. Bars count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import InputError
from music.constraints import METRES
from music.vocabulary import FASTEST_BPM, SLOWEST_BPM

SectionRole = Literal["intro", "section", "outro"]

MAX_SONG_BARS = 256
MAX_THEME_BARS = 32
MIN_SECONDS, MAX_SECONDS = 10.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemePlan:
    """Bars of the material that belong together. ``chords``: a chart to follow, empty leaves the choice to the networks.

    ``density_step``: how many classes busier than the first theme it is to be.
    """

    letter: str
    start_bar: int
    num_bars: int
    key: str
    chords: str = ""
    density_step: int = 0

    @property
    def stop_bar(self) -> int:
        return self.start_bar + self.num_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPlan:
    """One section: which bars of the material it plays, how loud (1 is as written), and with whom (programs; the lead first)."""

    name: str
    letter: str
    start_bar: int
    num_bars: int
    key: str
    loudness: float
    instruments: tuple[int, ...]
    role: SectionRole = "section"

    @property
    def stop_bar(self) -> int:
        return self.start_bar + self.num_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPlan:
    """A whole song. ``instruments``: programs 0..127 and ``DRUM_PROGRAM``, the lead first. ``tempo_bpm``: quarter notes."""

    genre: str | None
    key: str
    tempo_bpm: float
    metre: tuple[int, int]
    instruments: tuple[int, ...]
    themes: tuple[ThemePlan, ...]
    sections: tuple[SectionPlan, ...]
    is_from_melody: bool = False
    melody_semitones: int = 0  # a given melody is moved so far, into the key that was asked for

    @property
    def num_bars(self) -> int:
        return sum(section.num_bars for section in self.sections)

    @property
    def num_material_bars(self) -> int:
        """Bars of the material that are used."""
        return max((part.stop_bar for part in (*self.themes, *self.sections)), default=0)

    @property
    def bar_seconds(self) -> float:
        return bar_quarters(self.metre) * 60 / self.tempo_bpm

    @property
    def duration_seconds(self) -> float:
        return self.num_bars * self.bar_seconds

    @property
    def letters(self) -> str:
        """Letters of the sections that are neither intro nor outro, in order: "ABABCB"."""
        return "".join(section.letter for section in self.sections if section.role == "section")

    def first_bars(self) -> tuple[int, ...]:
        """Return the bar of the song at which each section begins."""
        firsts: list[int] = []
        bar = 0
        for section in self.sections:
            firsts.append(bar)
            bar += section.num_bars
        return tuple(firsts)

    def occurrence(self, index: int) -> int:
        """Return how many sections before ``index`` play the same bars: 0 for the first, above for repeats."""
        here = self.sections[index]
        if here.role != "section":
            return 0
        earlier = self.sections[:index]
        return sum(one.role == "section" and one.start_bar == here.start_bar for one in earlier)

    def theme_called(self, letter: str) -> ThemePlan:
        """Return the theme of a letter.

        Raises:
            KeyError: when there is none.
        """
        for theme in self.themes:
            if theme.letter == letter:
                return theme
        raise KeyError(letter)


def bar_quarters(metre: tuple[int, int]) -> float:
    """Return the quarter notes of a bar."""
    return metre[0] * 4 / metre[1]


def check_form(plan: FormPlan) -> None:
    """Refuse a plan that cannot be written.

    Raises:
        InputError: with what to change.
    """
    if not plan.sections or not plan.themes:
        raise InputError("A song needs at least one section. Write a form like AABA or verse chorus verse chorus.")
    if plan.num_bars > MAX_SONG_BARS:
        raise InputError(
            f"That song has {plan.num_bars} bars. I write at most {MAX_SONG_BARS}; make it shorter or slower."
        )
    if any(section.num_bars < 1 for section in plan.sections):
        raise InputError("Every section needs at least one bar.")
    if not plan.is_from_melody and any(theme.num_bars > MAX_THEME_BARS for theme in plan.themes):
        raise InputError(f"A section has at most {MAX_THEME_BARS} bars. Split it in two.")
    if plan.metre not in METRES or not SLOWEST_BPM <= plan.tempo_bpm <= FASTEST_BPM:
        raise InputError(f"A tempo lies between {SLOWEST_BPM:.0f} and {FASTEST_BPM:.0f}. Choose one there.")
