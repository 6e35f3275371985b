"""Tunes to try things with: public-domain melodies that come with the music21 package. It knows no chat.

They are read as files, like anybody's upload; music21 itself is not imported for it.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bot.services.model import Upload
from core.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A tune: ``name`` stands in identifiers of menus for ever; ``file`` lies in music21's corpus."""

    name: str
    title: str
    origin: str
    file: str


EXAMPLES: tuple[Example, ...] = (
    Example(
        name="soldiers-joy",
        title="Soldier's Joy",
        origin="reel, Ryan's Mammoth Collection, 1883",
        file="ryansMammoth/SoldiersJoy.abc",
    ),
    Example(
        name="haste-to-the-wedding",
        title="Haste to the Wedding",
        origin="jig in 6/8, Ryan's Mammoth Collection, 1883",
        file="ryansMammoth/HasteToTheWeddingJig.abc",
    ),
    Example(
        name="arkansas-traveller",
        title="Arkansas Traveller",
        origin="reel, Ryan's Mammoth Collection, 1883",
        file="ryansMammoth/ArkansasTravellerReel.abc",
    ),
    Example(
        name="brown-hair",
        title="Jeanie with the Light Brown Hair",
        origin="song by Stephen Foster, 1854",
        file="leadSheet/fosterBrownHair.mxl",
    ),
)


def load_example(name: str) -> Upload:
    """Return a tune as a file.

    Raises:
        NotFoundError: when there is no such tune, or it does not come with the installed package any more.
    """
    example = next((each for each in EXAMPLES if each.name == name), None)
    package = importlib.util.find_spec("music21")
    if example is None or package is None or not package.submodule_search_locations:
        raise NotFoundError(what="example", identifier=name)
    path = Path(package.submodule_search_locations[0], "corpus", example.file)
    try:
        return Upload(filename=f"{example.name}{path.suffix}", data=path.read_bytes())
    except OSError as error:
        raise NotFoundError(what="example", identifier=name) from error
