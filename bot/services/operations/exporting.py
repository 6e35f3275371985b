"""Files of a piece as it is: what ``/score`` and ``/export`` may be asked. Nothing new is written, so no revision is added.

The files themselves are made by ``exports.py`` when the job is answered; here is checked what could not be made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from bot.services.operations.base import Made, Networks, Wish
from bot.services.options import Options
from core.errors import NoMusicError, UnknownNameError
from core.settings import LimitSettings
from music.notation.writing import choose_part

ScoreFormat = Literal["png", "pdf", "musicxml"]
ExportContents = Literal["everything", "midi", "wav", "flac", "mp3", "ogg", "stems", "score", "credits"]
SCORE_FORMATS: tuple[ScoreFormat, ...] = ("png", "pdf", "musicxml")
EXPORT_CONTENTS: tuple[ExportContents, ...] = (
    "everything", "midi", "wav", "flac", "mp3", "ogg", "stems", "score", "credits",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions(Options):
    """What all wishes for files have. The seed means nothing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions(FileOptions):
    """Sheet music of a piece, or of one ``part`` of it: a number from 1, a name, or an instrument."""

    format: str = "png"
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions(FileOptions):
    """A piece as files to take away; ``contents`` is a name of ``EXPORT_CONTENTS``."""

    contents: str = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOperation:
    """Sheet music."""

    kind: str = "score"
    options_type: type[ScoreOptions] = ScoreOptions
    needs_source: bool = True

    def check(self, options: ScoreOptions, *, limits: LimitSettings) -> None:  # noqa: ARG002 - the protocol's
        """Refuse a format that there is not."""
        if options.format not in SCORE_FORMATS:
            raise UnknownNameError(kind="format", name=options.format, suggestions=SCORE_FORMATS)

    async def make(self, wish: Wish[ScoreOptions], networks: Networks) -> Made:  # noqa: ARG002 - the protocol's
        """Return the piece as it is, if there is something in it to write down."""
        if wish.options.part is not None:
            await asyncio.to_thread(choose_part, wish.piece, wish.options.part)
        return _unchanged(wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOperation:
    """Files to take away."""

    kind: str = "export"
    options_type: type[ExportOptions] = ExportOptions
    needs_source: bool = True

    def check(self, options: ExportOptions, *, limits: LimitSettings) -> None:  # noqa: ARG002 - the protocol's
        """Refuse contents that there are not."""
        if options.contents not in EXPORT_CONTENTS:
            raise UnknownNameError(kind="export", name=options.contents, suggestions=EXPORT_CONTENTS)

    async def make(self, wish: Wish[ExportOptions], networks: Networks) -> Made:  # noqa: ARG002 - the protocol's
        """Return the piece as it is, if there is something in it."""
        return _unchanged(wish)


def _unchanged(wish: Wish[ScoreOptions] | Wish[ExportOptions]) -> Made:
    if wish.piece.num_notes == 0:
        raise NoMusicError("There are no notes in this piece. Choose one with music in it.")
    return Made(piece=wish.piece, is_new=False)


SCORE = ScoreOperation()
EXPORT = ExportOperation()
