"""The words of one language, read from its file and laid out for looking up. What they mean together is not known here.

``en.toml`` beside this file is English; ``docs/words.md`` says how to translate it. Names of instruments come from
``music/instruments.py`` as well, because people write General MIDI's names in every language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.services.words.spelling import Speller
from bot.services.words.tokens import fold_phrase
from core.errors import ConfigurationError
from music.instruments import FAMILIES, GM_NAMES, SYNONYMS

FOLDER = Path(__file__).parent
ENGLISH = "en"

Phrase = tuple[str, ...]

_SAFE_LENGTH = 7
"""Small words that turn a wish around ("minus", "only") are taken for mistyped only when they are this long ("without")."""

_CONTENT = {  # table of the file -> what a phrase of it is called while reading
    "genres": "genre",
    "instruments": "instrument",
    "moods": "mood",
    "tempo_words": "tempo",
    "metre_words": "metre",
    "densities": "density",
    "dynamics": "dynamics",
    "endings": "ending",
    "ending_phrases": "ending_phrase",
    "presets": "preset",
    "lengths": "length",
    "references": "reference",
    "changes": "change",
    "unwanted": "unwanted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A language. ``senses`` maps a phrase to what it can be: {"dynamics": "quiet", "ending": "quiet"}.

    ``groups`` holds the small words that join others ("bpm", "and"), by name: phrase -> value.
    """

    senses: Mapping[Phrase, Mapping[str, str]]
    groups: Mapping[str, Mapping[Phrase, str]]
    ensembles: Mapping[str, tuple[str, ...]]
    ensemble_genres: Mapping[str, str]
    metres_also: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    filler: frozenset[str]
    approximate_modes: frozenset[str]
    speller: Speller
    longest_phrase: int
    openings: Mapping[str, Mapping[str, int]]
    """Group ("" for the senses) -> first word of its phrases -> words of the longest phrase that begins so."""


@cache
def load_vocabulary(language: str = ENGLISH) -> Vocabulary:
    """Return the vocabulary of a language.

    Raises:
        ConfigurationError: when its file is missing or no vocabulary.
    """
    path = FOLDER / f"{language}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _build(data)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"The vocabulary {path.name} cannot be read: {error}") from error


def _build(data: Mapping[str, Any]) -> Vocabulary:
    senses: dict[Phrase, dict[str, str]] = {}
    for phrase, name in _instrument_phrases(data).items():
        senses.setdefault(phrase, {})["instrument"] = name
    for table, kind in _CONTENT.items():
        if kind != "instrument":
            for value, phrases in data[table].items():
                for phrase in phrases:
                    senses.setdefault(fold_phrase(phrase), {})[kind] = value
    for name in data["ensembles"]:
        senses.setdefault(fold_phrase(name), {})["ensemble"] = name
    groups = _build_groups(data)
    for kind in ("before", "opening", "reversal"):
        for phrase in groups[f"negation.{kind}"]:
            senses.setdefault(phrase, {})[f"negation.{kind}"] = kind
    return Vocabulary(
        senses=senses,
        groups=groups,
        ensembles={name: tuple(members) for name, members in data["ensembles"].items()},
        ensemble_genres=data["ensemble_genres"],
        metres_also={" ".join(fold_phrase(word)): tuple(also) for word, also in data["metre_words_also"].items()},
        numbers=data["numbers"],
        filler=frozenset(data["filler"]["words"]),
        approximate_modes=frozenset(data["keys"]["approximate"]),
        speller=_build_speller(data, senses, groups),
        openings={name: _openings(table) for name, table in (("", senses), *groups.items())},
        longest_phrase=max(len(phrase) for table in (senses, *groups.values()) for phrase in table),
    )


def _openings(phrases: Iterable[Phrase]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for phrase in phrases:
        longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    return longest


def _instrument_phrases(data: Mapping[str, Any]) -> dict[Phrase, str]:
    """Return every phrase that names an instrument, and the name that the rest of the code knows it by."""
    avoided = {fold_phrase(word) for word in data["not_instruments"]["words"]}
    avoided |= {fold_phrase(family) for family in FAMILIES if family.casefold() not in SYNONYMS}
    phrases: dict[Phrase, str] = {}
    for name in (*(name.casefold() for name in GM_NAMES), *SYNONYMS):
        phrases[fold_phrase(name)] = name
    for short_name, others in data["instruments"].items():
        for phrase in (short_name, *others):
            phrases[fold_phrase(phrase)] = short_name
    return {phrase: name for phrase, name in phrases.items() if phrase and phrase not in avoided}


def _build_groups(data: Mapping[str, Any]) -> dict[str, dict[Phrase, str]]:
    groups: dict[str, dict[Phrase, str]] = {}
    for table in ("units", "words", "negation"):
        for name, phrases in data[table].items():
            groups[f"{table}.{name}"] = {fold_phrase(phrase): name for phrase in phrases}
    groups["note_values"] = {
        fold_phrase(phrase): quarters for quarters, phrases in data["note_values"].items() for phrase in phrases
    }
    groups["modes"] = {fold_phrase(phrase): mode for mode in ("major", "minor") for phrase in data["keys"][mode]}
    groups["accidentals"] = {fold_phrase(phrase): sign for sign in ("sharp", "flat") for phrase in data["keys"][sign]}
    for table in ("intents", "tempo_ratios", "fields", "styles", "files"):
        groups[table] = {fold_phrase(phrase): value for value, phrases in data[table].items() for phrase in phrases}
    for name in ("before", "nouns"):
        groups[f"keys.{name}"] = {fold_phrase(phrase): name for phrase in data["keys"][name]}
    return groups


def _build_speller(
    data: Mapping[str, Any], senses: Iterable[Phrase], groups: Mapping[str, Mapping[Phrase, str]]
) -> Speller:
    sound = {word for phrase in senses for word in phrase}
    sound |= {word for group in groups.values() for phrase in group for word in phrase}
    sound |= set(data["filler"]["words"]) | set(data["numbers"]) | set(data["not_typos"]["words"])
    small = [name for name in groups if name.startswith(("words.", "negation.")) and name != "words.interval"]
    joining = {word for name in small for phrase in groups[name] for word in phrase if len(word) < _SAFE_LENGTH}
    silent = set(data["filler"]["words"]) | set(data["not_typos"]["words"])
    content = {word for phrase in senses for word in phrase}
    return Speller((sound - joining - silent) | (content - joining), sound=sound)
