"""Cuts what somebody typed into words, numbers and signs, and remembers where each stood. It knows no language."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT_LENGTH = 1000
"""More than a person types as one wish; what follows is not read."""

_TOKEN = re.compile(
    r"""
    (?P<number>\d+(?:[.,]\d+)?(?![^\W\d_]*\d))
    | (?P<word>w/o\b | w/ | \b[a-z]&[a-z]\b | [a-g][#♯♭](?:m(?:in|aj)?)?(?![^\W\d_]) | [^\W\d_]+(?:['’][^\W\d_]+)*)
    | (?P<sign>[=:/&+@%♩♪\#] | (?<=\d)\s*[-–—]\s*(?=\d) | [\u2600-\u27bf\U0001f000-\U0001faff])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_STRONG_BREAK = re.compile(r"[.;!?\n|\[\]•]|\s[-–—]+\s")
_WEAK_BREAK = ","
_LARGEST = 1e12  # 400 digits would be infinite, which is no number of bars to be refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, number or sign. ``text`` is folded for comparing; ``start``/``stop`` point into what was typed.

    ``has_pause``: a comma or more stands before it; ``has_full_stop``: more than a comma. ``is_glued``: no space before.
    """

    text: str
    raw: str
    start: int
    stop: int
    has_pause: bool = False
    has_full_stop: bool = False
    is_glued: bool = False

    @property
    def number(self) -> float | None:
        """Its value when it is written in digits; more than anything is counted in counts as that."""
        return min(float(self.text), _LARGEST) if self.text[:1].isdecimal() and self.text.isascii() else None


def cut(text: str) -> list[Token]:
    """Return the tokens of a text. Hyphens count as spaces, except between digits, where they mean a range."""
    tokens: list[Token] = []
    stop = 0
    for match in _TOKEN.finditer(text[:MAX_TEXT_LENGTH]):
        gap = text[stop : match.start()]
        is_strong = bool(_STRONG_BREAK.search(gap)) or not tokens
        tokens.append(
            Token(
                text=_fold(match),
                raw=match.group(),
                start=match.start(),
                stop=match.end(),
                has_pause=is_strong or _WEAK_BREAK in gap,
                has_full_stop=is_strong,
                is_glued=bool(tokens) and not gap,
            )
        )
        stop = match.end()
    return tokens


def fold_phrase(text: str) -> tuple[str, ...]:
    """Return the token texts of a phrase of the vocabulary."""
    return tuple(token.text for token in cut(text))


def _fold(match: re.Match[str]) -> str:
    text = match.group().strip().casefold().replace("’", "'").replace("♯", "#").replace("♭", "b")
    if match.lastgroup == "number":
        return text.replace(",", ".")
    return "-" if text in {"–", "—"} else text
