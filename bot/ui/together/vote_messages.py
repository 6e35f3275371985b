"""Shows votes in Discord: one message for each, edited in place. It knows nothing of ballots or of the database."""

from __future__ import annotations

from collections.abc import Sequence

import discord
import structlog

from bot.services.together.votes.files import VoteFiles
from bot.services.together.votes.model import VoteView
from bot.ui.courier import Courier, OutgoingFile, ReplyAddress
from bot.ui.sending import Fitting, outgoing, send_fitting
from bot.ui.together.vote_buttons import vote_view
from bot.ui.together.vote_embeds import vote_embed
from core.errors import NotFoundError

_log = structlog.stdlib.get_logger(__name__)


class DiscordVotes:
    """Shows votes through the courier."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    async def show_vote(self, vote: VoteView, files: VoteFiles | None) -> int:
        """Make a vote's message show it, or post it anew where that is gone, and return the message's id.

        Of its files as many as a server takes; what is left out is named.

        Raises: like ``Courier.edit`` and ``Courier.post``.
        """
        if files is None:
            return await self._deliver(vote, vote_embed(vote), None)

        async def deliver(fitting: Fitting) -> int:
            return await self._deliver(vote, fitting.note_in(vote_embed(vote, files)), fitting.files)

        return await send_fitting(outgoing(files.files, picture=files.picture, alt_text=files.alt_text), deliver)

    async def _deliver(self, vote: VoteView, embed: discord.Embed, files: Sequence[OutgoingFile] | None) -> int:
        address = _address(vote)
        if address is not None:
            try:
                return await self._courier.edit(address, embed=embed, files=files, view=vote_view(vote))
            except NotFoundError:
                _log.info("vote_message_gone", vote_id=vote.vote_id)
        state = "open" if vote.outcome is None else "over"
        return await self._courier.post(
            vote.place.channel_id,
            nonce=f"tutti-vote-{vote.vote_id}-{state}",
            embed=embed,
            files=files or (),
            view=vote_view(vote),
        )


def _address(vote: VoteView) -> ReplyAddress | None:
    """Return where a vote is shown: at first the acknowledgement of whoever opened it, later an ordinary message."""
    if vote.paper.reply_token:
        return ReplyAddress.decode(vote.paper.reply_token)
    if vote.message_id is None:
        return None
    return ReplyAddress(channel_id=vote.place.channel_id, message_id=vote.message_id, acknowledged_at=0.0)
