"""Requests to Discord are repeated when that helps, and refusals become our errors."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp
import discord
import pytest

from bot.ui import courier
from bot.ui.courier import DiscordTroubleError, MessageTooLargeError, ReplyAddress, send_again
from core.errors import NotFoundError, PermissionDeniedError


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(courier, "_PAUSES_SECONDS", (0.0, 0.0))


def answer(kind: type[discord.HTTPException], status: int, code: int) -> discord.HTTPException:
    return kind(SimpleNamespace(status=status, reason="x"), {"code": code, "message": "x"})


def failing_with(*errors: Exception):
    """A request that fails with each error in turn, then succeeds."""
    waiting = list(errors)

    async def request() -> str:
        if waiting:
            raise waiting.pop(0)
        return "sent"

    return request


async def test_a_503_and_a_dropped_connection_are_repeated():
    """discord.py gives up on both; we do not."""
    request = failing_with(answer(discord.DiscordServerError, 503, 0), aiohttp.ServerDisconnectedError())

    assert await send_again(request) == "sent"


async def test_lasting_trouble_ends_in_an_error_of_ours():
    """After the last attempt the caller learns it."""
    with pytest.raises(DiscordTroubleError):
        await send_again(failing_with(*[ConnectionResetError()] * 3))


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (answer(discord.NotFound, 404, 10008), NotFoundError),
        (answer(discord.Forbidden, 403, 50013), PermissionDeniedError),
        (answer(discord.HTTPException, 413, 40005), MessageTooLargeError),
    ],
)
async def test_refusals_are_not_repeated(refusal, kind):
    """Asking again does not change a refusal."""
    request = failing_with(refusal)

    with pytest.raises(kind):
        await send_again(request)
    assert await request() == "sent"


def test_an_address_survives_a_restart():
    """It is stored as text with the job."""
    address = ReplyAddress(
        application_id=2**62, interaction_token='a"b', channel_id=1, message_id=2, acknowledged_at=1.5
    )

    assert ReplyAddress.decode(address.encode()) == address


def test_text_that_is_no_address_ends_the_job():
    """Jobs that were ordered on the command line have none; the service must not try for ever."""
    with pytest.raises(NotFoundError):
        ReplyAddress.decode("")
