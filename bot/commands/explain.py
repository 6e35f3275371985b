"""The command ``explain``: a piece's harmony in chords, degrees and words. It parses and prints; the services do the work."""

from __future__ import annotations

import asyncio
import json

import typer

from bot.commands import arguments as shared
from bot.commands.jobs import read_upload
from bot.services.model import Upload
from bot.services.reading.explanation import HarmonyReport, explain_piece
from core.settings import MediaSettings, Settings
from media.client import MediaClient


def explain(file: shared.Input, *, as_json: shared.JSON = False) -> None:
    """Explain a piece's harmony: keys, chords and degrees by bars, cadences, foreign tones, form, and a paragraph."""
    settings = Settings()
    upload = read_upload(file, max_bytes=settings.media.max_upload_bytes)
    report = asyncio.run(_explain(upload, settings.media))
    typer.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else "\n".join(_lines(report)))


async def _explain(upload: Upload, settings: MediaSettings) -> HarmonyReport:
    async with MediaClient(settings) as media:
        return await explain_piece(await media.read_upload(upload.filename, upload.data))


def _lines(report: HarmonyReport) -> list[str]:
    named = (
        ("Key", report.keys),
        ("Cadences", report.cadences),
        ("Foreign tones", report.foreign_tones),
        ("Form", report.form),
    )
    return [
        *report.lines(with_numerals=False),
        "",
        *report.lines(with_numerals=True),
        "",
        *(f"{name}: {text}" for name, text in named if text),
        "",
        report.text,
    ]
