"""Changes of a layered song in words, a line each: "Piano, bars 5-8: 12 notes new", "Bass: muted", "Untouched: Drums".

It knows no people: whoever asks gives the names. Lines hold names that people chose, and must be escaped where they are shown.
"""

from __future__ import annotations

from collections.abc import Callable

from music.versions.bar_words import bars_in_words, listed, many_bars_in_words, notes_in_words
from music.versions.changes import Changes, EventChange, LayerChange
from music.versions.event_words import event_name, events_in_words
from music.versions.layer_fields import change_in_words


def changes_in_words(changes: Changes, *, person: Callable[[int], str] = str) -> list[str]:
    """Return a line for each thing that changed, and last what did not; ``person`` gives the name of an owner."""
    if changes.is_nothing:
        return ["Nothing changed"]
    lines: list[str] = []
    for change in changes.layers:
        lines += _layer_lines(change, person)
    lines += [_event_line(change) for change in changes.events]
    lines += _form_lines(changes)
    untouched = [change.layer.name for change in changes.layers if change.is_nothing]
    if untouched:
        lines.append(f"Untouched: {listed(untouched)}")
    return lines


def _layer_lines(change: LayerChange, person: Callable[[int], str]) -> list[str]:
    name, total = change.layer.name, change.total()
    where = f" in {many_bars_in_words([*change.cells])}" if change.cells else ""
    if change.is_added:
        return [f"New layer {name} by {person(change.layer.owner_id)}: {notes_in_words(total.num_new)}{where}"]
    if change.is_removed:
        return [f"Layer {name} removed: {notes_in_words(total.num_removed)}{where}"]
    lines: list[str] = []
    if change.fields:
        told = [change_in_words(field, old, new, person=person) for field, old, new in change.fields]
        lines.append(f"{name}: {', '.join(told)}")
    if change.cells:
        lines.append(f"{name}, {many_bars_in_words([*change.cells])}: {', '.join(_note_words(change))}")
    return lines


def _note_words(change: LayerChange) -> list[str]:
    total = change.total()
    words: list[str] = []
    if change.moved_semitones:
        direction = "up" if change.moved_semitones > 0 else "down"
        steps = abs(change.moved_semitones)
        words.append(f"{notes_in_words(total.num_new)} moved {direction} {steps} semitone{'s' if steps > 1 else ''}")
    else:
        if total.num_new:
            words.append(f"{notes_in_words(total.num_new)} new")
        if total.num_removed:
            words.append(f"{total.num_removed if words else notes_in_words(total.num_removed)} gone")
    if total.num_velocity_changes:
        words.append(f"{notes_in_words(total.num_velocity_changes)} louder or softer")
    if total.has_other_controls:
        words.append("other pedals or bends")
    return words


def _event_line(change: EventChange) -> str:
    where = bars_in_words(change.start_bar, change.stop_bar)
    name = event_name(change.field)
    return f"{name[:1].upper()}{name[1:]} of {where}: {events_in_words(change.after)}, was {events_in_words(change.before)}"


def _form_lines(changes: Changes) -> list[str]:
    lines: list[str] = []
    if changes.metres is not None:
        before, after = (events_in_words(metres) for metres in changes.metres)
        lines.append(f"Metre: {after}, was {before}")
    if changes.num_bars_before != changes.num_bars_after:
        lines.append(f"Length: {_num_bars(changes.num_bars_after)}, was {changes.num_bars_before}")
    return lines


def _num_bars(num_bars: int) -> str:
    return "1 bar" if num_bars == 1 else f"{num_bars} bars"
