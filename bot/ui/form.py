"""The frame of every form: sealed, and forgotten by discord.py after a while. It knows nothing of what is asked.

What somebody sends in is read by its identifier, so that it also arrives after a restart; the object that opened the form is needed by
nobody. discord.py would keep it until the form is sent in, so each one that is closed unsent would stay in memory for ever.
"""

from __future__ import annotations

import discord

from bot.ui.seals import sealed

KEPT_SECONDS = 60.0


class SealedForm(discord.ui.Modal):
    """An empty form; lines are added to it."""

    def __init__(self, *, title: str, custom_id: str) -> None:
        super().__init__(title=title, custom_id=sealed(custom_id), timeout=KEPT_SECONDS)
