"""Pages of /history and /favourites: shown, and turned by buttons that carry where they lead.

The whole look travels in each button's identifier, so paging works after any restart. It knows nothing of how pages are found.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any, Self, cast

import discord

from bot.plain_text import clip
from bot.services.songs.history import MAX_INDEX, HistoryPage, Look, LookKind
from bot.services.songs.searching import Wanted
from bot.ui.answers import author_of, place_of
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.history import history_embed
from bot.ui.seals import SealedItem
from bot.ui.sending import answer_with_files, outgoing
from bot.ui.sources import may_read
from bot.ui.wording.registry import describe_options
from core.whole_numbers import read_whole_number

_KINDS: dict[str, LookKind] = {"t": "tree", "s": "song", "f": "found", "*": "stars"}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
_DIGITS = string.digits + string.ascii_lowercase


# --- looks in identifiers ------------------------------------------------------------------------------------------


def encode_look(look: Look) -> str:
    """Return a look in at most 78 characters, of which ``decode_look`` makes it again: the seal must fit behind it."""
    wanted = look.wanted
    user = "" if wanted.user_id is None else _to_base_36(wanted.user_id)
    part = f".{look.part}" if look.part else ""
    place = f"{_LETTERS[look.kind]}{'m' if look.is_mine else '-'}{look.index}{part}"
    key = wanted.key.removesuffix(" major").replace(" minor", "m")
    return f"{place}:{key}:{wanted.genre}:{wanted.operation}:{user}:{wanted.words}"


def decode_look(text: str) -> Look | None:
    """Return the look that ``encode_look`` wrote; None for anything else."""
    parts = text.split(":", 5)
    match = re.fullmatch(r"([tsf*])([m-])([0-9]{1,19})(?:\.([0-9]{1,4}))?", parts[0])
    if match is None or len(parts) != 6:
        return None
    _, key, genre, operation, user, words = parts
    index = int(match[3])
    if key and " " not in key:  # with a space: from a button of before there were seals
        key = f"{key.removesuffix('m')} {'minor' if key.endswith('m') else 'major'}"
    return Look(
        kind=_KINDS[match[1]],
        is_mine=match[2] == "m",
        index=index if match[1] == "s" else min(index, MAX_INDEX),
        part=int(match[4] or 0),
        wanted=Wanted(words=words, key=key, genre=genre, operation=operation, user_id=int(user, 36) if user else None),
    )


def _to_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


# --- paging --------------------------------------------------------------------------------------------


def history_view(page: HistoryPage) -> discord.ui.View:
    """Return the buttons of a page, and for lists a menu that leads to the trees of its songs."""
    view = discord.ui.View(timeout=None)
    for label, look in (("Newer", page.before), ("Older", page.after)):
        if look is not None:
            view.add_item(LookButton(label, look))
    if page.look.kind in {"found", "stars"} and page.song_ids:
        view.add_item(SongMenu(_songs_of(page)))
    return view


def _songs_of(page: HistoryPage) -> list[discord.SelectOption]:
    named: dict[int, str] = {}
    for entry in page.entries:
        title = entry.revision.title or describe_options(entry.revision.options)
        named.setdefault(entry.revision.song_id, f"#{entry.revision.revision_id} {title}")
    return [discord.SelectOption(label=clip(name, 100), value=str(song_id)) for song_id, name in named.items()][:25]


class LookButton(SealedItem[discord.ui.Button[Any]], template=r"tutti:look:(?P<look>.+?)"):
    """Leads to another page."""

    def __init__(self, label: str, look: Look) -> None:
        super().__init__(
            discord.ui.Button(
                label=label, style=discord.ButtonStyle.secondary, custom_id=f"tutti:look:{encode_look(look)}"
            )
        )
        self._look = look

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        label = getattr(item, "label", None) or "Page"
        return cls(label, decode_look(match["look"]) or Look())

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page in place of the one that is there."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: turn_page(desk, interaction, self._look), custom_id=self.custom_id)


class SongMenu(SealedItem[discord.ui.Select[Any]], template=r"tutti:songs"):
    """Leads from a list to the tree of one of its songs."""

    def __init__(self, songs: Sequence[discord.SelectOption] = ()) -> None:
        options = list(songs) or [discord.SelectOption(label="-")]
        super().__init__(discord.ui.Select(placeholder="Show the tree of…", options=options, custom_id="tutti:songs"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Make the menu anew; what was chosen comes with the interaction."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the tree of the chosen song."""
        desk = desk_of(interaction)
        chosen = cast("dict[str, Any]", interaction.data or {}).get("values") or ["0"]
        look = Look(kind="song", index=read_whole_number(chosen[0]) or 0)
        custom_id = f"{self.custom_id}:{chosen[0]}"
        await desk.guarded(interaction, lambda: turn_page(desk, interaction, look), custom_id=custom_id)


async def show_look(desk: Desk, interaction: discord.Interaction[Any], look: Look) -> None:
    """Answer a command with a page that only the person sees."""
    await desk.think_privately(interaction)
    page = await _page(desk, interaction, look)
    await _edit(interaction, page)


async def turn_page(desk: Desk, interaction: discord.Interaction[Any], look: Look) -> None:
    """Show another page in the message whose button was pressed."""
    page = await desk.do_quietly(interaction, lambda: _page(desk, interaction, look))
    await _edit(interaction, page)


async def _page(desk: Desk, interaction: discord.Interaction[Any], look: Look) -> HistoryPage:
    history = desk.services.keeping.history
    return await history.look(
        look,
        viewer=author_of(interaction),
        place=place_of(interaction),
        may_read=lambda channel_id: may_read(interaction, channel_id),
    )


async def _edit(interaction: discord.Interaction[Any], page: HistoryPage) -> None:
    files = outgoing((page.picture,), picture=page.picture, alt_text=page.alt_text)
    await answer_with_files(interaction, files, embed=history_embed(page), view=history_view(page))
