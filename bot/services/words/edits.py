"""Rules for what is asked of a piece that is there: "bars 5-8", "swap the piano for strings", "up a third", "half tempo".

They know no particular language. What they find stands beside the controls of ``amounts.py`` and ``items.py``.
"""

from __future__ import annotations

from bot.services.words.reading import Reading
from core.errors import UnknownNameError
from music.intervals import parse_interval

_LONGEST_INTERVAL = 5  # words: "down by two whole steps"


def read_edits(reading: Reading) -> None:
    """Find everything that only makes sense for a piece that is there."""
    for rule in (_read_bar_range, _read_first_bars, _read_percent, _read_swap, _read_interval, _read_word):
        for at in range(len(reading.tokens)):
            if reading.is_free(at):
                rule(reading, at)


def _read_bar_range(reading: Reading, at: int) -> None:
    """Read "bars 5-8", "bar 5", "measures 5 to 8"."""
    named = reading.match("words.bar_range", at)
    first = None if named is None else reading.number(named[1])
    if named is None or first is None or not first[0].is_integer() or reading.tokens[named[1]].has_pause:
        return
    if (at > 0 and reading.number(at - 1) is not None) or reading.match("units.bars", first[1]) is not None:
        return  # "8 bars 16 bars" counts
    stop, last = first[1], first[0]
    joint = reading.match("words.through", stop)
    if joint is None and reading.is_free(stop) and reading.tokens[stop].text == "-":
        joint = "-", stop + 1
    second = None if joint is None else reading.number(joint[1])
    if second is not None and second[0].is_integer() and reading.match("units.bpm", second[1]) is None:
        last, stop = second
    before = reading.match_before("words.in", at)
    reading.find("bar_range", (int(first[0]), int(last)), at if before is None else before, stop)


def _read_first_bars(reading: Reading, at: int) -> None:
    """Read "the first four bars"."""
    first = reading.match("words.first", at)
    count = None if first is None else reading.number(first[1])
    unit = None if count is None else reading.match("units.bars", count[1])
    if count is not None and unit is not None and count[0].is_integer():
        reading.find("bar_range", (1, int(count[0])), at, unit[1])


def _read_percent(reading: Reading, at: int) -> None:
    """Read "30%" and "30 percent"."""
    value = reading.number(at)
    if value is None:
        return
    unit = reading.match("words.percent", value[1])
    if unit is not None:
        reading.find("percent", value[0], at, unit[1])


def _read_swap(reading: Reading, at: int) -> None:
    """Read "swap the piano for strings" and "use strings instead of piano" (that one by what is refused)."""
    verb = reading.match("intents", at)
    if verb is None or verb[0] != "swap":
        return
    old = _next_instrument(reading, verb[1])
    joint = None if old is None else _after(reading, old[1])
    new = None if joint is None else _next_instrument(reading, joint)
    if old is not None and new is not None:
        reading.find("swap", (old[0], new[0]), at, new[1])


def _next_instrument(reading: Reading, at: int) -> tuple[str, int] | None:
    """Return (instrument, stop) where one stands here, small words before it passed over."""
    while reading.is_free(at):
        found = reading.senses(at)
        if found is not None and "instrument" in found[0]:
            return found[0]["instrument"], found[1]
        if reading.tokens[at].text not in reading.vocabulary.filler or reading.match("words.for", at):
            return None
        at += 1
    return None


def _after(reading: Reading, at: int) -> int | None:
    """Return where "for", "with" or "to" ends."""
    joint = reading.match("words.for", at)
    return None if joint is None else joint[1]


def _read_interval(reading: Reading, at: int) -> None:
    """Read "up a third", "an octave lower", "down 2 semitones"."""
    for stop in range(min(len(reading.tokens), at + _LONGEST_INTERVAL), at + 1, -1):
        if not reading.is_free(at, stop):
            continue
        words = reading.quote(at, stop).casefold().replace("-", " ").replace(" by ", " ")
        has_name = any(reading.match("words.interval", i) for i in range(at, stop))
        has_way = any(reading.match(f"words.{way}", i) for way in ("up", "down") for i in (at, stop - 1))
        if not (has_name and has_way):
            continue
        try:
            semitones = parse_interval(words)
        except UnknownNameError:
            continue
        reading.find("semitones", semitones, at, stop)
        return


def _read_word(reading: Reading, at: int) -> None:
    """Find a verb, a ratio of tempos, a field or a style; the longest of them."""
    found = [
        (match[1], group, match[0])
        for group in ("tempo_ratios", "intents", "fields", "styles", "files")
        if (match := reading.match(group, at)) is not None
    ]
    if not found:
        return
    stop, group, value = max(found, key=lambda each: each[0])
    content = reading.senses(at)
    if content is not None and content[1] > stop:
        return  # "change" in "key change", "solo" in a longer name: the content means more
    name = {
        "tempo_ratios": "tempo_percent",
        "intents": "intent",
        "fields": "field",
        "styles": "style",
        "files": "file",
    }[group]
    if name == "style" and content is not None and content[1] == stop and "instrument" in content[0]:
        return  # "piano": an instrument first; the verb decides
    reading.find(name, float(value) if name == "tempo_percent" else value, at, stop)
