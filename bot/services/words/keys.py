"""Rules for keys: "D minor", "F#m", "in b flat", "a minor key". A letter alone counts only where it can be nothing else."""

from __future__ import annotations

import re

from bot.services.words.reading import Finding, Reading
from core.errors import UnknownNameError
from music.names import key_name, parse_key

_LETTER = re.compile(r"(?P<letter>[A-Ga-g])(?P<sign>#|♯|b|♭)?(?P<mode>m|M|min|maj)?")
_ARTICLE = "a"


def read_keys(reading: Reading) -> None:
    """Find the keys, and modes without a tonic."""
    for at in range(len(reading.tokens)):
        if reading.is_free(at):
            _read_key(reading, at)
    for at in range(len(reading.tokens)):
        if reading.is_free(at):
            _read_mode(reading, at)


def _read_key(reading: Reading, at: int) -> None:
    match = _LETTER.fullmatch(reading.tokens[at].raw)
    if match is None:
        return
    stop = at + 1
    sign, mode = (match["sign"] or "").replace("♯", "#").replace("♭", "b"), match["mode"] or ""
    if not sign and (accidental := reading.match("accidentals", stop)):
        sign, stop = {"sharp": "#", "flat": "b"}[accidental[0]], accidental[1]
    named = reading.match("modes", stop) if not mode else None
    if named is not None:
        mode, stop = named
    if not _is_meant(reading, at, stop, match=match, has_sign=bool(sign), has_mode=named is not None):
        return
    value = _spell(match["letter"], sign, "minor" if mode in {"m", "min", "minor"} else "major" if mode else "")
    if value:
        _claim_key(reading, value, at, stop, is_approximate=named is not None and _is_approximate(reading, stop))


def _is_meant(reading: Reading, at: int, stop: int, *, match: re.Match[str], has_sign: bool, has_mode: bool) -> bool:
    """Tell whether a letter is a key here and no article, grade or initial."""
    is_lower_article = match.group() == _ARTICLE and not has_sign
    is_upper = match["letter"].isupper()
    is_announced = reading.match_before("keys.before", at) is not None or (
        at > 0 and reading.tokens[at - 1].text in {":", "="} and reading.match_before("keys.before", at - 1) is not None
    )
    if has_mode and is_lower_article and not is_announced:  # "a minor key", "a minor thing"
        return reading.ends_clause(stop) or reading.tokens[stop].text not in reading.vocabulary.filler
    if has_mode:
        return not (is_lower_article and reading.match("keys.nouns", stop))
    if match["mode"]:
        return is_upper or is_announced or (reading.starts_clause(at) and reading.ends_clause(stop))
    if is_lower_article:
        return is_announced and reading.ends_clause(stop)
    if has_sign:
        is_spelled = stop > at + 1  # "b flat"
        return is_spelled or is_upper or is_announced or match["sign"] in {"#", "♯", "♭"}
    return is_announced or (is_upper and reading.starts_clause(at) and reading.ends_clause(stop))


def _is_approximate(reading: Reading, stop: int) -> bool:
    return reading.tokens[stop - 1].text in reading.vocabulary.approximate_modes


def _read_mode(reading: Reading, at: int) -> None:
    """Find "a minor key": a mode without a tonic."""
    found = reading.match("modes", at)
    if found is None or len(reading.tokens[at].text) < 4:
        return
    mode, stop = found
    noun = reading.match("keys.nouns", stop)
    if noun is None and not (reading.starts_clause(at) and reading.ends_clause(stop)):
        return
    tonic = next((each for each in reading.findings if each.field == "key" and each.value[1] == ""), None)
    if tonic is not None:
        reading.findings.remove(tonic)
        reading.claim(at, stop)
        reading.find("key", (tonic.value[0], mode), tonic.at, tonic.at + 1)
    else:
        reading.find("key", ("", mode), at, stop)


def _claim_key(reading: Reading, value: tuple[str, str], start: int, stop: int, *, is_approximate: bool) -> None:
    noun = reading.match("keys.nouns", stop)
    quoted_stop = stop if noun is None else noun[1]
    reading.find("key", value, start, quoted_stop)
    if is_approximate:
        reading.findings.append(
            Finding(
                field="remark",
                value="I only know major and minor, so I took the nearer of the two.",
                words=reading.tokens[stop - 1].raw,
                at=start,
            )
        )


def _spell(letter: str, sign: str, mode: str) -> tuple[str, str] | None:
    """Return (tonic, mode); the mode is empty when nobody said it."""
    tonic = f"{letter.upper()}{sign}"
    try:
        parse_key(f"{tonic} {mode or 'major'}")
    except UnknownNameError:
        return None
    return tonic, mode


def name_of(value: tuple[str, str]) -> str:
    """Return "Bb minor" for ("Bb", "minor"), "minor" for a mode without tonic."""
    tonic, mode = value
    return f"{tonic} {mode or 'major'}" if tonic else mode


def is_same_key(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Tell whether two names mean the same key, or one only lacks what the other says."""
    if not first[0] or not second[0]:
        return first[1] == second[1] or not first[1] or not second[1]
    return key_name(parse_key(name_of(first))) == key_name(parse_key(name_of(second)))
