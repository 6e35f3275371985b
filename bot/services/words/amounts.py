"""Rules for what is counted: tempo, metre, bars, seconds, takes, seed, temperature. They know no particular language."""

from __future__ import annotations

from bot.services.words.reading import Reading

_SLOWEST_BARE_BPM, _FASTEST_BARE_BPM = 40, 260  # a number without a unit is a tempo only between these
_LARGEST_BPM = 1000  # larger is a slip of the finger, not a wish
_SECONDS_PER_MINUTE = 60
_DENOMINATORS = (2, 4, 8, 16)
_LARGEST_NUMERATOR = 32
_METRE_OF_BEATS = {2: "2/4", 3: "3/4", 4: "4/4", 5: "5/4", 6: "6/8", 7: "7/4", 9: "9/8", 12: "12/8"}
_DECADES = (50, 60, 70, 80, 90)


def read_amounts(reading: Reading) -> None:
    """Find every amount that says by itself what it counts."""
    for rule in (
        _read_decade,
        _read_metre_in_digits,
        _read_clock_time,
        _read_named_number,
        _read_tempo_range,
        _read_number_with_unit,
        _read_minutes_in_words,
        _read_note_value_tempo,
        _read_metre_in_words,
        _read_tempo_before_number,
    ):
        for at in range(len(reading.tokens)):
            if reading.is_free(at):
                rule(reading, at)


def read_bare_numbers(reading: Reading) -> None:
    """Take a number that nothing else explains, at the end of a clause, for the tempo, where none was given."""
    for at in range(len(reading.tokens)):
        found = reading.number(at)
        if found is None or reading.has("tempo"):
            continue
        value, stop = found
        is_free = reading.tokens[at].number is not None and reading.match_before("words.labels", at) is None
        if is_free and _SLOWEST_BARE_BPM <= value <= _FASTEST_BARE_BPM and reading.ends_clause(stop):
            _find_tempo(reading, value, at, stop)


def _read_decade(reading: Reading, at: int) -> None:
    """Claim the years of "80s synth pop": no seconds, no tempo."""
    value = reading.tokens[at].number
    stop = at + 2
    if value not in _DECADES or not reading.is_free(at, stop) or reading.tokens[at + 1].text != "s":
        return
    if reading.tokens[at + 1].is_glued and not reading.ends_clause(stop) and reading.match("words.of", stop) is None:
        reading.find("unknown", None, at, stop)


def _read_metre_in_digits(reading: Reading, at: int) -> None:
    """Read "3/4" and "6:8"."""
    stop = at + 3
    if not reading.is_free(at, stop) or reading.tokens[at + 1].text != "/":
        return
    top, bottom = reading.tokens[at].number, reading.tokens[at + 2].number
    if top is None or bottom is None:
        return
    if bottom in _DENOMINATORS and 1 <= top <= _LARGEST_NUMERATOR and top.is_integer():
        named = reading.match("words.time", stop)
        reading.find("metre", f"{top:.0f}/{bottom:.0f}", at, stop if named is None else named[1])


def _read_clock_time(reading: Reading, at: int) -> None:
    """Read "1:30"."""
    stop = at + 3
    if not reading.is_free(at, stop) or reading.tokens[at + 1].text != ":":
        return
    minutes, seconds = reading.tokens[at].number, reading.tokens[at + 2].number
    if minutes is None or seconds is None or len(reading.tokens[at + 2].text) != 2:
        return
    if reading.tokens[at + 1].is_glued and reading.tokens[at + 2].is_glued and seconds < _SECONDS_PER_MINUTE:
        reading.find("seconds", minutes * _SECONDS_PER_MINUTE + seconds, at, stop)


def _read_named_number(reading: Reading, at: int) -> None:
    """Read "seed 42", "temperature: 1.2", "bars = 16", "seconds: 30"."""
    for name in ("seed", "temperature", "bars", "seconds"):
        named = reading.match(f"words.{name}", at)
        if named is None:
            continue
        value_at = _skip(reading, named[1], "words.equals")
        if at > 0 and value_at == named[1] and reading.number(at - 1) is not None:
            continue  # "8 bars 16 …": that number counts these bars
        value = reading.number(value_at)
        if value is None or _unit_after(reading, value[1]) not in {None, name} or _is_range(reading, value[1]):
            continue
        stop = value[1] if _unit_after(reading, value[1]) is None else value[1] + 1
        reading.find(name, value[0] if name in {"temperature", "seconds"} else int(value[0]), at, stop)
        return


def _read_tempo_range(reading: Reading, at: int) -> None:
    """Read "between 90 and 100 bpm" and "90-100 bpm" as the middle."""
    start = _skip(reading, at, "words.between")
    low = reading.number(start)
    if low is None:
        return
    after_low = reading.match("units.bpm", low[1])
    joint = low[1] if after_low is None else after_low[1]
    joined = reading.match("words.to", joint)
    if joined is None and reading.is_free(joint) and reading.tokens[joint].text == "-":
        joined = "-", joint + 1
    high = None if joined is None else reading.number(joined[1])
    unit = None if high is None else reading.match("units.bpm", high[1])
    if high is not None and unit is None and reading.match_before("words.tempo", at) is not None:
        unit = "bpm", high[1]
    if high is not None and unit is not None and 1 < high[0] / max(low[0], 1) < 2:
        _find_tempo(reading, (low[0] + high[0]) / 2, at, unit[1])


