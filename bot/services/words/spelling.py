"""Finds the word that somebody meant when a finger slipped, and none when another word could be meant.

The distance is that of Damerau (1964), "A technique for computer detection and correction of spelling errors", CACM 7(3):
letters left out, added, replaced, or two neighbours swapped; each counts one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_SHORTEST = 4  # shorter words have too many neighbours
_LONG = 8  # from here on two slips are forgiven


class Speller:
    """Knows the words that may be meant, and those that are never taken for mistyped."""

    def __init__(self, words: Iterable[str], *, sound: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._sound = frozenset(sound)
        self._by_initial: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            if len(word) >= _SHORTEST and word.isalpha():
                self._by_initial[word[0]].append(word)

    def correct(self, word: str) -> str:
        """Return the one nearest known word, or ``word`` itself."""
        if len(word) < _SHORTEST or not word.isalpha() or self._is_sound(word):
            return word
        reach = 2 if len(word) >= _LONG else 1
        candidates = [
            known
            for initial in dict.fromkeys(word[:2])  # the first two may be swapped
            for known in self._by_initial[initial]
            if abs(len(known) - len(word)) <= reach and (initial == word[0] or known[1] == word[0])
        ]
        scored = [(distance(word, known, limit=reach), known) for known in candidates]
        best = min((score for score, _ in scored), default=reach + 1)
        nearest = [known for score, known in scored if score == best]
        if best > reach or len(nearest) != 1:
            return word
        if len(word) == _SHORTEST and len(nearest[0]) == _SHORTEST and sorted(word) != sorted(nearest[0]):
            return word  # four letters and one of them different: more likely another word
        return nearest[0]

    def _is_sound(self, word: str) -> bool:
        return any(form in self._words or form in self._sound for form in (word, word.removesuffix("s"), f"{word}s"))


def distance(first: str, second: str, *, limit: int) -> int:
    """Return how many slips lie between two words, ``limit`` + 1 where there are more."""
    before: list[int] = []
    last = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        line = [row]
        for column, other in enumerate(second, start=1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) > limit:
            return limit + 1
        before, last = last, line
    return min(last[-1], limit + 1)
