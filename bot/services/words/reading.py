"""A text while it is being read: its words, which of them are explained, and what was found. It knows no rule.

Every rule claims the words it explains, so that no word counts twice and what stays unclaimed can be told to the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.services.words.tokens import Token, cut
from bot.services.words.vocabulary import Phrase, Vocabulary

_TENS = 10
_HUNDRED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was understood: ``field`` and ``value`` for the code, ``words`` as they were typed.

    ``is_refused``: the person does not want it. ``at``: the first token.
    """

    field: str
    value: Any
    words: str
    at: int
    is_refused: bool = False


class Reading:
    """The words of one text. Positions are indices of tokens, ranges half-open."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.tokens: list[Token] = [
            token if _is_proper_name(token) else replace(token, text=vocabulary.speller.correct(token.text))
            for token in cut(text)
        ]
        self.findings: list[Finding] = []
        self._is_claimed = [False] * len(self.tokens)

    # --- looking ---------------------------------------------------------------------------------------------------

    def is_free(self, start: int, stop: int | None = None) -> bool:
        """Tell whether these tokens exist and nobody claimed one."""
        stop = start + 1 if stop is None else stop
        return 0 <= start < stop <= len(self.tokens) and not any(self._is_claimed[start:stop])

    def match(self, group: str, at: int) -> tuple[str, int] | None:
        """Return (value, stop) of the longest phrase of a group of the vocabulary that begins at a token."""
        return self._longest(self.vocabulary.groups[group], at, openings=self.vocabulary.openings[group])

    def match_before(self, group: str, stop: int) -> int | None:
        """Return where a phrase of a group begins that ends right before a token."""
        for start in range(max(0, stop - self.vocabulary.longest_phrase), stop):
            found = self.match(group, start)
            if found is not None and found[1] == stop:
                return start
        return None

    def senses(self, at: int) -> tuple[Mapping[str, str], int] | None:
        """Return what the longest phrase of content that begins at a token can be, and where it ends."""
        return self._longest(self.vocabulary.senses, at, openings=self.vocabulary.openings[""])

    def number(self, at: int) -> tuple[float, int] | None:
        """Return (value, stop) of the number that begins at a token, in digits or words."""
        if not self.is_free(at):
            return None
        digits = self.tokens[at].number
        if digits is not None:
            return digits, at + 1
        return self._spelled_number(at)

    def starts_clause(self, at: int) -> bool:
        """Tell whether a token is the first after a comma or full stop."""
        return at == 0 or self.tokens[at].has_pause

    def ends_clause(self, stop: int) -> bool:
        """Tell whether nothing or a comma follows."""
        return stop >= len(self.tokens) or self.tokens[stop].has_pause

    def quote(self, start: int, stop: int) -> str:
        """Return tokens as they were typed."""
        return self.text[self.tokens[start].start : self.tokens[stop - 1].stop]

    # --- claiming --------------------------------------------------------------------------------------------------

    def claim(self, start: int, stop: int) -> None:
        """Mark tokens as explained."""
        self._is_claimed[start:stop] = [True] * (stop - start)

    def find(self, field: str, value: Any, start: int, stop: int, *, is_refused: bool = False) -> None:
        """Note a finding and claim its tokens."""
        self.claim(start, stop)
        self.findings.append(
            Finding(field=field, value=value, words=self.quote(start, stop), at=start, is_refused=is_refused)
        )

    def has(self, field: str) -> bool:
        """Tell whether something was found for a field."""
        return any(finding.field == field for finding in self.findings)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _longest(self, table: Mapping[Phrase, Any], at: int, *, openings: Mapping[str, int]) -> tuple[Any, int] | None:
        if at >= len(self.tokens):
            return None
        first = self.tokens[at].text
        longest = min(max(openings.get(first, 0), openings.get(_singular(first), 0)), len(self.tokens) - at)
        for length in range(longest, 0, -1):
            stop = at + length
            if not self.is_free(at, stop) or any(self.tokens[i].has_pause for i in range(at + 1, stop)):
                continue
            phrase = tuple(token.text for token in self.tokens[at:stop])
            for form in (phrase, (*phrase[:-1], _singular(phrase[-1]))):
                if form in table:
                    return table[form], stop
        return None

    def _spelled_number(self, at: int) -> tuple[float, int] | None:
        """Read "twenty four", "a hundred and ten", "three"."""
        numbers = self.vocabulary.numbers
        if self.match("words.single", at) and self._is_hundred(at + 1):
            at += 1
        if not self.is_free(at) or self.tokens[at].text not in numbers:
            return None
        value, stop = numbers[self.tokens[at].text], at + 1
        if value < _TENS and self._is_hundred(stop):
            value, stop = value * _HUNDRED, stop + 1
        while self.is_free(stop) and not self.tokens[stop].has_pause:
            joined = self.match("words.and", stop) if value >= _HUNDRED else None
            following = stop if joined is None else joined[1]
            if not self.is_free(following) or self.tokens[following].text not in numbers:
                break
            more = numbers[self.tokens[following].text]
            room = _HUNDRED if value % _HUNDRED == 0 else _TENS if value % _TENS == 0 and value > _TENS else 0
            if not 0 < more < room:
                break
            value, stop = value + more, following + 1
        return float(value), stop

    def _is_hundred(self, at: int) -> bool:
        return self.is_free(at) and self.vocabulary.numbers.get(self.tokens[at].text) == _HUNDRED


def _is_proper_name(token: Token) -> bool:
    """Tell whether a word looks like somebody's name: such words are taken as they are."""
    return token.raw.istitle() and not token.has_full_stop


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
