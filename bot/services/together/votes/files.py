"""What people hear and see of a vote: a sound of each option under its letter, and one picture of all. It knows no Discord.

Layers sound as they are set in each state. Nothing in the files tells which option was made how, or by whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.services.model import DEFAULT_SIZE_LIMIT_BYTES, File
from bot.services.ports import MediaMaker
from bot.services.replies.fitting import room_for_sounds
from bot.services.replies.reply_sounds import ReplySounds
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.together.states import load_state
from bot.services.together.votes.model import LETTERS, VoteView
from core.errors import LimitError, NotFoundError, RenderError
from db.engine import Database, unbroken
from music.piece import Piece
from music.versions.mixing import mix

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteFiles:
    """Sounds in the order of the options, those that cannot be made left out; ``remarks`` say why."""

    sounds: tuple[File, ...] = ()
    picture: File | None = None
    alt_text: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """Sounds, then the picture."""
        return self.sounds if self.picture is None else (*self.sounds, self.picture)


class VoteFileMaker:
    """Makes the files of votes."""

    def __init__(self, database: Database, *, media: MediaMaker, sound_of: SoundOf = usual_sound) -> None:
        self._database = database
        self._media = media
        self._sounds = ReplySounds(media, audio_format="ogg", sound_of=sound_of)

    async def make(self, vote: VoteView, *, size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES) -> VoteFiles:
        """Return the files of a vote; what cannot be made is left out, and so are options that were deleted."""
        pieces: dict[str, Piece] = {}
        for letter, choice in zip(LETTERS, vote.paper.choices, strict=False):
            try:
                pieces[letter] = await self._heard(choice.revision_id)
            except NotFoundError:
                _log.info("vote_option_gone", vote_id=vote.vote_id)
        if not pieces:
            return VoteFiles()
        picture, alt_text, remarks = await self._draw(vote, tuple(pieces), tuple(pieces.values()))
        rest_bytes = room_for_sounds((picture,), size_limit_bytes=size_limit_bytes, num_sounds=len(pieces))
        sounds = await asyncio.gather(
            *(
                self._sounds.make(
                    f"vote-{vote.vote_id}-{letter}",
                    piece,
                    comparison=None,
                    guild_id=vote.place.guild_id,
                    size_limit_bytes=rest_bytes // len(pieces),
                )
                for letter, piece in pieces.items()
                if piece.num_notes
            )
        )
        heard = tuple(each.after for each in sounds if each.after is not None)
        said = dict.fromkeys(remark for each in sounds for remark in each.remarks)
        return VoteFiles(sounds=heard, picture=picture, alt_text=alt_text, remarks=(*said, *remarks))

    @unbroken
    async def _heard(self, revision_id: int) -> Piece:
        async with self._database.reading() as session:
            state = await load_state(session, revision_id)
        return await asyncio.to_thread(mix, state)

    async def _draw(
        self, vote: VoteView, letters: Sequence[str], pieces: tuple[Piece, ...]
    ) -> tuple[File | None, str, tuple[str, ...]]:
        try:
            picture = await self._media.draw_takes(pieces, names=tuple(letters))
        except (RenderError, LimitError) as error:
            _log.warning("picture_left_out", vote_id=vote.vote_id, error=str(error))
            return None, "", ("The picture could not be drawn.",)
        return File(filename=f"vote-{vote.vote_id}.png", data=picture.png), picture.alt_text, ()
