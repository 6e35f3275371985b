"""Harmony explained: what the analysis reads in a piece, for people and programs. It knows no chat and no network."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from music.names import key_name
from music.piece import Piece
from music.theory.explanation import explain
from music.theory.reading import HarmonyReading, read_harmony
from music.time_grid import TimeGrid

BARS_PER_LINE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonyReport:
    """A piece's harmony with the paragraph about it. Bars in what people read count from 1."""

    title: str
    reading: HarmonyReading
    text: str
    foreign_bars: tuple[int, ...]  # from 0, the bar of each foreign tone

    @property
    def keys(self) -> str:
        """The keys in words: "G major", or "A major (1-6), F# minor (7-10)"."""
        regions = self.reading.regions
        if len(regions) <= 1:
            return key_name(regions[0].key) if regions else "none"
        return ", ".join(f"{key_name(each.key)} ({each.start_bar + 1}-{each.stop_bar})" for each in regions)

    @property
    def form(self) -> str:
        """The sections in words: "A (1-8), B (9-16), A' (17-24)"."""
        return ", ".join(f"{each.letter} ({each.start_bar + 1}-{each.stop_bar})" for each in self.reading.sections)

    @property
    def cadences(self) -> str:
        """The cadences in words: "half (bar 4), perfect authentic (bar 8)"."""
        return ", ".join(f"{each.kind} (bar {each.bar + 1})" for each in self.reading.cadences)

    @property
    def foreign_tones(self) -> str:
        """The melody's foreign tones in words, with the bars of each kind."""
        bars: dict[str, Counter[int]] = {}
        for tone, bar in zip(self.reading.foreign_tones, self.foreign_bars, strict=True):
            bars.setdefault(tone.kind, Counter())[bar + 1] += 1
        return ", ".join(f"{kind} (bar {', '.join(map(str, sorted(found)))})" for kind, found in bars.items())

    def lines(self, *, with_numerals: bool) -> list[str]:
        """Return chords or Roman numerals, four bars a line with the number of the first."""
        texts = [bar.numerals if with_numerals else bar.chords for bar in self.reading.bars]
        return [
            f"{start + 1:>3}  " + " | ".join(texts[start : start + BARS_PER_LINE])
            for start in range(0, len(texts), BARS_PER_LINE)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        reading = self.reading
        return {
            "title": self.title,
            "keys": [
                {"key": key_name(each.key), "first_bar": each.start_bar + 1, "last_bar": each.stop_bar}
                for each in reading.regions
            ],
            "bars": [{"bar": each.bar + 1, "chords": each.chords, "numerals": each.numerals} for each in reading.bars],
            "cadences": [{"bar": each.bar + 1, "kind": each.kind} for each in reading.cadences],
            "foreign_tones": [
                {"bar": bar + 1, "kind": tone.kind, "pitch": tone.note.pitch}
                for tone, bar in zip(reading.foreign_tones, self.foreign_bars, strict=True)
            ],
            "sections": [
                {"letter": each.letter, "first_bar": each.start_bar + 1, "last_bar": each.stop_bar}
                for each in reading.sections
            ],
            "explanation": self.text,
        }


async def explain_piece(piece: Piece) -> HarmonyReport:
    """Return what is found in a piece; the analysis runs beside the event loop."""
    return await asyncio.to_thread(_explain, piece)


def _explain(piece: Piece) -> HarmonyReport:
    reading = read_harmony(piece)
    grid = TimeGrid(piece)
    return HarmonyReport(
        title=piece.title,
        reading=reading,
        text=explain(piece, reading),
        foreign_bars=tuple(grid.bar_of_tick(tone.note.onset_ticks) for tone in reading.foreign_tones),
    )
