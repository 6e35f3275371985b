"""Tests for bot/ui/form.py."""

from pathlib import Path

import discord

from bot.ui.form import KEPT_SECONDS, SealedForm

UI = Path(__file__).resolve().parents[3] / "bot" / "ui"


async def test_a_form_that_nobody_sends_in_is_forgotten():
    """discord.py keeps an opened form until it is sent in or its time is over; without a time that is for ever."""
    client = discord.Client(intents=discord.Intents.none())
    form = SealedForm(title="Name", custom_id="tutti:form:name:1")
    client._connection.store_view(form)
    assert list(client._connection._view_store._modals) == ["tutti:form:name:1"]

    assert form.timeout == KEPT_SECONDS
    form._dispatch_timeout()

    assert client._connection._view_store._modals == {}


def test_every_form_is_one_of_these():
    """Whoever makes a form straight from discord.py makes a leak."""
    makers = [
        path.name
        for path in UI.rglob("*.py")
        if "ui.Modal(" in (text := path.read_text()) or "(discord.ui.Modal" in text
    ]
    assert makers == ["form.py"]
