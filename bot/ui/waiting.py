"""Tells the services who is told to wait, from Discord's interactions and messages. It knows nothing of how that is remembered."""

from __future__ import annotations

from typing import Any

import discord

from bot.services.jobs.acknowledgements import PATIENCE_SECONDS, Acknowledgements, Effect, Waiting
from bot.ui.gate import doing_of_press
from bot.ui.seals import plain_id_of

_NOTED_BY_SECONDS = 2.0  # after Discord sent it
_LONGEST_PATIENCE_SECONDS = 1.5
_PATIENCE_FOR_MESSAGES_SECONDS = 5.0  # Discord waits for no answer to these
_QUICK_CHANGES = frozenset({f"layer {name}" for name in ("mix", "lock", "rename", "give", "instrument", "remove")})
_UNSURE = frozenset({"delete", "mydata erase", "vote start", "make-song", "branch-form", "comment-form"})
_UNSURE_GROUPS = frozenset({"branch", "comment", "song", "turn"})
_SURE = frozenset(
    {
        "branch list",
        "branch merge",
        "comment list",
        "song card",
        "song compare",
        "song credits",
        "song graph",
        "song members",
        "song rebase",
        "song revert",
        "song who",
        "turn order",
    }
)
"""Commands of those groups that only show something, or order a job."""


def effect_of(doing: str) -> Effect:
    """Return what a command or press may have done before its answer. All that is not listed orders a job or only shows something."""
    if doing in _QUICK_CHANGES:
        return "change"
    if doing in _UNSURE or (doing.partition(" ")[0] in _UNSURE_GROUPS and doing not in _SURE):
        return "unsure"
    return "none"


def doing_in_full(interaction: discord.Interaction[Any]) -> str:
    """Return the name of a command with its group, or what a button or form does."""
    data: Any = interaction.data or {}
    if interaction.type is not discord.InteractionType.application_command:
        return doing_of_press(plain_id_of(interaction))
    names = [str(data.get("name", ""))]
    options: Any = data.get("options") or ()
    while options and options[0].get("type") in {1, 2}:  # a subcommand, or a group of them
        names.append(str(options[0].get("name", "")))
        options = options[0].get("options") or ()
    return " ".join(names)


async def note_interaction(waiting: Acknowledgements | None, interaction: discord.Interaction[Any]) -> None:
    """Remember that somebody is about to read “thinking…”."""
    if waiting is None or interaction.response.is_done():
        return
    # A busy database has as long as leaves Discord a second; a clock that is not Discord's must not cost it.
    age_seconds = (discord.utils.utcnow() - interaction.created_at).total_seconds()
    patience_seconds = min(max(_NOTED_BY_SECONDS - age_seconds, PATIENCE_SECONDS), _LONGEST_PATIENCE_SECONDS)
    await waiting.note(
        Waiting(
            number=interaction.id,
            channel_id=interaction.channel_id or 0,
            effect=effect_of(doing_in_full(interaction)),
            application_id=interaction.application_id,
            token=interaction.token,
        ),
        patience_seconds=patience_seconds,
    )


async def note_message(waiting: Acknowledgements | None, message: discord.Message) -> None:
    """Remember that somebody waits for an answer to a message."""
    if waiting is not None:
        noted = Waiting(number=message.id, channel_id=message.channel.id, effect="none")
        await waiting.note(noted, patience_seconds=_PATIENCE_FOR_MESSAGES_SECONDS)


def settle(waiting: Acknowledgements | None, number: int) -> None:
    """Forget an interaction or a message that is seen to: answered, or stored as a job; a moment later, with others."""
    if waiting is not None:
        waiting.settle(number)


def abandon(waiting: Acknowledgements | None, number: int) -> None:
    """Leave an interaction or a message to the apologies: Discord did not take the answer."""
    if waiting is not None:
        waiting.abandon(number)
