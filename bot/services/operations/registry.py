"""Every operation there is, found by its kind or by its options. A new operation is a file beside this one and a line here."""

from __future__ import annotations

from typing import Any

from bot.services.operations.adding import ADD
from bot.services.operations.arranging import ARRANGE
from bot.services.operations.base import NOTHING_TO_WORK_ON, Operation
from bot.services.operations.composition import COMPOSE
from bot.services.operations.exporting import EXPORT, SCORE
from bot.services.operations.founding import FOUND
from bot.services.operations.generation import GENERATE
from bot.services.operations.harmonization import HARMONIZE
from bot.services.operations.hearing import HUM
from bot.services.operations.infilling import INFILL
from bot.services.operations.layer_building import LAYER_BUILDING
from bot.services.operations.layering import LAYER_OPERATIONS
from bot.services.operations.merging import MERGE, REBASE
from bot.services.operations.picking import PICK
from bot.services.operations.remixing import REMIX
from bot.services.operations.reverting import REVERT
from bot.services.operations.stepping import REDO, UNDO
from bot.services.options import Options
from bot.services.sampling import draw_seed
from core.errors import NoMusicError
from core.settings import LimitSettings

OPERATIONS: tuple[Operation[Any], ...] = (
    GENERATE,
    HARMONIZE,
    REMIX,
    PICK,
    UNDO,
    REDO,
    ARRANGE,
    INFILL,
    ADD,
    SCORE,
    EXPORT,
    COMPOSE,
    HUM,
    FOUND,
    MERGE,
    REBASE,
    REVERT,
    *LAYER_OPERATIONS,
    *LAYER_BUILDING,
)

NETWORK_KINDS = ("generate", "harmonize", "remix")
"""The kinds whose durations the queue learns from: what the networks themselves call their tasks."""

HEARING_KINDS = frozenset({"hum"})
"""The kinds whose file is a sound, not notes."""

_BY_KIND: dict[str, Operation[Any]] = {operation.kind: operation for operation in OPERATIONS}
_BY_OPTIONS: dict[type[Options], Operation[Any]] = {operation.options_type: operation for operation in OPERATIONS}
_OTHER_NAMES = {"continue": "generate"}
"""What revisions call an operation that had something to go on from."""


def operation_for(options: Options) -> Operation[Any]:
    """Return the operation that these options are for."""
    return _BY_OPTIONS[type(options)]


def operation_called(name: str) -> Operation[Any]:
    """Return the operation of a kind of job, or of a revision.

    Raises:
        KeyError: for a name that was never stored.
    """
    return _BY_KIND[_OTHER_NAMES.get(name, name)]


def check_options(options: Options, *, has_source: bool, limits: LimitSettings) -> None:
    """Refuse at once what no piece could make right.

    Raises:
        InputError: with one sentence that says what to do instead.
    """
    draw_seed(options.seed)
    operation = operation_for(options)
    operation.check(options, limits=limits)
    if operation.needs_source and not has_source:
        raise NoMusicError(NOTHING_TO_WORK_ON)