def _read_number_with_unit(reading: Reading, at: int) -> None:
    """Read "90 bpm", "sixteen bars", "8-bar", "30 s", "2 min", "3 versions"."""
    found = reading.number(at)
    if found is None:
        return
    value, stop = found
    content = reading.senses(at)
    if content is not None and content[1] > stop:
        return  # "808s" are a bass
    stop = _skip(reading, stop, "words.after_number")  # "100ish bpm", "8 more bars"
    for name in ("bpm", "bars", "seconds", "minutes", "takes"):
        unit = reading.match(f"units.{name}", stop)
        if unit is None or (len(reading.tokens[stop].text) == 1 and not reading.tokens[stop].is_glued):
            continue
        if name == "bpm" and value <= _LARGEST_BPM:
            _find_tempo(reading, value, at, unit[1])
        elif name == "minutes":
            _find_minutes(reading, value, at, unit[1])
        elif name == "seconds":
            reading.find("seconds", value, at, unit[1])
        elif name in {"bars", "takes"} and value.is_integer():
            reading.find(name, int(value), at, unit[1])
        return


def _read_minutes_in_words(reading: Reading, at: int) -> None:
    """Read "half a minute", "a minute", "a minute and a half"."""
    for group, share in (("words.half", 0.5), ("words.quarter", 0.25), ("words.single", 1.0)):
        amount = reading.match(group, at)
        unit = None if amount is None else reading.match("units.minutes", amount[1])
        if amount is not None and unit is not None and len(reading.tokens[amount[1]].text) > 1:
            _find_minutes(reading, share, at, unit[1])
            return


def _find_minutes(reading: Reading, minutes: float, start: int, stop: int) -> None:
    """Note minutes, with "and a half" or "and 20 seconds" after them."""
    seconds = minutes * _SECONDS_PER_MINUTE
    half = reading.match("words.and_a_half", stop)
    if half is not None:
        reading.find("seconds", seconds + _SECONDS_PER_MINUTE / 2, start, half[1])
        return
    more = reading.number(_skip(reading, stop, "words.and"))
    unit = None if more is None else reading.match("units.seconds", more[1])
    if more is not None and unit is not None:
        seconds, stop = seconds + more[0], unit[1]
    reading.find("seconds", seconds, start, stop)


def _read_note_value_tempo(reading: Reading, at: int) -> None:
    """Read "crotchet = 72" and "dotted quarter = 80" as quarter notes a minute."""
    note = reading.match("note_values", at)
    if note is None:
        return
    value_at = _skip(reading, _skip(reading, note[1], "words.equals"), "words.about")
    value = reading.number(value_at)
    if value_at > note[1] and value is not None:
        unit = reading.match("units.bpm", value[1])
        _find_tempo(reading, value[0] * float(note[0]), at, value[1] if unit is None else unit[1])


def _read_metre_in_words(reading: Reading, at: int) -> None:
    """Read "six-eight", "five four time" and "in 3"."""
    is_after_in = reading.match_before("words.in", at) is not None
    first = reading.number(at)
    if first is None:
        return
    second = reading.number(first[1])
    if second is not None and second[0] in _DENOMINATORS[1:3] and 2 <= first[0] <= 12:
        named = reading.match("words.time", second[1])
        if named or is_after_in or reading.ends_clause(second[1]):
            reading.find("metre", f"{first[0]:.0f}/{second[0]:.0f}", at, second[1] if named is None else named[1])
        return
    metre = _METRE_OF_BEATS.get(int(first[0]))
    if is_after_in and metre and first[0].is_integer() and reading.ends_clause(first[1]):
        reading.find("metre", metre, at, first[1])


def _read_tempo_before_number(reading: Reading, at: int) -> None:
    """Read "tempo: 110", "at about 85", "bpm 120"."""
    named = reading.match("words.tempo", at)
    if named is None:
        return
    value_at = _skip(reading, _skip(reading, named[1], "words.equals"), "words.about")
    value = reading.number(value_at)
    if value is None or not 10 <= value[0] <= _LARGEST_BPM or _is_range(reading, value[1]):
        return
    if _unit_after(reading, value[1]) is None:
        _find_tempo(reading, value[0], at, value[1])


def _find_tempo(reading: Reading, bpm: float, start: int, stop: int) -> None:
    about = reading.match_before("words.about", start)
    first = start if about is None or reading.tokens[start].has_pause else about
    reading.find("tempo", round(bpm, 2), first, stop)


def _skip(reading: Reading, at: int, group: str) -> int:
    """Return the position after all phrases of a group."""
    found = reading.match(group, at)
    while found is not None:
        at = found[1]
        found = reading.match(group, at)
    return at


def _unit_after(reading: Reading, at: int) -> str | None:
    for name in ("bpm", "bars", "seconds", "minutes", "takes"):
        found = reading.match(f"units.{name}", at)
        if found is not None and len(reading.tokens[at].text) > 1:
            return name
    return None


def _is_range(reading: Reading, at: int) -> bool:
    return reading.is_free(at) and reading.tokens[at].text in {"-", "/"}
