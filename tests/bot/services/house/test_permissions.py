"""Who may do what: roles, channels, and the sentence that names who may."""

from __future__ import annotations

import pytest

from bot.services.house.guild_settings import GuildSettings
from bot.services.house.permissions import Gate, Visitor
from core.errors import PermissionDeniedError
from core.settings import LimitSettings

NAMES = {7: "Band", 8: "Crew", 55: "#music", 56: "#jam"}


def visitor(*, roles=(), manages=False, guild_id=9, channels=(55,), user_id=1) -> Visitor:
    return Visitor(
        user_id=user_id,
        guild_id=guild_id,
        channel_ids=channels,
        role_ids=frozenset(roles),
        manages=manages,
        name_of=NAMES.__getitem__,
    )


class Decided:
    """A server that decided something."""

    def __init__(self, **settings) -> None:
        self._settings = GuildSettings(**settings)

    async def of(self, guild_id: int | None) -> GuildSettings:
        return self._settings if guild_id is not None else GuildSettings()


def gate(*, max_requests: int = 0, **settings) -> Gate:
    limits = LimitSettings(TUTTI_MAX_COMMANDS_PER_MINUTE=max_requests)
    return Gate(Decided(**settings), limits=limits)


async def refusal(who: Visitor, doing: str, **settings) -> str:
    with pytest.raises(PermissionDeniedError) as caught:
        await gate(**settings).admit(who, doing)
    return caught.value.reason


@pytest.mark.parametrize("doing", ["generate", "remix", "again", "undo", "history", "delete", "star"])
async def test_everything_but_the_settings_is_open_at_first(doing):
    """A server that decided nothing lets everybody make music."""
    await gate().admit(visitor(), doing)


async def test_settings_are_for_those_who_manage_the_server():
    """The sentence names the right that is needed."""
    assert "“Manage Server”" in await refusal(visitor(), "settings")
    await gate().admit(visitor(manages=True), "settings")


async def test_settings_may_be_given_to_a_role():
    """And to nobody else by that."""
    await gate(roles={"settings": (7,)}).admit(visitor(roles=[7]), "settings")

    assert "the role Band" in await refusal(visitor(roles=[8]), "settings", roles={"settings": (7,)})


async def test_a_group_given_to_roles_is_closed_to_others_who_read_who_may():
    """Writing stays open when only changing was given away."""
    roles = {"edit": (7, 8)}
    assert "the role Band or Crew" in await refusal(visitor(), "Remix this", roles=roles)

    await gate(roles=roles).admit(visitor(roles=[8]), "remix")
    await gate(roles=roles).admit(visitor(), "generate")


async def test_a_single_command_given_to_a_role_overrides_its_group():
    """In both directions."""
    roles = {"edit": (7,), "/remix": (8,)}

    await gate(roles=roles).admit(visitor(roles=[8]), "remix")
    assert "may use /remix here" in await refusal(visitor(roles=[7]), "remix", roles=roles)


@pytest.mark.parametrize("doing", ["mydata", "delete", "help"])
async def test_nobody_is_kept_from_their_own_data(doing):
    """Neither by a role nor by a channel."""
    settings = {"roles": {f"/{doing}": (7,), "delete": (7,)}, "channel_ids": (56,)}

    await gate(**settings).admit(visitor(), doing)


async def test_it_speaks_only_in_the_channels_that_were_chosen():
    """Threads of them included; the sentence says where to go."""
    assert "#music and #jam" in await refusal(visitor(channels=(57,)), "generate", channel_ids=(55, 56))

    await gate(channel_ids=(55,)).admit(visitor(channels=(99, 55)), "generate")


async def test_direct_messages_know_no_roles_or_channels():
    """There is nobody to decide but the person."""
    await gate(roles={"generate": (7,)}, channel_ids=(1,)).admit(visitor(guild_id=None), "generate")


async def test_who_manages_the_server_may_everything():
    """Even where roles and channels say otherwise, so nobody locks themselves out."""
    await gate(roles={"generate": (7,)}, channel_ids=(1,)).admit(visitor(manages=True), "generate")


async def test_an_unknown_button_counts_as_an_edit():
    """What somebody forgot to name is never open by accident."""
    assert "change music" in await refusal(visitor(), "frobnicate", roles={"edit": (7,)})


async def test_a_role_may_moderate_results():
    """Beside those who manage messages anyway."""
    moderators = gate(roles={"delete": (7,)})

    assert await moderators.moderates(visitor(roles=[7]))
    assert not await moderators.moderates(visitor(roles=[8]))
