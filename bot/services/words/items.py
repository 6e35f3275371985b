"""Rules for what is named: instruments, genres, moods, and what is refused with "no", "without", "instead of".

They know no particular language and decide nothing between wishes that do not go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.services.words.reading import Reading

_CONTENT_KINDS = ("ending_phrase", "reference", "change", "ensemble", "instrument", "genre", "metre", "tempo", "density", "dynamics", "preset", "mood", "length")  # fmt: skip
"""What a phrase is taken for, the first that it can be."""

_JOINTS = ("words.and", "words.or")
_SIGNS_BETWEEN = {"/", "&", "+"}


@dataclass(slots=True)
class _Refusal:
    """Whether what comes next is refused. ``is_open``: another item may join those refused so far."""

    is_active: bool = False
    has_item: bool = False
    is_open: bool = False

    def begin(self) -> None:
        """Refuse what comes next; what was refused before stays so."""
        self.is_active, self.has_item, self.is_open = True, False, False


def read_items(reading: Reading, *, takes_changes: bool = False) -> None:
    """Find everything that is named; ``takes_changes``: words such as "slower" refer to something."""
    takes_changes = takes_changes or _has_reference(reading)
    refusal = _Refusal()
    at = 0
    while at < len(reading.tokens):
        if reading.tokens[at].has_pause and not _list_goes_on(reading, at, refusal):
            refusal = _Refusal()
        if not reading.is_free(at):
            refusal.is_active = refusal.is_active and not refusal.has_item
            at += 1
            continue
        found = reading.senses(at)
        at = (
            _read_loose_word(reading, at, refusal)
            if found is None
            else _read_phrase(reading, at, found, refusal, takes_changes=takes_changes)
        )


def _read_phrase(
    reading: Reading, at: int, found: tuple[Mapping[str, str], int], refusal: _Refusal, *, takes_changes: bool
) -> int:
    """Read the longest phrase that begins at a token: one that refuses, one that names something, or neither."""
    senses, stop = found
    if "negation.opening" in senses:
        return _open_refusal(reading, at, stop, refusal)
    if "negation.before" in senses:
        refusal.begin()
        reading.claim(at, stop)
        return stop
    if "negation.reversal" in senses and refusal.is_active and refusal.has_item:
        refusal.is_active = False
        return _read_loose_word(reading, at, refusal, stop=stop)
    if refusal.is_active and refusal.has_item and not refusal.is_open:
        refusal.is_active = False
    return _read_named(reading, at, found, refusal, takes_changes=takes_changes)


def _read_named(
    reading: Reading, at: int, found: tuple[Mapping[str, str], int], refusal: _Refusal, *, takes_changes: bool
) -> int:
    """Note what a phrase names, wanted or refused."""
    senses, stop = found
    ending = _find_ending(reading, at, stop, senses)
    if ending is not None:
        return ending
    kind = _kind_of(senses, takes_changes=takes_changes, is_refused=refusal.is_active)
    if kind is None:
        return _read_loose_word(reading, at, refusal, stop=stop)
    if kind == "length" and at > 0 and not reading.is_free(at - 1) and not reading.starts_clause(at):
        reading.claim(at, stop)  # "eight bars long"
        return stop
    after = reading.match("negation.after", stop)  # "vocals not needed"
    if after is not None:
        reading.claim(stop, after[1])
    _note(reading, kind, senses[kind], at, stop, is_refused=refusal.is_active or after is not None)
    if refusal.is_active:
        refusal.has_item, refusal.is_open = True, False
    return stop


def _open_refusal(reading: Reading, at: int, stop: int, refusal: _Refusal) -> int:
    """Read "leave bass and drums out": a refusal when its second half stands in the same clause."""
    for position in range(stop, len(reading.tokens)):
        if reading.tokens[position].has_pause:
            break
        closing = reading.match("negation.closing", position)
        if closing is not None and position > stop:
            reading.claim(at, stop)
            reading.claim(position, closing[1])
            refusal.begin()
            return stop
    return _read_loose_word(reading, at, refusal, stop=stop)


def _read_loose_word(reading: Reading, at: int, refusal: _Refusal, *, stop: int | None = None) -> int:
    """Pass over a word that names nothing; it may join or end a list of refusals."""
    stop = at + 1 if stop is None else stop
    is_joint = reading.tokens[at].text in _SIGNS_BETWEEN or any(reading.match(group, at) for group in _JOINTS)
    if refusal.is_active and refusal.has_item:
        refusal.is_open = is_joint or (refusal.is_open and reading.tokens[at].text in reading.vocabulary.filler)
        refusal.is_active = refusal.is_open
    elif refusal.is_active and reading.tokens[at].text not in reading.vocabulary.filler:
        refusal.is_active = False  # "no fancy …": what is refused is a word that we do not know
    return stop


def _list_goes_on(reading: Reading, at: int, refusal: _Refusal) -> bool:
    """Tell whether a refusal outlives a comma: "no drums, bass or brass"."""
    if not refusal.is_active or reading.tokens[at].has_full_stop:
        return False
    if not refusal.has_item:
        found = reading.senses(at)
        return found is None or "negation.reversal" not in found[0]  # "no melody, just drums"
    refusal.is_open = True
    position = at
    while position < len(reading.tokens) and not reading.tokens[position].has_full_stop:
        if reading.match("words.or", position):
            return True
        found = reading.senses(position)
        if found is None and position > at:
            return False
        position = position + 1 if found is None else found[1]
        if position < len(reading.tokens) and reading.tokens[position].has_pause:
            continue
    return False


def _kind_of(senses: Mapping[str, str], *, takes_changes: bool, is_refused: bool) -> str | None:
    if is_refused and "unwanted" in senses:
        return "unwanted"
    for kind in _CONTENT_KINDS:
        if kind in senses and (kind != "change" or takes_changes):
            return kind
    return None


def _note(reading: Reading, kind: str, value: str, start: int, stop: int, *, is_refused: bool) -> None:
    if kind in {"instrument", "unwanted"}:
        reading.find("instruments", (value,), start, stop, is_refused=is_refused)
    elif kind == "ensemble":
        reading.find("instruments", reading.vocabulary.ensembles[value], start, stop, is_refused=is_refused)
        genre = reading.vocabulary.ensemble_genres.get(value)
        if genre and not is_refused:
            reading.find("genre", genre, start, stop)
    elif kind == "tempo":
        reading.find("tempo_word", float(value), start, stop, is_refused=is_refused)
    elif kind == "metre":
        reading.find("metre", value, start, stop, is_refused=is_refused)
    elif kind == "length":
        reading.find("length", int(value), start, stop, is_refused=is_refused)
    elif kind == "ending_phrase":
        reading.find("ending", value, start, stop, is_refused=is_refused)
    else:
        reading.find(kind, value, start, stop, is_refused=is_refused)


def _find_ending(reading: Reading, at: int, stop: int, senses: Mapping[str, str]) -> int | None:
    """Read "quiet ending" and "ends with a big …" at a phrase that can describe an end."""
    if "ending" not in senses:
        return None
    after = reading.match("words.end", stop)
    if after is not None and not reading.tokens[stop].has_pause:
        reading.find("ending", senses["ending"], at, after[1])
        return after[1]
    before = reading.match_before("words.end", _back_over_small_words(reading, at))
    if before is not None and not reading.tokens[at].has_pause:
        reading.find("ending", senses["ending"], before, stop)
        return stop
    return None


def _back_over_small_words(reading: Reading, at: int) -> int:
    while at > 0 and reading.match_before("words.end", at) is None and _is_small(reading, at - 1):
        at -= 1
    return at


def _is_small(reading: Reading, at: int) -> bool:
    text = reading.tokens[at].text
    return text in reading.vocabulary.filler or text in {":", "="}


def _has_reference(reading: Reading) -> bool:
    for at in range(len(reading.tokens)):
        found = reading.senses(at)
        if found is not None and "reference" in found[0]:
            return True
    return False
