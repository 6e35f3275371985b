"""Wishes in plain words on their way to the desk: what the newest result here was made with, for words that refer to it.

It knows nothing of how words are read (``bot/services/prompts.py``) or how music is made.
"""

from __future__ import annotations

from typing import Any

import discord

from bot.services.model import Place
from bot.services.options import GenerateOptions
from bot.services.prompt_options import generate_options
from bot.services.prompts import understand
from bot.services.words.understanding import Understood
from bot.ui.answers import place_of
from bot.ui.desk import Desk
from core.errors import NoMusicError, NotFoundError

_NOTHING_BEFORE = (
    "There is no result of mine in this channel yet that I could take up. Say what you want without “the last one”."
)


async def heed_words(
    desk: Desk, interaction: discord.Interaction[Any], prompt: str, *, given: GenerateOptions
) -> GenerateOptions:
    """Return options that follow a wish in plain words where ``given`` leaves them free.

    Raises:
        InputError: for wishes that exclude each other, or that refer to a result that is not there.
    """
    understood = understand(prompt)
    return generate_options(understood, given=given, last=await last_options(desk, understood, place_of(interaction)))


async def last_options(desk: Desk, understood: Understood, place: Place) -> GenerateOptions | None:
    """Return what the newest result in a place was made with, when the words refer to it.

    Raises:
        NoMusicError: when there is none.
    """
    if not understood.like_last:
        return None
    try:
        newest = await desk.services.songs.newest_in_channel(place)
    except NotFoundError as error:
        raise NoMusicError(_NOTHING_BEFORE) from error
    return newest.options if isinstance(newest.options, GenerateOptions) else GenerateOptions()
