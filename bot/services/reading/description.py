"""What a piece is like, with the networks' guess at its genre. It knows no chat and changes nothing.

Key, tempo and the like are found by rules (``music/analysis.py``) and are there even when no network answers.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog

from bot.services.model import Author, FromRevision, Place, Source
from bot.services.options import DENSITIES
from bot.services.ports import MediaMaker, Writer
from bot.services.reading.analysis import describe_piece, description_to_json
from bot.services.reading.explanation import HarmonyReport, explain_piece
from bot.services.songs.service import SongService
from core.errors import InferenceError, InputError
from core.settings import InferenceSettings
from inference.client import InferenceClient
from inference.protocol import DescribeRequest, GenreChance, Result
from music.analysis import Description, TrackDescription
from music.constraints import METRES
from music.piece import Piece
from music.vocabulary import DENSITY_LIMITS, FASTEST_BPM, SLOWEST_BPM

_log = structlog.stdlib.get_logger(__name__)

SURE_CHANCE = 0.5
_DECODERS = "inference.runner:load_remixer"
_NUM_GUESSES = 3
_MAX_BARS = 24
_MAX_PROMPT_INSTRUMENTS = 6
_MOST_BARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A piece in words and numbers. ``genres`` are the likeliest first, empty where no network could say."""

    description: Description
    harmony: HarmonyReport
    genres: tuple[GenreChance, ...]
    checkpoint_id: str

    @property
    def genre_words(self) -> str:
        """The guess as people read it, "unsure" in front when it is one among several."""
        return genre_words(self.genres)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, chords by name."""
        genres = [{"genre": each.genre, "chance": round(each.chance, 4)} for each in self.genres]
        harmony = self.harmony.as_json()
        return {
            **description_to_json(self.description),
            "genres": genres,
            "genre": self.genre_words,
            "keys": harmony["keys"],
            "bars": harmony["bars"],
            "sections": harmony["sections"],
            "prompt": ready_prompt(self),
        }


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
        piece = await self._read(source)
        return await draw_portrait(piece, writer=self._writer, user_id=author.user_id, guild_id=place.guild_id)

    async def explain(self, source: Source) -> HarmonyReport:
        """Return the harmony of a file or an earlier result, in words too.

        Raises:
            core.errors.InputError: for a file that holds no music.
            core.errors.NotFoundError: when the result was deleted.
        """
        return await explain_piece(await self._read(source))

    async def _read(self, source: Source) -> Piece:
        if isinstance(source, FromRevision):
            return await self._songs.piece_of(source.revision_id)
        return await self._media.read_upload(source.filename, source.data)


async def draw_portrait(piece: Piece, *, writer: Writer, user_id: int = 0, guild_id: int | None = None) -> Portrait:
    """Return what a piece is like; without a network that tells genres, all but the genre.

    Raises:
        core.errors.LimitError: when the queue is full.
    """
    request = DescribeRequest(job_id=f"describe-{uuid4().hex}", piece=piece)
    description, harmony, result = await asyncio.gather(
        describe_piece(piece), explain_piece(piece), _ask(request, writer, user_id=user_id, guild_id=guild_id)
    )
    return Portrait(
        description=description,
        harmony=harmony,
        genres=() if result is None else result.genres,
        checkpoint_id="" if result is None else result.checkpoint_id,
    )


async def draw_portrait_alone(piece: Piece, settings: InferenceSettings) -> Portrait:
    """Return what a piece is like with a worker of its own, which loads one network only; without weights, all but the genre.

    The worker is on this machine, also where others are on a cluster: what it loads is not what they share.
    """
    here = settings.model_copy(update={"where": ""})
    try:
        async with InferenceClient(here, decoders=_DECODERS) as writer:
            return await draw_portrait(piece, writer=writer)
    except InferenceError as error:
        _log.info("genre_not_guessed", error=type(error).__name__)
        description, harmony = await asyncio.gather(describe_piece(piece), explain_piece(piece))
        return Portrait(description=description, harmony=harmony, genres=(), checkpoint_id="")


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
    about, harmony = portrait.description, portrait.harmony
    bars = harmony.reading.bars
    more = f" … and {len(bars) - _MAX_BARS} bars more" if len(bars) > _MAX_BARS else ""
    return (
        ("Genre", portrait.genre_words or "no guess"),
        ("Key", harmony.keys if about.key else "none"),
        ("Tempo", f"{about.tempo_bpm:.0f} bpm" + (", changing" if about.has_changing_tempo else "")),
        ("Metre", about.metre + (", changing" if about.has_changing_metre else "")),
        ("Length", f"{about.num_bars} bars, {about.duration_seconds:.0f} s"),
        ("Notes", f"{about.num_notes}, {about.notes_per_bar:.1f} a bar"),
        ("Tracks", ", ".join(_name_of(track) for track in about.tracks) or "none"),
        ("Chords", " | ".join(bar.chords for bar in bars[:_MAX_BARS]) + more if bars else "none"),
        ("Degrees", " | ".join(bar.numerals for bar in bars[:_MAX_BARS]) + more if bars else "none"),
        ("Form", harmony.form or "none that comes back"),
        ("To write something like it", ready_prompt(portrait)),
    )


def _name_of(track: TrackDescription) -> str:
    return track.instrument + (" (melody)" if track.is_melody else "")


def ready_prompt(portrait: Portrait) -> str:
    """Return the command that writes something with the same genre, key, tempo, metre, length, players and density.

    Only what the networks can write is named; a genre only when the guess is sure.
    """
    about = portrait.description
    parts = ["/generate"]
    if portrait.genres and portrait.genres[0].chance >= SURE_CHANCE:
        parts.append(f"genre:{portrait.genres[0].genre}")
    if about.key:
        parts.append(f"key:{about.key}")
    parts.append(f"tempo:{min(max(round(about.tempo_bpm), math.ceil(SLOWEST_BPM)), math.floor(FASTEST_BPM))}")
    if tuple(int(part) for part in about.metre.split("/")) in METRES:
        parts.append(f"metre:{about.metre}")
    parts.append(f"bars:{min(max(about.num_bars, 1), _MOST_BARS)}")
    players = list(dict.fromkeys(track.instrument for track in about.tracks if track.num_notes))
    if players:
        parts.append(f"instruments:{', '.join(players[:_MAX_PROMPT_INSTRUMENTS])}")
    parts.append(f"density:{_density_word(about)}")
    return " ".join(parts)


def _density_word(about: Description) -> str:
    """Return what people call how many notes a quarter there are."""
    beats, unit = (int(part) for part in about.metre.split("/"))
    density = bisect_right(DENSITY_LIMITS, about.notes_per_bar / (4 * beats / unit))
    return min(DENSITIES, key=lambda name: abs(DENSITIES[name] - density))
