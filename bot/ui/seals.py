"""Where identifiers get their seals and lose them again: one base class for buttons and menus, two functions for forms.

``Desk.guarded``, through which every press goes, asks ``require_seal`` before anything is done. It knows nothing of keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import discord
import structlog

from bot.services.house.seals import SEAL_PATTERN, Seals, plain_text

ItemT = TypeVar("ItemT", bound="discord.ui.Item[Any]")

_log = structlog.stdlib.get_logger(__name__)

_SEALS: ContextVar[Seals | None] = ContextVar("seals", default=None)
"""Those of the bot in whose tasks we are: views are made in many places that know no bot, and one process may run several bots."""


def seal_with(seals: Seals) -> None:
    """Seal whatever this task, and those that it will start, show from now on."""
    _SEALS.set(seals)


def sealed(custom_id: str) -> str:
    """Return an identifier as it goes out to Discord."""
    seals = _SEALS.get()
    return custom_id if seals is None else seals.seal(custom_id)


def plain_id_of(interaction: discord.Interaction[Any]) -> str:
    """Return the identifier of what was pressed or sent in, without its seal; empty for a command."""
    data: Any = interaction.data or {}
    return plain_text(str(data.get("custom_id", "")))


class SealedItem(discord.ui.DynamicItem[ItemT], template=r"(?!)"):
    """A button or menu whose identifier is sealed on its way out. ``template`` is matched without the seal."""

    def __init_subclass__(cls, *, template: str) -> None:
        super().__init_subclass__(template=rf"(?:{template})(?:{SEAL_PATTERN})?")

    def to_component_dict(self) -> dict[str, Any]:
        """Return what Discord is told."""
        told: dict[str, Any] = super().to_component_dict()
        return told | {"custom_id": sealed(str(told["custom_id"]))}


async def require_seal(seals: Seals, interaction: discord.Interaction[Any]) -> None:
    """Refuse a press of something that we did not show, and a choice that we did not offer.

    What was shown before there were seals is told by the age of its message, which Discord names; a form has none of its own.

    Raises:
        core.errors.ForgedPressError: for such a press.
    """
    data: Any = interaction.data or {}
    message = interaction.message
    is_form = interaction.type is discord.InteractionType.modal_submit
    shown_at = interaction.created_at if is_form or message is None else message.created_at
    await seals.check(str(data.get("custom_id", "")), shown_at=shown_at)
    values = {str(value) for value in data.get("values") or ()}
    if values and message is not None and not values <= _offered(message, str(data["custom_id"]), default=values):
        seals.refuse("not_offered")


def _offered(message: discord.Message, custom_id: str, *, default: set[str]) -> set[str]:
    """Return the entries of a menu in a message; ``default`` for menus of roles and channels, which Discord fills."""
    for component in _walk(message.components):
        if isinstance(component, discord.SelectMenu) and component.custom_id == custom_id:
            is_ours = component.type is discord.ComponentType.string_select
            return {option.value for option in component.options} if is_ours else default
    return set()


def _walk(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _walk(getattr(component, "children", ()))
