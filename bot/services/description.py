"""What a piece is like, with the networks' guess at its genre. It knows no chat and changes nothing.

Key, tempo and the like are found by rules (``music/analysis.py``) and are there even when no network answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog

from bot.services.analysis import chord_names_of, describe_piece, description_to_json
from bot.services.model import Author, FromRevision, Place, Source
from bot.services.ports import MediaMaker, Writer
from bot.services.songs import SongService
from core.errors import InferenceError, InputError
from core.settings import InferenceSettings
from inference.client import InferenceClient
from inference.protocol import DescribeRequest, GenreChance, Result
from music.analysis import Description
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)

SURE_CHANCE = 0.5
_DECODERS = "inference.runner:load_remixer"
_NUM_GUESSES = 3
_MAX_CHORDS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A piece in words and numbers. ``genres`` are the likeliest first, empty where no network could say."""

    description: Description
    genres: tuple[GenreChance, ...]
    checkpoint_id: str

    @property
    def genre_words(self) -> str:
        """The guess as people read it, "unsure" in front when it is one among several."""
        return genre_words(self.genres)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, chords by name."""
        genres = [{"genre": each.genre, "chance": round(each.chance, 4)} for each in self.genres]
        return {**description_to_json(self.description), "genres": genres, "genre": self.genre_words}


class DescriptionService:
    """Describes uploads and results."""

    def __init__(self, *, writer: Writer, media: MediaMaker, songs: SongService) -> None:
        self._writer = writer
        self._media = media
        self._songs = songs

    async def describe(self, source: Source, *, author: Author, place: Place) -> Portrait:
        """Return what a file or an earlier result is like.

        Raises:
            core.errors.InputError: for a file that holds no music.
            core.errors.NotFoundError: when the result was deleted.
            core.errors.LimitError: when too much is being asked for.
        """
        if isinstance(source, FromRevision):
            piece = await self._songs.piece_of(source.revision_id)
        else:
            piece = await self._media.read_upload(source.filename, source.data)
        return await draw_portrait(piece, writer=self._writer, user_id=author.user_id, guild_id=place.guild_id)


async def draw_portrait(piece: Piece, *, writer: Writer, user_id: int = 0, guild_id: int | None = None) -> Portrait:
    """Return what a piece is like; without a network that tells genres, all but the genre.

    Raises:
        core.errors.LimitError: when the queue is full.
    """
    request = DescribeRequest(job_id=f"describe-{uuid4().hex}", piece=piece)
    description, result = await asyncio.gather(
        describe_piece(piece), _ask(request, writer, user_id=user_id, guild_id=guild_id)
    )
    if result is None:
        return Portrait(description=description, genres=(), checkpoint_id="")
    return Portrait(description=description, genres=result.genres, checkpoint_id=result.checkpoint_id)


async def draw_portrait_alone(piece: Piece, settings: InferenceSettings) -> Portrait:
    """Return what a piece is like with a worker of its own, which loads one network only; without weights, all but the genre."""
    try:
        async with InferenceClient(settings, decoders=_DECODERS) as writer:
            return await draw_portrait(piece, writer=writer)
    except InferenceError as error:
        _log.info("genre_not_guessed", error=type(error).__name__)
        return Portrait(description=await describe_piece(piece), genres=(), checkpoint_id="")


async def _ask(request: DescribeRequest, writer: Writer, *, user_id: int, guild_id: int | None) -> Result | None:
    try:
        async for message in writer.submit(request, user_id=user_id, guild_id=guild_id):
            if isinstance(message, Result):
                return message
    except (
        InferenceError,
        InputError,
    ) as error:  # no weights, or none that tell genres: the rest is still worth having
        _log.info("genre_not_guessed", error=type(error).__name__)
    return None


def genre_words(genres: Sequence[GenreChance]) -> str:
    """Return a guess such as "rock (72 %)", or "unsure: rock (34 %), pop (30 %), soul (12 %)"; empty for no guess."""
    if not genres:
        return ""
    shown = [f"{each.genre} ({each.chance:.0%})".replace("%)", " %)") for each in genres[:_NUM_GUESSES]]
    return shown[0] if genres[0].chance >= SURE_CHANCE else f"unsure: {', '.join(shown)}"


def facts_of(portrait: Portrait) -> tuple[tuple[str, str], ...]:
    """Return names and values of what is worth showing, in order."""
    about = portrait.description
    chords = chord_names_of(about)
    more = f" … and {len(chords) - _MAX_CHORDS} more" if len(chords) > _MAX_CHORDS else ""
    return (
        ("Genre", portrait.genre_words or "no guess"),
        ("Key", about.key or "none"),
        ("Tempo", f"{about.tempo_bpm:.0f} bpm" + (", changing" if about.has_changing_tempo else "")),
        ("Metre", about.metre + (", changing" if about.has_changing_metre else "")),
        ("Length", f"{about.num_bars} bars, {about.duration_seconds:.0f} s"),
        ("Notes", f"{about.num_notes}, {about.notes_per_bar:.1f} a bar"),
        ("Tracks", ", ".join(track.instrument + (" (melody)" if track.is_melody else "") for track in about.tracks)),
        ("Chords", " | ".join(chords[:_MAX_CHORDS]) + more if chords else "none"),
    )
