"""Reading forms and chords that people type: "AABA", "intro verse chorus verse chorus outro", "verse 16, chorus 8", "blues".

It knows nothing of lengths that fit or of keys.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from core.errors import InputError, UnknownNameError
from music.chord_chart import parse_chart
from music.forms.table import LETTER_KINDS, OTHER_NAMES, SECTION_KINDS, SectionKind

MAX_SECTIONS = 32
_LONGEST_ECHO = 40
_SEPARATORS = re.compile(r"(?:[\s,;|/>→–—+]|(?<![a-zA-Z])-|-(?![a-zA-Z]))+")
_WORD = re.compile(
    r"^(?:(?P<before>\d{1,2})x)?(?P<name>[a-z][a-z-]*?)\d?'?(?:[(:=](?P<bars>\d{1,3})\)?)?(?:x(?P<after>\d{1,2}))?$"
)
_LETTERS = re.compile(r"^(?:[A-H]\d?'*)+$")
_CHART = re.compile(r"(?:^|[\n;])\s*(?P<name>[A-Za-z][A-Za-z -]*?)\s*:(?!\|)")


@dataclass(frozen=True, slots=True)
class NamedSection:
    """A section as somebody called it; ``num_bars`` None leaves its length open."""

    name: str
    num_bars: int | None = None

    @property
    def kind(self) -> SectionKind:
        """What the name means."""
        return kind_of(self.name)


def kind_of(name: str) -> SectionKind:
    """Return what a section's name means: a word of ``SECTION_KINDS`` or a letter."""
    return SECTION_KINDS.get(name) or LETTER_KINDS.get(name) or LETTER_KINDS["D"]


def parse_form(text: str) -> tuple[NamedSection, ...]:
    """Return the sections that a form names, in order. Bars may follow a name: "verse 16", "A(8)", "chorus=8".

    Raises:
        InputError: for too many sections, or none.
        UnknownNameError: for a word that names no section.
    """
    cleaned = re.sub(r"(?i)\b(?:12|twelve)[- ]bar[- ]blues\b", "blues", text.strip())
    cleaned = re.sub(r"(?i)\b(\d{1,3})[- ]bars?\b", r"\1", cleaned)
    cleaned = re.sub(r"(?i)\bpre[ -]chorus\b", "pre-chorus", re.sub(r"\s*([(:=])\s*", r"\1", cleaned))
    sections: list[NamedSection] = []
    for word in (word for word in _SEPARATORS.split(cleaned) if word):
        again = re.fullmatch(r"[x×](\d{1,2})", word)
        if again and sections:
            sections += [sections[-1]] * (min(int(again[1]), MAX_SECTIONS) - 1)
        elif word.isdecimal() and sections:
            sections[-1] = NamedSection(sections[-1].name, _bars(int(word)))
        else:
            sections += _read_word(word)
    if not any(section.kind.role == "section" for section in sections):
        raise InputError("That form has no sections. Write one like AABA, or verse chorus verse chorus bridge chorus.")
    if len(sections) > MAX_SECTIONS:
        raise InputError(f"That form has {len(sections)} sections. Write at most {MAX_SECTIONS}.")
    return tuple(sections)


def _read_word(word: str) -> list[NamedSection]:
    if _LETTERS.fullmatch(word):
        return [NamedSection(letter) for letter in re.findall(r"[A-H]", word)]
    match = _WORD.fullmatch(word.casefold())
    if match is None:
        raise _unknown(word)
    name = match["name"]
    name = OTHER_NAMES.get(name, name)
    if len(name) == 1 and name in "abcdefgh":
        name = name.upper()
    elif name not in SECTION_KINDS:
        name = OTHER_NAMES.get(name.removesuffix("s"), name.removesuffix("s"))
    if name not in SECTION_KINDS and len(name) > 1:
        raise _unknown(word)
    bars = None if match["bars"] is None else _bars(int(match["bars"]))
    return [NamedSection(name, bars)] * max(1, min(int(match["before"] or match["after"] or 1), MAX_SECTIONS))


def _bars(number: int) -> int:
    if number < 1:
        raise InputError("Every section needs at least one bar.")
    return number


def _unknown(word: str) -> UnknownNameError:
    names = tuple(SECTION_KINDS)
    close = tuple(difflib.get_close_matches(word.casefold(), names)) or ("verse", "chorus", "bridge", "AABA")
    return UnknownNameError(kind="section", name=word[:_LONGEST_ECHO], suggestions=close)


def write_form(sections: tuple[NamedSection, ...]) -> str:
    """Return sections as ``parse_form`` reads them."""
    return ", ".join(one.name if one.num_bars is None else f"{one.name} {one.num_bars}" for one in sections)


def parse_section_chords(text: str) -> dict[str, str]:
    """Return charts by section name: "A: C | F; B: G | Am", one a line or with ";" between; "" stands for every section.

    Raises:
        InputError: for what is no chart.
    """
    if not text.strip():
        return {}
    found = list(_CHART.finditer(text))
    if not found:
        parse_chart(text)
        return {"": text.strip()}
    charts: dict[str, str] = {}
    if text[: found[0].start()].strip():
        raise InputError("Write a section's name before its chords, like “verse: C | Am | F | G”.")
    for match, after in zip(found, [*found[1:], None], strict=True):
        chart = text[match.end() : None if after is None else after.start()].strip(" ;\n")
        if not chart:
            continue
        parse_chart(chart)
        (section,) = parse_form(match["name"])[:1]
        charts[section.name] = chart
    return charts
