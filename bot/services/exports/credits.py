"""Who and what made a piece: the line of its revisions, in words for people. It knows no files and no Discord.

People appear under the name they had when they asked; numbers of theirs appear nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bot.services.model import RevisionView
from bot.services.records import options_to_json
from bot.services.songs.graph import view_revisions
from bot.services.together.credits.sheet import CreditSheet, write_sheet
from db.engine import Database, unbroken
from db.repositories.songs import UPLOAD, SongRepository
from db.tables import Revision

_MAX_REVISIONS = 200
_VERBS = {
    "generate": "wrote it",
    "continue": "had it continued",
    "harmonize": "had it harmonized",
    "remix": "had it remixed",
    UPLOAD: "gave the file that it began with",
}
_LICENCES = """\
About the parts
- The notes that Tutti wrote come from networks trained on the data sets listed in NOTICE in Tutti's repository. Some
  of those sets hold transcriptions of songs in copyright, so check what you publish against songs that you know.
- Sound: FluidSynth with the SoundFont {soundfont}. FluidR3 GM is under the MIT licence, TimGM6mb under the GPL; the
  sound that they make may be used freely.
- Score: engraved with Verovio; text in STIX.
- Files that people gave keep the rights of whoever wrote them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A revision and all that it descends from, oldest first; the revision itself is last."""

    revisions: tuple[RevisionView, ...]

    @property
    def revision(self) -> RevisionView:
        return self.revisions[-1]


@unbroken
async def load_line(database: Database, revision_id: int) -> Line:
    """Return the line of a revision, deleted ancestors too: they say where it comes from, without their music."""
    async with database.reading() as session:
        songs = SongRepository(session)
        rows: dict[int, Revision] = {}
        waiting = [revision_id]
        while waiting and len(rows) < _MAX_REVISIONS:
            number = waiting.pop(0)
            row = None if number in rows else await songs.find(number)
            if row is None:
                continue
            rows[number] = row
            waiting += (await songs.links([number]))[number].parent_ids
        ordered = [rows[number] for number in sorted(rows)]
        return Line(revisions=await view_revisions(session, ordered))


def write_credits(line: Line, *, soundfont: str = "", sheet: CreditSheet | None = None) -> str:
    """Return the credits as plain text; ``soundfont`` is the name of another than the usual one.

    With the ``sheet`` of a shared song it begins with who wrote which of the notes.
    """
    people = list(dict.fromkeys(revision.author.name for revision in line.revisions))
    title = line.revision.title or "A piece without a title"
    steps = "\n".join(_step(number + 1, revision, line) for number, revision in enumerate(line.revisions))
    head = (
        f"{title}\n{'=' * min(len(title), 78)}\n\nPeople: {', '.join(people)}\n"
        if sheet is None
        else f"{write_sheet(sheet)}\n"
    )
    return (
        f"{head}"
        f"Instrument of theirs: Tutti\n\n"
        f"How it came to be\n{steps}\n\n"
        f"{_LICENCES.format(soundfont=soundfont or 'of the machine it was made on')}\n"
    )


def credit_line(line: Line) -> str:
    """Return who made it in a few words, for the head of a score."""
    people: Sequence[str] = list(dict.fromkeys(revision.author.name for revision in line.revisions))
    names = ", ".join(people[:3]) + (" and others" if len(people) > 3 else "")
    return f"{names} with Tutti" if names and line.revision.operation != UPLOAD else names


def _step(number: int, revision: RevisionView, line: Line) -> str:
    places = {each.revision_id: index + 1 for index, each in enumerate(line.revisions)}
    parents = [f"{places[parent]}" for parent in revision.parent_ids if parent in places]
    verb = _VERBS.get(revision.operation, f"asked for “{revision.operation}”")
    when = f"{revision.created_at:%Y-%m-%d %H:%M} UTC"
    lines = [f"{number}. {when}, {revision.author.name} {verb}" + (f" (from {', '.join(parents)})" if parents else "")]
    if revision.is_deleted:
        lines.append("   deleted since; only its place is left")
    if revision.operation == UPLOAD and revision.title:
        lines.append(f"   file: {revision.title}")
    if revision.checkpoint_id:
        lines.append(f"   network: {revision.checkpoint_id}, seed {revision.seed}")
    if revision.options is not None:
        lines.append(f"   settings: {_settings(revision)}")
    return "\n".join(lines)


def _settings(revision: RevisionView) -> str:
    assert revision.options is not None
    asked = {
        name: value for name, value in options_to_json(revision.options).items() if value not in (None, "", [], {})
    }
    asked.pop("seed", None)
    return msgspec.json.encode(asked).decode()
