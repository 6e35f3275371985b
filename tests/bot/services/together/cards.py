"""Songs with everything that a card can show, and a stand-in for Discord that remembers what it was shown."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.services.together.card.model import Card, CardFiles
from bot.services.together.votes.model import VoteChoice, VotePaper, to_json
from core.errors import NotFoundError, RenderError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.users import UserRepository
from db.shared_tables import Claim, SongComment, Turn, Vote
from media.graph_picture import draw_graph
from media.protocol import Rendering
from media.song_picture import draw_song
from tests.factories.orders import BEN


class CardMedia:
    """Draws real pictures; sounds are as many notes in words. ``gate`` holds sounds back until it is set."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: RenderError | None = None
        self.num_bad_pictures = 0
        self.played = []

    async def draw_song(self, piece, facts, *, chunk=""):
        if self.num_bad_pictures:
            self.num_bad_pictures -= 1
            raise RenderError("too busy")
        return draw_song(piece, facts, chunk=chunk)

    async def draw_graph(self, revisions, *, title):
        return draw_graph(revisions, title=title)

    async def render(self, piece, *, size_limit_bytes, soundfont=""):
        self.played.append(piece)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Rendering(
            audio=f"{piece.num_notes} notes".encode(),
            filename_suffix=".ogg",
            duration_seconds=1.0,
            loudness_lufs=-16.0,
            is_shortened=False,
        )


@dataclass
class Posted:
    """A message as somebody sees it."""

    card: Card
    files: CardFiles
    notes: tuple[str, ...]
    nonce: str
    is_pinned: bool = False
    edits: list[str] = field(default_factory=list)  # "words" or the names of its files


class CardWall:
    """Where cards hang: what Discord would show, with its troubles at will."""

    def __init__(self):
        self.messages: dict[int, Posted] = {}
        self.errors = []  # raised by the next calls, one each
        self.pin_error = None
        self.is_gone = False
        self._changed = asyncio.Condition()
        self._numbers = itertools.count(9000)

    async def post(self, card, files, *, nonce, notes):
        await self._check()
        same = next((number for number, each in self.messages.items() if each.nonce == nonce), None)
        number = same or next(self._numbers)
        self.messages[number] = Posted(card, files, notes, nonce)
        await self._tell()
        return number

    async def edit(self, card, files, *, message_id, notes):
        await self._check()
        if message_id not in self.messages:
            raise NotFoundError(what="message")
        message = self.messages[message_id]
        names = [] if files is None else [file.filename for file in (files.picture, files.sound) if file is not None]
        message.edits.append("words" if files is None else " ".join(names))
        message.card, message.notes = card, notes
        message.files = message.files if files is None else files
        await self._tell()
        return message.is_pinned

    async def pin(self, place, message_id):
        await self._check()
        if self.pin_error is not None:
            raise self.pin_error
        self.messages[message_id].is_pinned = True

    async def until(self, is_true):
        """Wait until what hangs here makes a condition true, and return the newest message."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: bool(self.messages) and is_true(self.newest))
        return self.newest

    @property
    def newest(self) -> Posted:
        return self.messages[max(self.messages)]

    async def _check(self):
        if self.is_gone:
            raise NotFoundError(what="channel")
        if self.errors:
            raise self.errors.pop(0)

    async def _tell(self):
        async with self._changed:
            self._changed.notify_all()


async def touch(database, shared_song_id):
    """Count a change that the card is to show."""
    async with database.writing() as session:
        await SharedSongRepository(session).touch(shared_song_id)


async def counts(database, shared_song_id):
    """Return how many changes there are, how many are shown, and in which message."""
    async with database.reading() as session:
        song = await SharedSongRepository(session).find(shared_song_id)
        return song.card_wanted, song.card_shown, song.card_message_id


async def decorate(database, song, *, layer_id):
    """Give a song of Ada's a turn, a queue, claims, a vote and comments."""
    now = datetime.now(UTC)
    async with database.writing() as session:
        ben = await UserRepository(session).find_or_add(BEN.user_id, name="Ben <@1> *x*", now=now)
        song_id = song.shared_song_id
        await SharedSongRepository(session).set_member(song_id, ben.id, role="editor", now=now)
        common = {"shared_song_id": song_id, "created_at": now}
        choices = tuple(VoteChoice(revision_id=song.branch.head_id, name=name) for name in ("take 1", "take 2"))
        paper = to_json(VotePaper(choices=choices, seed=1))
        vote = {"kind": "takes", "opened_by_id": ben.id, "options": paper, "threshold": 0.5, "quorum": 2}
        later = now + timedelta(minutes=10)
        session.add_all(
            [
                Turn(**common, user_id=ben.id),
                Turn(**common, user_id=None, started_at=now, ends_at=later),
                Turn(**common, user_id=ben.id, ended_at=now, outcome="done"),
                Claim(**common, user_id=ben.id, layer_id=layer_id, start_bar=1, stop_bar=3, expires_at=later),
                Claim(**common, user_id=None, expires_at=later),
                Claim(**common, user_id=ben.id, layer_id="gone", expires_at=later),
                Claim(**common, user_id=ben.id, expires_at=later, ended_at=now),
                Vote(**common, **vote, message_id=42),
                Vote(**common, **vote, closed_at=now),
            ]
        )  # fmt: skip
        comment = {"author_id": ben.id, "revision_id": song.branch.head_id}
        session.add_all(
            [
                SongComment(**common, **comment, layer_id=layer_id, bar=1, text="more air", message_id=43),
                SongComment(**common, **comment, bar=0, text="done", resolved_at=now, resolved_by_id=ben.id),
                SongComment(**common, **comment, bar=2, text="and here"),
            ]
        )
        await SharedSongRepository(session).set_tag(
            song_id, name="demo", revision_id=song.branch.head_id, author_id=ben.id, now=now
        )
