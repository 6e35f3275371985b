"""One job of the command line: a file is read, the job runs, what came of it is written and reported.

It knows no commands: those are in ``bot/cli.py`` and its neighbours.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.commands.output import OutputPaths, Report, progress_bar
from bot.services.genres import GenreCounts
from bot.services.model import Upload
from bot.services.options import Options
from bot.services.replies.library import ReplyParts
from bot.workshop import run_job
from core.errors import InputError, UploadTooLargeError
from core.settings import Settings
from music.originality import FINGERPRINTS_FOLDER, Fingerprints


def run_and_report(options: Options, file: Path | None, paths: OutputPaths, *, as_json: bool) -> None:
    """Run a job on a file (or none), write what came of it and print the report.

    Raises:
        TuttiError: when nothing came of it.
    """
    paths.check()
    settings = Settings(TUTTI_WORKERS=1)
    upload = None if file is None else read_upload(file, max_bytes=settings.media.max_upload_bytes)
    parts = ReplyParts(
        audio_format=paths.audio_format,
        has_picture=paths.picture is not None,
        fingerprints=Fingerprints.load(settings.inference.weights_folder / FINGERPRINTS_FOLDER),
        genres=GenreCounts.load(settings.inference.weights_folder),
        is_heard_whole=True,
    )
    with progress_bar() as listener:
        answer = asyncio.run(run_job(options, source=upload, parts=parts, settings=settings, listener=listener))
    reply = answer.reply
    if paths.midi is None:
        paths = OutputPaths(midi=Path(reply.midi.filename), audio=paths.audio, picture=paths.picture)
    written = paths.write(midi=reply.midi, audio=reply.audio, picture=reply.picture)
    Report.of_reply(reply, seconds=answer.seconds, written=written).show(as_json=as_json)


def read_upload(file: Path, *, max_bytes: int) -> Upload:
    """Return a file as it would be uploaded.

    Raises:
        InputError: when it cannot be read, or is too large.
    """
    try:
        size_bytes = file.stat().st_size
        if size_bytes > max_bytes:  # not even read
            raise UploadTooLargeError(what="bytes", limit=max_bytes, actual=size_bytes)
        return Upload(filename=file.name, data=file.read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}). Give the path of a MIDI file.") from error
