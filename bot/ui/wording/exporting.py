"""What messages say of scores and exports."""

from __future__ import annotations

from bot.services.operations.exporting import ExportOptions, ScoreOptions
from bot.ui.wording.base import Wording

_CONTENTS = {
    "everything": "everything, in one zip file",
    "midi": "the MIDI file",
    "stems": "every track alone, as MIDI and as sound",
    "score": "the score as PDF, picture and MusicXML",
    "credits": "who and what made it",
}


def _score_words(options: ScoreOptions) -> list[str]:
    return [
        {"png": "a picture of the first page", "pdf": "all pages as PDF"}.get(options.format, "MusicXML"),
        *([f"part {options.part}"] if options.part else []),
    ]


def _export_words(options: ExportOptions) -> list[str]:
    return [_CONTENTS.get(options.contents, f"the sound as {options.contents.upper()}")]


SCORE = Wording(title="Score", at_work="Writing the score down", describe=_score_words)
EXPORT = Wording(title="Export", at_work="Packing the files", describe=_export_words)
