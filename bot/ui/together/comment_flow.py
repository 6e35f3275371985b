"""Comments, from commands, forms and presses to the service. The form and the buttons carry numbers, so they outlive a restart."""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.services.together.comments import MAX_TEXT_LENGTH, CommentView, CommentWish
from bot.ui.answers import author_of, place_of
from bot.ui.carried import FORM_IDS
from bot.ui.courier import NO_PINGS, send_again
from bot.ui.desk import Desk, desk_of
from bot.ui.form import SealedForm
from bot.ui.modals import typed_in
from bot.ui.seals import SealedItem, plain_id_of
from bot.ui.sending import answer_with_files, outgoing
from bot.ui.together.comment_embeds import comment_embed, comments_embed
from bot.ui.together.song_flow import answer
from core.errors import InputError
from core.whole_numbers import read_whole_number

_LABELS = {"resolve": "Resolve", "reopen": "Reopen"}


async def add_comment(desk: Desk, interaction: discord.Interaction[Any], wish: CommentWish) -> None:
    """Say something at a bar, with two bars of what it is about."""
    ticket = await desk.acknowledge(interaction)
    comments = desk.services.together.comments
    comment = await comments.add(ticket.author, ticket.place, wish)
    preview = await comments.preview(comment, size_limit_bytes=ticket.size_limit_bytes)
    files = outgoing((preview.audio, preview.picture), picture=preview.picture, alt_text=preview.alt_text)
    message = await answer_with_files(
        interaction, files, embed=comment_embed(comment, preview), view=comment_view(comment)
    )
    await comments.note_message(comment.comment_id, message.id)


async def list_comments(desk: Desk, interaction: discord.Interaction[Any], *, with_resolved: bool) -> None:
    """List what people said in the song that lives here."""
    await desk.acknowledge(interaction)
    found = await desk.services.together.comments.list(place_of(interaction), with_resolved=with_resolved)
    await answer(interaction, comments_embed(found, with_resolved=with_resolved))


async def resolve_comment(desk: Desk, interaction: discord.Interaction[Any], comment_id: int) -> None:
    """Resolve a comment by its number, and show so in its message."""
    await desk.acknowledge(interaction)
    comment = await desk.services.together.comments.set_resolved(
        author_of(interaction), comment_id, is_resolved=True, place=place_of(interaction)
    )
    await answer(interaction, comment_embed(comment), view=comment_view(comment))


async def open_comment_form(_desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Open the form behind “Comment…”."""
    modal = SealedForm(title="Comment at a bar", custom_id=f"tutti:comment-form:{revision_id}")
    modal.add_item(discord.ui.TextInput(label="Bar", custom_id="bar", placeholder="9", max_length=6))
    modal.add_item(
        discord.ui.TextInput(
            label="Layer (left out: all)", custom_id="layer", placeholder="bass", required=False, max_length=60
        )
    )
    modal.add_item(
        discord.ui.TextInput(
            label="What you want to say",
            custom_id="text",
            style=discord.TextStyle.paragraph,
            max_length=MAX_TEXT_LENGTH,
        )
    )
    await interaction.response.send_modal(modal)


async def heed_comment_form(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Say what the form says; forms of others are left alone."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data: Any = interaction.data or {}
    match = FORM_IDS["comment-form"].fullmatch(plain_id_of(interaction))
    if match is None:
        return
    revision_id, typed = int(match["revision_id"]), typed_in(data.get("components", ()))

    async def say() -> None:
        wish = CommentWish(
            bar=read_bar(typed.get("bar", "")),
            text=typed.get("text", ""),
            layer=typed.get("layer", ""),
            revision_id=revision_id,
        )
        await add_comment(desk, interaction, wish)

    said = "|".join(typed[name] for name in sorted(typed))  # the same form twice in a hurry is one comment
    await desk.guarded(interaction, say, custom_id=f"tutti:comment:{revision_id}:{said}")


def read_bar(text: str) -> int:
    """Return the bar that somebody typed.

    Raises:
        InputError: for what is no number.
    """
    cleaned = text.strip().casefold().removeprefix("bar").strip()
    number = read_whole_number(cleaned)
    if number is None:
        raise InputError(f"“{text[:20]}” is no bar. Write its number; bars count from 1.")
    return number


class CommentButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:comment-(?P<action>resolve|reopen):(?P<comment_id>[0-9]{1,19})",
):
    """Resolves a comment, or opens it again."""

    def __init__(self, action: str, comment_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=_LABELS[action],
                style=discord.ButtonStyle.secondary,
                custom_id=f"tutti:comment-{action}:{comment_id}",
            )
        )
        self._action, self._comment_id = action, comment_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["comment_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Carry out the press."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: self._press(desk, interaction), custom_id=self.custom_id)

    async def _press(self, desk: Desk, interaction: discord.Interaction[Any]) -> None:
        comments = desk.services.together.comments
        comment = await comments.set_resolved(
            author_of(interaction), self._comment_id, is_resolved=self._action == "resolve", place=place_of(interaction)
        )
        embed = comment_embed(comment)
        shown = interaction.message.embeds if interaction.message is not None else []
        if shown and shown[0].image.url:
            embed.set_image(url=shown[0].image.url)
        await send_again(
            lambda: interaction.response.edit_message(
                embed=embed, view=comment_view(comment), allowed_mentions=NO_PINGS
            )
        )


def comment_view(comment: CommentView) -> discord.ui.View:
    """Return the button under a comment."""
    view = discord.ui.View(timeout=None)
    view.add_item(CommentButton("reopen" if comment.is_resolved else "resolve", comment.comment_id))
    return view
