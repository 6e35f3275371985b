"""Shows votes in Discord: one message for each, edited in place. It knows nothing of ballots or of the database."""

from __future__ import annotations

import structlog

from bot.services.together.votes.files import VoteFiles
from bot.services.together.votes.model import VoteView
from bot.ui.courier import Courier, MessageTooLargeError, OutgoingFile, ReplyAddress
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

        Of files that Discord finds too large, the largest are left out, and named.

        Raises: like ``Courier.edit`` and ``Courier.post``.
        """
        outgoing = None if files is None else _outgoing(files)
        while True:
            try:
                return await self._deliver(vote, files, outgoing)
            except MessageTooLargeError:
                if not outgoing:
                    raise
                largest = max(outgoing, key=lambda file: len(file.data))
                _log.warning("file_left_out", vote_id=vote.vote_id, size_bytes=len(largest.data))
                outgoing.remove(largest)

    async def _deliver(self, vote: VoteView, files: VoteFiles | None, outgoing: list[OutgoingFile] | None) -> int:
        embed = vote_embed(vote, files)
        left_out = [] if files is None else [each for each in files.files if each.filename not in _names(outgoing)]
        if left_out:
            names = ", ".join(each.filename for each in left_out)
            embed.add_field(name="Note", value=f"Too large for this server, so left out: {names}.", inline=False)
        address = _address(vote)
        if address is not None:
            try:
                return await self._courier.edit(address, embed=embed, files=outgoing, view=vote_view(vote))
            except NotFoundError:
                _log.info("vote_message_gone", vote_id=vote.vote_id)
        state = "open" if vote.outcome is None else "over"
        return await self._courier.post(
            vote.place.channel_id,
            nonce=f"tutti-vote-{vote.vote_id}-{state}",
            embed=embed,
            files=outgoing or (),
            view=vote_view(vote),
        )


def _address(vote: VoteView) -> ReplyAddress | None:
    """Return where a vote is shown: at first the acknowledgement of whoever opened it, later an ordinary message."""
    if vote.paper.reply_token:
        return ReplyAddress.decode(vote.paper.reply_token)
    if vote.message_id is None:
        return None
    return ReplyAddress(channel_id=vote.place.channel_id, message_id=vote.message_id, acknowledged_at=0.0)


def _outgoing(files: VoteFiles) -> list[OutgoingFile]:
    return [
        OutgoingFile(filename=file.filename, data=file.data, alt_text=files.alt_text if file is files.picture else "")
        for file in files.files
    ]


def _names(outgoing: list[OutgoingFile] | None) -> set[str]:
    return {file.filename for file in outgoing or ()}
