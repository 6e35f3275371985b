"""Plain words -> what they ask for. Pure and quick; it knows no Discord and orders nothing.

``understand`` never raises for a text and never invents: every field comes from words that are in it, which are named in the
echo; words that no rule explains are named, too. What contradicts itself is told, not guessed.
"""

from __future__ import annotations

from bot.services.words.amounts import read_amounts, read_bare_numbers
from bot.services.words.items import read_items
from bot.services.words.keys import read_keys
from bot.services.words.reading import Reading
from bot.services.words.summary import summarize
from bot.services.words.understanding import Understood
from bot.services.words.vocabulary import ENGLISH, load_vocabulary


def understand(text: str, *, language: str = ENGLISH, takes_changes: bool = False) -> Understood:
    """Return what a text asks for. ``takes_changes``: "slower" refers to a piece at hand, as in a reply to one."""
    reading = Reading(text, load_vocabulary(language))
    read_controls(reading, takes_changes=takes_changes)
    return summarize(reading)


def read_controls(reading: Reading, *, takes_changes: bool = False) -> None:
    """Find every control in what nobody has claimed yet."""
    read_amounts(reading)
    read_keys(reading)
    read_items(reading, takes_changes=takes_changes)
    read_bare_numbers(reading)
