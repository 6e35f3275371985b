"""What the buttons under a result do: the name in the identifier, the label, and the call of the desk.

The names live in messages for ever, so they never change their meaning. A new action is a line in ``ACTIONS``; a handler
that wants more than an order is a function of its own, in a file of its own. A handler answers the interaction itself, and
may open a modal as its first answer. It knows nothing of how buttons are shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot.services.operations.exporting import ExportOptions, ScoreOptions
from bot.services.operations.picking import PickOptions
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from bot.ui.desk import Desk
from bot.ui.details import press_details
from bot.ui.edit_forms import open_form
from bot.ui.explaining import press_explain
from bot.ui.looking_back import press_star, press_tree, press_undo
from bot.ui.modals import open_edit
from bot.ui.take_actions import vary
from bot.ui.together.branch_flow import press_branch
from bot.ui.together.comment_flow import open_comment_form
from bot.ui.together.layer_flow import press_add_to_song
from bot.ui.together.merge_flow import press_revert
from bot.ui.together.song_flow import press_make_song

Handler = Callable[[Desk, discord.Interaction[Any], int], Awaitable[None]]
"""Carries out a press on a revision's button, by the revision's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that can be done with a result. ``description`` (at most 100 characters) is shown in the “More…” menu.

    ``is_primary``: a button of its own, in the one row of five that fits a phone; all others are entries of the menu.
    """

    label: str
    handler: Handler
    description: str = ""
    is_primary: bool = False
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


async def _again(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.press_again(interaction, revision_id)


async def _remix(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, RemixOptions(), revision_id)


async def _harmonize(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, HarmonizeOptions(), revision_id)


async def _continue(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, GenerateOptions(), revision_id)


async def _score(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, ScoreOptions(), revision_id)


async def _export(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, ExportOptions(), revision_id)


async def _listen(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.order_from_revision(interaction, PickOptions(is_whole=True), revision_id)


async def _delete(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    await desk.press_delete(interaction, revision_id)


ACTIONS: Mapping[str, Action] = {
    "again": Action(label="Again", handler=_again, is_primary=True, style=discord.ButtonStyle.primary),
    "remix": Action(label="Remix", handler=_remix, is_primary=True),
    "harmonize": Action(label="Harmonize", handler=_harmonize, is_primary=True),
    "continue": Action(label="Continue", handler=_continue, is_primary=True),
    "vary": Action(label="Vary", handler=vary, is_primary=True),
    "edit": Action(label="Edit…", handler=open_edit, description="Correct what was asked, and write it again"),
    "remix-form": Action(
        label="Remix…",
        handler=open_form("remix"),
        description="Choose what changes, how much, which bars, how many takes",
    ),
    "add": Action(
        label="Add layer…", handler=open_form("add"), description="Drums, bass, strings or others, beside what is there"
    ),
    "infill": Action(
        label="Fill bars…", handler=open_form("infill"), description="Write some bars of some tracks anew"
    ),
    "arrange": Action(
        label="Arrange…", handler=open_form("arrange"), description="Swap instruments, transpose, tempo, mood"
    ),
    "undo": Action(label="Undo", handler=press_undo, description="Go back to what this was made from; nothing is lost"),
    "score": Action(label="Score", handler=_score, description="Show this as sheet music"),
    "export": Action(label="Export", handler=_export, description="All files in one zip: MIDI, sound, stems, score"),
    "explain": Action(
        label="Explain", handler=press_explain, description="Its harmony: chords, degrees, cadences, in words"
    ),
    "star": Action(label="Star", handler=press_star, description="Among your /favourites; again takes it out"),
    "tree": Action(label="Tree", handler=press_tree, description="Everything that this song was and became"),
    "make-song": Action(
        label="Make this a song", handler=press_make_song, description="A thread of its own, to work on it together"
    ),
    "add-to-song": Action(
        label="Add to song",
        handler=press_add_to_song,
        description="Its tracks become layers of the song that lives here",
    ),
    "comment": Action(
        label="Comment…",
        handler=open_comment_form,
        description="Say something at a bar of this song, for all to hear and see",
    ),
    "branch": Action(
        label="Branch here", handler=press_branch, description="Begin a branch of this song with this; main stays"
    ),
    "revert": Action(
        label="Take back",
        handler=press_revert,
        description="Take back what this changed in the song; what came later stays",
    ),
    "details": Action(
        label="Details", handler=press_details, description="The whole recipe: settings, seed, network, origin, hash"
    ),
    "listen": Action(label="Hear all", handler=_listen, description="Show this again with the sound of every bar"),
    "delete": Action(label="Delete", handler=_delete, description="Remove this result and its message for good"),
}
"""Every action, in the order in which people meet it. A new one without ``is_primary`` appears in the “More…” menu."""
