"""What every press is asked before anything is done: did we show it, and does what it carries belong where it is pressed?

The numbers that a button, menu or form carries are read from its identifier, by the names that its template gives them. It knows
nothing of what is done with them; ``Desk.guarded``, through which every press goes, asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.services.house.seals import Seals
from bot.services.model import Place
from bot.services.songs.bounds import Bounds, Thing
from bot.ui.seals import SealedItem, plain_id_of, require_seal

THING_OF: Mapping[str, Thing] = {
    "revision_id": "result",
    "job_id": "job",
    "draft_id": "plan",
    "vote_id": "vote",
    "comment_id": "comment",
}
"""Names of groups that are a number of something with a home."""
HARMLESS: frozenset[str] = frozenset(
    {"action", "choice", "field", "form", "how", "number", "page", "step", "total", "what"}
    # One's own alone, or only what one may read, whatever the number: see deleting.py, mydata_flow.py and history.py.
    | {"look", "newest_id", "oldest_id", "user_id"}
)
"""Names of groups that are none. A test walks all templates: a name that is in neither table does not pass."""

FORM_IDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "form": r"tutti:form:(?P<form>[a-z]{1,16}):(?P<revision_id>[0-9]{1,19})",
        "edit-form": r"tutti:edit-form:(?P<revision_id>[0-9]{1,19})",
        "comment-form": r"tutti:comment-form:(?P<revision_id>[0-9]{1,19})",
        "branch-form": r"tutti:branch-form:(?P<revision_id>[0-9]{1,19})",
        "compose-form": r"tutti:compose-form:(?:draft:(?P<draft_id>[0-9]{1,19})|stage:(?P<revision_id>[0-9]{1,19}))",
    }.items()
}
"""Every form, by the name that its identifier begins with; buttons and menus are found by their class."""


def kinds_of_items() -> tuple[type[SealedItem[Any]], ...]:
    """Return every kind of button and menu that was defined."""
    kinds: list[type[SealedItem[Any]]] = SealedItem.__subclasses__()  # pyright: ignore[reportUnknownVariableType] - of any item
    return tuple(kinds)


def numbers_in(plain_id: str) -> Iterator[tuple[Thing, int]]:
    """Return what an identifier without its seal carries."""
    templates = [kind.__discord_ui_compiled_template__ for kind in kinds_of_items()]
    for template in (*templates, *FORM_IDS.values()):
        match = template.fullmatch(plain_id)
        for name, number in match.groupdict().items() if match is not None else ():
            if name in THING_OF and number is not None:
                yield THING_OF[name], int(number)


async def check_press(interaction: discord.Interaction[Any], *, seals: Seals, bounds: Bounds) -> None:
    """Let a press pass that is of something we showed, about something that belongs where it is pressed.

    Raises:
        core.errors.ForgedPressError: when we never showed or offered it.
        core.errors.NotFoundError: when what it is about was made elsewhere.
    """
    await require_seal(seals, interaction)
    place = Place(guild_id=interaction.guild_id, channel_id=interaction.channel_id or 0)
    await bounds.check(numbers_in(plain_id_of(interaction)), place=place)
