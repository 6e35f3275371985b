"""Tempos, keys, chords and metres in a few words. It knows nothing of where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from music.chords import chord_name
from music.names import key_name
from music.piece import ChordSymbol, KeySignature, Tempo, TimeSignature

_MOST_NAMED = 4
Event = Tempo | KeySignature | ChordSymbol | TimeSignature


_FIELD_NAMES = {"tempos": "tempo", "key_signatures": "key", "chords": "chords", "time_signatures": "metre"}


def event_name(field: str) -> str:
    """Return what people call a field of a piece that holds events."""
    return _FIELD_NAMES[field]


def events_in_words(events: Sequence[Event]) -> str:
    """Return their names in order: "120 bpm", "C major", "Am F C G and 3 more"; "none" if there are none."""
    names = [_name(event) for event in events]
    told = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        told += f" and {len(names) - _MOST_NAMED} more"
    return told or "none"


def _name(event: Event) -> str:
    match event:
        case Tempo():
            return f"{event.bpm:.4g} bpm"
        case KeySignature():
            return key_name(event)
        case ChordSymbol():
            return chord_name(event)
        case TimeSignature():
            return event.name
