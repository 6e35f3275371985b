"""The words for every operation, by the name that revisions bear. A new operation needs a line here; a test sees to it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.plain_text import make_plain
from bot.services.operations.registry import operation_for
from bot.services.options import Options
from bot.ui.wording.base import Wording
from bot.ui.wording.composition import COMPOSE
from bot.ui.wording.edits import ADD, ARRANGE, INFILL
from bot.ui.wording.exporting import EXPORT, SCORE
from bot.ui.wording.generation import CONTINUE, GENERATE
from bot.ui.wording.harmonization import HARMONIZE
from bot.ui.wording.hearing import HUM
from bot.ui.wording.merging import MERGE_WORDINGS
from bot.ui.wording.picking import PICK
from bot.ui.wording.remixing import REMIX
from bot.ui.wording.songs import SONG_WORDINGS
from bot.ui.wording.stepping import REDO, UNDO

_UPLOAD = Wording(title="Upload", at_work="Reading the file", describe=lambda _: ["a file"])

WORDINGS: Mapping[str, Wording] = {
    "generate": GENERATE,
    "continue": CONTINUE,
    "harmonize": HARMONIZE,
    "remix": REMIX,
    "pick": PICK,
    "undo": UNDO,
    "redo": REDO,
    "arrange": ARRANGE,
    "infill": INFILL,
    "add": ADD,
    "score": SCORE,
    "export": EXPORT,
    "compose": COMPOSE,
    "hum": HUM,
    "upload": _UPLOAD,
    **SONG_WORDINGS,
    **MERGE_WORDINGS,
}


def describe_options(options: Options | None) -> str:
    """Return what was asked, as one line for people; None: a file that was given."""
    wording = _UPLOAD if options is None else WORDINGS[operation_for(options).kind]
    spared = ("what others claimed left alone",) if options is not None and options.spared else ()
    return make_plain(" · ".join((*wording.describe(options), *spared)))


def title_of(operation: str) -> str:
    """Return how people call an operation; one of a version that we are not, by its own name."""
    wording = WORDINGS.get(operation)
    return operation.capitalize() if wording is None else wording.title
