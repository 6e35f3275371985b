"""The credits of a shared song as values and as plain text. It knows no database and no Discord.

Text holds names as people chose them, each on one line; it must be escaped where it is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bot.services.model import RevisionView
from db.repositories.songs import UPLOAD
from music.versions.bar_words import listed, notes_in_words
from music.versions.blame import Blame, Credit

_MOST_SEEDS = 8
_UNKNOWN = "somebody unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where notes come from: a revision, whose author is ``person`` (``person_id`` is our number, 0 if nothing is known).

    ``filename`` is that of the file an upload came in, while it is known.
    """

    origin: int
    person: str = _UNKNOWN
    person_id: int = 0
    filename: str = ""
    revision: RevisionView | None = None

    @property
    def means(self) -> str:
        """How the notes were made, without the person: "remix by the network abc, seed 5"."""
        if self.revision is None:
            return "made in a way that is not known any more"
        operation, checkpoint_id = self.revision.operation, self.revision.checkpoint_id
        if operation == UPLOAD:
            return f"the file “{self.filename}”" if self.filename else "a file"
        if checkpoint_id is None:
            return operation
        return f"{operation} by the network {checkpoint_id}, seed {self.revision.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSheet:
    """Who wrote the notes of one state of a shared song. ``credits`` sum to ``num_notes``, the most first.

    ``others`` are members who wrote none of them; ``forked_from`` is the song and host that it began with, if any.
    """

    title: str
    licence: str
    host: str
    revision_id: int
    num_notes: int
    credits: tuple[tuple[Source, Credit], ...]
    layer_names: Mapping[str, str]
    others: tuple[str, ...] = ()
    forked_from: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoWrote:
    """Who wrote some bars of some layers, with the sources by origin. ``title`` is the song's."""

    title: str
    revision_id: int
    blames: tuple[Blame, ...]
    sources: Mapping[int, Source]


def write_sheet(sheet: CreditSheet) -> str:
    """Return the credits as plain text, a person and a network a line, and below each person what they did."""
    by_person = _by_person(sheet)
    lines = [
        _heading(sheet.title or "A song without a title", "="),
        f"Revision {sheet.revision_id}, {notes_in_words(sheet.num_notes)}. Host: {one_line(sheet.host)}.",
        f"Licence: {sheet.licence}",
    ]
    if sheet.forked_from is not None:
        title, host = sheet.forked_from
        lines.append(f"It began as a fork of “{one_line(title)}”, whose host is {one_line(host)}.")
    lines += ["", _heading("People", "-")]
    for name, rows in by_person.items():
        lines.append(f"{name}: {notes_in_words(sum(credit.num_notes for _, credit in rows))} ({_layers(sheet, rows)})")
        lines += [
            f"  - {notes_in_words(credit.num_notes)}: #{source.origin}, {one_line(source.means)}"
            for source, credit in rows
        ]
    if sheet.others:
        lines.append(f"Without notes in it: {', '.join(map(one_line, sheet.others))}")
    networks = _network_lines(sheet)
    if networks:
        lines += ["", _heading("Networks", "-"), *networks]
    lines += ["", f"Together: {notes_in_words(sum(credit.num_notes for _, credit in sheet.credits))}."]
    return "\n".join(lines) + "\n"


def credit_lines(sheet: CreditSheet) -> tuple[str, ...]:
    """Return a line for each person and each network, as exported MIDI files carry them."""
    people = [
        f"{name}: {notes_in_words(sum(credit.num_notes for _, credit in rows))}"
        for name, rows in _by_person(sheet).items()
    ]
    return (*people, *_network_lines(sheet))


# --- words ---------------------------------------------------------------------------------------------------------

_Rows = list[tuple[Source, Credit]]


def _by_person(sheet: CreditSheet) -> dict[str, _Rows]:
    """Return each person's rows under a name of their own, whoever wrote most first."""
    rows: dict[int, _Rows] = defaultdict(list)
    for source, credit in sheet.credits:
        rows[source.person_id].append((source, credit))
    names: dict[str, _Rows] = {}
    for found in sorted(rows.values(), key=lambda each: -sum(credit.num_notes for _, credit in each)):
        name = given = one_line(found[0][0].person)
        number = 1
        while name in names:  # two people of one name, or two who were erased
            number += 1
            name = f"{given} ({number})"
        names[name] = found
    return names


def _layers(sheet: CreditSheet, rows: _Rows) -> str:
    counts: Counter[str] = Counter()
    for _, credit in rows:
        counts.update(dict(credit.by_layer))
    return ", ".join(
        f"{one_line(name)} {counts[layer_id]:,}" for layer_id, name in sheet.layer_names.items() if counts[layer_id]
    )


def _network_lines(sheet: CreditSheet) -> list[str]:
    """Return a line for each network that wrote notes, with the seeds that it was given."""
    num_notes: Counter[str] = Counter()
    seeds: dict[str, dict[str, None]] = defaultdict(dict)
    for source, credit in sheet.credits:
        revision = source.revision
        if revision is not None and revision.checkpoint_id is not None:
            num_notes[revision.checkpoint_id] += credit.num_notes
            seeds[revision.checkpoint_id][str(revision.seed)] = None
    return [
        f"network {checkpoint_id}: {notes_in_words(number)}, "
        f"{'seed' if len(seeds[checkpoint_id]) == 1 else 'seeds'} {listed(_first([*seeds[checkpoint_id]]))}"
        for checkpoint_id, number in num_notes.most_common()
    ]


def _first(words: list[str]) -> list[str]:
    more = len(words) - _MOST_SEEDS
    return words if more <= 0 else [*words[:_MOST_SEEDS], f"{more} more"]


def one_line(text: str) -> str:
    """Return text that people chose without line breaks and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _heading(text: str, mark: str) -> str:
    title = one_line(text)
    return f"{title}\n{mark * min(len(title), 78)}"
