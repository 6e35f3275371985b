"""Tells Discord which commands there are, but only when they changed: the route has a small daily limit.

It knows nothing of what the commands do.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import discord
import msgspec
import structlog
from discord import app_commands

from core.errors import ConfigurationError

_log = structlog.stdlib.get_logger(__name__)


async def sync_commands(
    tree: app_commands.CommandTree[Any], *, application_id: int, guild_id: int, state_file: Path
) -> bool:
    """Send the tree's commands to Discord unless it has these very ones; return whether they were sent.

    ``guild_id`` 0 means everywhere. ``state_file`` keeps the hash of what was sent last; Discord is asked for the
    names too, because another program, or another Discord, may have changed them meanwhile.
    """
    guild = discord.Object(guild_id) if guild_id else None
    commands = tree.get_commands(guild=None, type=None)
    target = f"{application_id}:{guild_id}"
    definition = hash_of([command.to_dict(tree) for command in commands])
    sent = _read_state(state_file)
    if sent.get(target) == definition:
        known = {(command.name, command.type) for command in await tree.fetch_commands(guild=guild)}
        if known == {(command.name, _type_of(command)) for command in commands}:
            return False
    if guild is not None:
        tree.copy_global_to(guild=guild)
    await tree.sync(guild=guild)
    _write_state(state_file, sent | {target: definition})
    _log.info("commands_synced", num_commands=len(commands))
    return True


def hash_of(definitions: list[dict[str, Any]]) -> str:
    """Return a fingerprint of command definitions that does not depend on their order."""
    ordered = sorted(definitions, key=lambda one: (one["type"], one["name"]))
    return hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()


def _type_of(command: Any) -> discord.AppCommandType:
    return command.type if isinstance(command, app_commands.ContextMenu) else discord.AppCommandType.chat_input


def _read_state(state_file: Path) -> dict[str, str]:
    """Return what was sent last; a missing or damaged file only costs one more sending."""
    try:
        return msgspec.json.decode(state_file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _write_state(state_file: Path, state: dict[str, str]) -> None:
    try:
        state_file.parent.mkdir(parents=True, exist_ok=True)
        state_file.write_text(json.dumps(state, sort_keys=True), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"TUTTI_SYNC_STATE: {state_file} cannot be written ({error.strerror}). Choose another place.",
            variable="TUTTI_SYNC_STATE",
        ) from error
