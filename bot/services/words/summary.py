"""Findings -> one value: settles what goes together, names what contradicts itself, and lists the words that stayed dark.

It knows no particular language and orders nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bot.services.options import DENSITIES
from bot.services.words.keys import is_same_key, name_of
from bot.services.words.reading import Finding, Reading
from bot.services.words.understanding import Contradiction, Echo, Understood
from core.errors import UnknownNameError
from music.names import parse_instrument

_SIMILAR_TEMPOS = 1.4  # "medium swing, laid back tempo": words that differ less go together
_DISTANT_DENSITIES = 3
_OPPOSITE_MOODS = (("happy", "sad"), ("calm", "energetic"), ("calm", "angry"), ("happy", "dark"))
_QUIET_SIGNS = frozenset("=:/&+@-#%")


def summarize(reading: Reading) -> Understood:
    """Return what a reading came to."""
    return _Summary(reading).understood()


class _Summary:
    """Makes one value of the findings: settles what goes together, tells what does not."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._wanted = sorted((each for each in reading.findings if not each.is_refused), key=lambda each: each.at)
        self._refused = sorted((each for each in reading.findings if each.is_refused), key=lambda each: each.at)
        self._echoes: list[tuple[int, Echo]] = []
        self._contradictions: list[Contradiction] = []
        self._dark: list[tuple[int, str]] = []

    def understood(self) -> Understood:
        genre, second_genre = self._genres()
        key = self._single("key", "keys", same=is_same_key)
        tempo_bpm, tempo_is_word = self._tempo()
        metre = self._metre()
        instruments, excluded = self._instruments()
        num_bars = self._single("bars", "numbers of bars")
        seconds = self._single("seconds", "lengths")
        num_bars = self._length(num_bars, seconds)
        fields: dict[str, Any] = {
            "density": self._density(),
            "moods": self._moods(),
            "dynamics": self._dynamics(),
            "ending": self._single("ending", "endings"),
            "preset": self._single("preset", "presets"),
            "temperature": self._single("temperature", "temperatures"),
            "seed": self._single("seed", "seeds"),
            "num_takes": self._single("takes", "numbers of takes"),
            "like_last": bool(self._all("reference")),
            "changes": self._changes(),
        }
        self._note_refusals()
        return Understood(
            text=self._reading.text,
            genre=genre,
            second_genre=second_genre,
            key=None if key is None else self._echo_key(key),
            tempo_bpm=tempo_bpm,
            tempo_is_word=tempo_is_word,
            metre=metre,
            num_bars=num_bars,
            seconds=seconds,
            instruments=instruments,
            exclude_instruments=excluded,
            **fields,
            echoes=tuple(echo for _, echo in sorted(self._echoes, key=lambda each: each[0])),
            not_understood=self._not_understood(),
            remarks=tuple(dict.fromkeys(each.value for each in self._all("remark"))),
            contradictions=tuple(self._contradictions),
        )

    # --- one field each --------------------------------------------------------------------------------------------

    def _single(self, field: str, plural: str, *, same: Callable[[Any, Any], bool] | None = None) -> Any:
        """Return the one value of a field, None when nobody said or two people could be speaking."""
        found = self._all(field)
        if not found:
            return None
        agree = same or _is_equal
        if not all(agree(found[0].value, each.value) for each in found[1:]):
            self._contradict(field, plural, found)
            return None
        value = max((each.value for each in found), key=_completeness) if field == "key" else found[0].value
        if field != "key":
            self._echo(field, _say(field, value), found)
        return value

    def _echo_key(self, value: tuple[str, str]) -> str:
        name = name_of(value)
        self._echo("key", name, self._all("key"))
        return name

    def _genres(self) -> tuple[str | None, str | None]:
        found = self._all("genre")
        names = list(dict.fromkeys(each.value for each in found))
        self._dark += [
            (each.at, f"{each.words} (I blend two genres at most)") for each in found if each.value in names[2:]
        ]
        if not names:
            return None, None
        self._echo("genre", " with ".join(names[:2]), [each for each in found if each.value in names[:2]])
        return names[0], names[1] if len(names) > 1 else None

    def _tempo(self) -> tuple[float | None, bool]:
        """Return (bpm, whether a word said it); a number wins over a word."""
        if self._all("tempo"):
            return self._single("tempo", "tempos"), False
        words = self._all("tempo_word")
        if not words:
            return None, False
        values = [each.value for each in words]
        if max(values) > _SIMILAR_TEMPOS * min(values):
            self._contradict("tempo", "tempos", words)
            return None, False
        self._echo("tempo", f"{values[0]:g} bpm", words)
        return values[0], True

    def _metre(self) -> str | None:
        found = self._all("metre")
        also = self._reading.vocabulary.metres_also
        allowed: list[set[str]] = [{each.value, *also.get(each.words.casefold(), ())} for each in found]
        common = allowed[0].intersection(*allowed[1:]) if allowed else set[str]()
        if found and not common:
            self._contradict("metre", "metres", found)
            return None
        metre = next((each.value for each in found if each.value in common), None)
        if metre is not None:
            self._echo("metre", metre, found)
        return metre

    def _instruments(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        wanted, refused = self._all("instruments"), [each for each in self._refused if each.field == "instruments"]
        names = list(dict.fromkeys(name for each in wanted for name in each.value))
        excluded = list(dict.fromkeys(name for each in refused for name in each.value))
        named = {_program(each.value[0]) for each in wanted if len(each.value) == 1}
        unwanted = {_program(name) for name in excluded}
        both = named & unwanted
        names = [name for name in names if _program(name) in named | both or _program(name) not in unwanted]
        for program in sorted(both):
            name = next(name for name in names if _program(name) == program)
            self._contradictions.append(
                Contradiction(field="instruments", sentence=f"You ask for {name} and against it")
            )
        names = _once_each(name for name in names if _program(name) not in both)
        excluded = _once_each(name for name in excluded if _program(name) not in both)
        if names:
            self._echo("instruments", ", ".join(names), wanted)
        if excluded:
            self._echo("without", ", ".join(excluded), refused)
        return tuple(names), tuple(excluded)

    def _length(self, num_bars: int | None, seconds: float | None) -> int | None:
        """Return the bars; "short" and "long" count where nothing else says how long."""
        words = self._all("length")
        if num_bars is not None or seconds is not None or not words:
            return num_bars
        self._echo("bars", f"{words[0].value} bars", words[:1])
        return words[0].value

    def _density(self) -> str | None:
        found = self._all("density")
        classes = [DENSITIES[each.value] for each in found]
        if found and max(classes) - min(classes) >= _DISTANT_DENSITIES:
            self._contradict("density", "densities", found)
            return None
        if found:
            self._echo("density", found[0].value, found)
        return found[0].value if found else None

    def _moods(self) -> tuple[str, ...]:
        found = self._all("mood")
        moods = tuple(dict.fromkeys(each.value for each in found))
        for pair in _OPPOSITE_MOODS:
            if set(pair) <= set(moods):
                self._contradict("mood", "moods", [each for each in found if each.value in pair])
                return ()
        if moods:
            self._echo("mood", ", ".join(moods), found)
        return moods

    def _dynamics(self) -> str | None:
        found = self._all("dynamics")
        growing = [each for each in found if each.value in {"crescendo", "diminuendo"}]
        relevant = growing or found
        if len({each.value for each in relevant}) > 1:
            self._contradict("dynamics", "ways of playing loud or soft", relevant)
            return None
        if relevant:
            self._echo("dynamics", relevant[0].value, relevant)
        return relevant[0].value if relevant else None

    def _changes(self) -> tuple[str, ...]:
        found = self._all("change")
        changes = tuple(dict.fromkeys(each.value for each in found))
        if self._all("reference"):
            self._echo("like", "my newest result here", self._all("reference"))
        if changes:
            self._echo("changes", ", ".join(changes), found)
        return changes

    def _note_refusals(self) -> None:
        """Say of what is refused and cannot be ruled out that it is not heeded."""
        for each in self._refused:
            if each.field != "instruments":
                self._dark.append((each.at, f"not {each.words}"))

    # --- the rest --------------------------------------------------------------------------------------------------

    def _not_understood(self) -> tuple[str, ...]:
        """Return the words that no rule explains, neighbours together, in their order."""
        reading, dark = self._reading, list(self._dark)
        start: int | None = None
        for at in range(len(reading.tokens) + 1):
            is_dark = at < len(reading.tokens) and reading.is_free(at) and self._carries_meaning(at)
            if start is not None and (not is_dark or reading.tokens[at].has_pause):
                dark.append((start, reading.quote(start, at)))
                start = None
            if is_dark and start is None:
                start = at
        dark += [(each.at, each.words) for each in self._all("unknown")]
        return tuple(dict.fromkeys(words for _, words in sorted(dark)))

    def _carries_meaning(self, at: int) -> bool:
        text = self._reading.tokens[at].text
        return text not in self._reading.vocabulary.filler and text not in _QUIET_SIGNS

    def _all(self, field: str) -> list[Finding]:
        return [each for each in self._wanted if each.field == field]

    def _echo(self, name: str, value: str, findings: Iterable[Finding]) -> None:
        found = list(findings)
        words = ", ".join(dict.fromkeys(each.words for each in found))
        self._echoes.append((found[0].at, Echo(name=name, value=value, words=words)))

    def _contradict(self, field: str, plural: str, findings: Iterable[Finding]) -> None:
        said = " and ".join(f"“{words}”" for words in dict.fromkeys(each.words for each in findings))
        self._contradictions.append(Contradiction(field=field, sentence=f"You name two {plural}: {said}"))


def _is_equal(first: Any, second: Any) -> bool:
    return bool(first == second)


def _completeness(key: tuple[str, str]) -> int:
    return bool(key[0]) + bool(key[1])


def _program(name: str) -> int:
    try:
        return parse_instrument(name)
    except UnknownNameError:  # a slip in the vocabulary file; a test reads all of it
        return -1


def _once_each(names: Iterable[str]) -> list[str]:
    """Return names of which each plays another program."""
    by_program: dict[int, str] = {}
    for name in names:
        by_program.setdefault(_program(name), name)
    return list(by_program.values())


def _say(field: str, value: Any) -> str:
    match field:
        case "tempo":
            return f"{value:g} bpm"
        case "bars":
            return f"{value} bars"
        case "seconds":
            return f"{value:g} seconds"
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)
