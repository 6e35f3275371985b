"""Shows bundles of files in Discord: the acknowledgement becomes the first message, others follow in the channel.

It knows nothing of how the files were made.
"""

from __future__ import annotations

from collections.abc import Sequence

import discord
import structlog

from bot.plain_text import clip, make_plain
from bot.services.model import File, FileBundle, JobView, RevisionView
from bot.ui.courier import Courier, OutgoingFile, ReplyAddress
from bot.ui.embeds.style import GREEN, jump_url
from bot.ui.sending import Fitting, send_fitting
from bot.ui.wording.registry import WORDINGS, describe_options
from core.errors import NotFoundError

_log = structlog.stdlib.get_logger(__name__)
_LIMIT = 1024


async def show_files(courier: Courier, job: JobView, bundle: FileBundle) -> None:
    """Show a bundle. The nonce of each further message keeps a repeat from doubling it.

    What the place does not take is left out and named: the text always arrives.

    Raises: like ``Courier.edit`` and ``Courier.post``, but for the size.
    """
    for number, files in enumerate(bundle.messages):

        async def deliver(fitting: Fitting, number: int = number) -> None:
            embed = fitting.note_in(_embed(job, bundle, number=number))
            await _deliver(courier, job, embed, fitting.files, number=number)

        sent = [_outgoing(file, bundle) for file in files]
        await send_fitting(sent, deliver, size_limit_bytes=job.size_limit_bytes)


async def _deliver(
    courier: Courier, job: JobView, embed: discord.Embed, files: Sequence[OutgoingFile], *, number: int
) -> None:
    """Put the first message where the acknowledgement is, the others, or one whose place is gone, into the channel."""
    address = ReplyAddress.decode(job.reply_token)
    if number == 0:
        try:
            await courier.edit(address, embed=embed, files=files)
        except NotFoundError:
            _log.info("acknowledgement_gone", job_id=job.job_id)
        else:
            return
    await courier.post(address.channel_id, nonce=f"tutti-{job.job_id}-{number + 1}", embed=embed, files=files)


def _outgoing(file: File, bundle: FileBundle) -> OutgoingFile:
    name = file.filename.rpartition("/")[2]
    return OutgoingFile(filename=name, data=file.data, alt_text=clip(bundle.alt_texts.get(file.filename, ""), 1000))


def _embed(job: JobView, bundle: FileBundle, *, number: int) -> discord.Embed:
    revision, num_messages = bundle.revision, len(bundle.messages)
    wording = WORDINGS[job.kind]
    title = wording.title if num_messages == 1 else f"{wording.title}, {number + 1} of {num_messages}"
    embed = discord.Embed(title=title, description=_origin(revision), colour=GREEN)
    if number == 0:
        embed.add_field(name="Asked", value=clip(describe_options(job.options), _LIMIT), inline=False)
        for remark in bundle.remarks:
            embed.add_field(name="Note", value=clip(make_plain(remark), _LIMIT), inline=False)
    embed.set_footer(text=f"for {clip(job.author.name, 80)}")
    return embed


def _origin(revision: RevisionView) -> str:
    name = make_plain(revision.title) if revision.title else ""
    number = f"#{revision.revision_id}"
    if revision.message_id is not None:
        number = f"[{number}]({jump_url(revision.place, revision.message_id)})"
    return f"of {number}" + (f" {clip(name, 200)}" if name else "")
