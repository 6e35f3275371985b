"""The card of a song made together as a message: what it looks like, and how it is posted, edited in place and pinned.

All that people typed is escaped, nothing pings, and every list keeps Discord's limits however long it is. It knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Place
from bot.services.together.card.model import Card, CardClaim, CardFiles
from bot.services.together.model import LICENCES
from bot.ui.courier import Courier, OutgoingFile
from bot.ui.embeds.style import BLUE, FIELD_LIMIT, GREY, TITLE_LIMIT
from bot.ui.sending import Fitting, outgoing, send_fitting

_FIELD_BUDGET = 560  # eight of them, with headings, in the 6,000 characters that Discord takes
_NAME_LIMIT = 40
_TEXT_LIMIT = 90
_MAX_LINES = 10


class DiscordCards:
    """Shows cards through the courier."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    async def post(self, card: Card, files: CardFiles, *, nonce: str, notes: tuple[str, ...]) -> int:
        """Show a card in a new message and return its id. Files that are too large are left out."""

        async def post(fitting: Fitting) -> int:
            embed = fitting.note_in(card_embed(card, notes=notes))
            return await self._courier.post(card.place.channel_id, nonce=nonce, embed=embed, files=fitting.files)

        return await send_fitting(_outgoing(files), post)

    async def edit(self, card: Card, files: CardFiles | None, *, message_id: int, notes: tuple[str, ...]) -> bool:
        """Show a card in its message and return whether that is pinned. Files that are too large are left out."""
        channel_id = card.place.channel_id
        if files is None:
            embed = card_embed(card, notes=notes)
            return await self._courier.edit_message(channel_id, message_id, embed=embed, files=None)

        async def edit(fitting: Fitting) -> bool:
            embed = fitting.note_in(card_embed(card, notes=notes))
            return await self._courier.edit_message(channel_id, message_id, embed=embed, files=fitting.files)

        return await send_fitting(_outgoing(files), edit)

    async def pin(self, place: Place, message_id: int) -> None:
        """Pin a card."""
        await self._courier.pin(place.channel_id, message_id)


def card_embed(card: Card, *, notes: tuple[str, ...] = ()) -> discord.Embed:
    """Return what stands on a card beside picture and sound."""
    title = clip(make_plain(card.title, limit=100) or "Untitled", TITLE_LIMIT)
    embed = discord.Embed(title=title, description=_description(card), colour=GREY if card.is_closed else BLUE)
    _add(embed, f"Members ({len(card.members)})", _members(card), separator=", ")
    _add(embed, "Turns", _turns(card))
    _add(embed, f"Claimed ({len(card.claims)})", (_claim(card, claim) for claim in card.claims))
    _add(embed, f"Open votes ({len(card.votes)})", _votes(card))
    _add(embed, f"Open comments ({len(card.comments)})", _comments(card))
    _add(embed, "Branches", _branches(card))
    _add(embed, "Tags", (f"{_name(name)} #{revision_id}" for name, revision_id in reversed(card.tags)), separator=", ")
    _add(
        embed,
        f"Last change (#{card.changes.revision_id})",
        (make_plain(line, limit=160) for line in card.changes.lines),
    )
    _add(embed, "Note", notes)
    embed.set_footer(text="This card is kept up to date. /help tells how songs are made together.")
    return embed


def _description(card: Card) -> str:
    lines = [f"Host: {_name(card.host)}", LICENCES.get(card.licence, make_plain(card.licence))]
    if card.inspiration:
        lines.append(make_plain(card.inspiration[:1].upper() + card.inspiration[1:], limit=300))
    if card.is_closed:
        lines.insert(0, "**This song is closed.** Everything stays; nothing is added.")
    if card.song is None:
        lines.append("The newest music of this song was deleted. Work on an earlier revision with a branch.")
    return "\n".join(lines)


def _members(card: Card) -> Iterable[str]:
    for name, role in card.members:
        yield _name(name) if role == "editor" else f"{_name(name)} ({role})"


def _turns(card: Card) -> Iterable[str]:
    if card.turn is not None:
        until = "" if card.turn.until is None else f", ends {_moment(card.turn.until)}"
        yield f"Now: **{_name(card.turn.who)}**{until}"
    if card.queue:
        yield f"Then: {_fit(map(_name, card.queue), separator=', ', budget=300)}"


def _claim(card: Card, claim: CardClaim) -> str:
    bars = "" if claim.bars is None else f", {_bars(*claim.bars)}"
    return f"{_layer(card, claim.layer_id)}{bars}: {_name(claim.who)}, ends {_moment(claim.until)}"


def _votes(card: Card) -> Iterable[str]:
    for vote in card.votes:
        yield _linked(make_plain(vote.title, limit=_TEXT_LIMIT), card.link_to(vote.message_id))


def _comments(card: Card) -> Iterable[str]:
    for comment in card.comments:
        place = f"bar {comment.bar}" + ("" if comment.layer_id is None else f", {_layer(card, comment.layer_id)}")
        link = card.link_to(comment.message_id)
        yield f"`{comment.number}` {_linked(place, link)}: {make_plain(comment.text, limit=_TEXT_LIMIT)} ({_name(comment.who)})"


def _branches(card: Card) -> Iterable[str]:
    for branch in card.branches:
        yield f"{_name(branch.name)}: {_linked(f'#{branch.head_id}', card.link_to(branch.message_id))}"


def _layer(card: Card, layer_id: str | None) -> str:
    return make_plain(card.layer_name(layer_id), limit=_NAME_LIMIT)


def _name(name: str) -> str:
    return make_plain(name, limit=_NAME_LIMIT) or "someone"


def _bars(first: int, last: int) -> str:
    return f"bar {first}" if first == last else f"bars {first}-{last}"


def _linked(text: str, link: str | None) -> str:
    return text if link is None else f"[{text}]({link})"


def _moment(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


def _add(embed: discord.Embed, name: str, lines: Iterable[str], *, separator: str = "\n") -> None:
    """Add a list to an embed, as much of it as fits; nothing where it is empty."""
    value = _fit(lines, separator=separator)
    if value:
        embed.add_field(name=name, value=value, inline=False)


def _fit(lines: Iterable[str], *, separator: str, budget: int = _FIELD_BUDGET) -> str:
    """Return as many whole lines as fit, and how many more there are."""
    found = [line for line in lines if line]
    kept: list[str] = []
    length = 0
    for line in found:
        length += len(line) + len(separator)
        is_full = length > budget or (separator == "\n" and len(kept) == _MAX_LINES)
        if is_full and kept:
            break
        kept.append(line)
    if len(kept) < len(found):
        kept.append(f"and {len(found) - len(kept)} more")
    return clip(separator.join(kept), FIELD_LIMIT)


def _outgoing(files: CardFiles) -> tuple[OutgoingFile, ...]:
    """Return the files in the order in which they are shown."""
    return outgoing((files.picture, files.sound), picture=files.picture, alt_text=files.alt_text)
