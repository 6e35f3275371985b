"""Sixty MIDI files drawn from every MIDI set of the training data go through everything that a person could ask of them."""

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from bot.services.model import Upload
from bot.services.options import HarmonizeOptions, RemixOptions
from bot.services.reading.analysis import describe_piece, description_to_json
from bot.services.replies.library import ReplyParts
from bot.workshop import answer_order
from core.errors import InputError, TuttiError
from core.settings import InferenceSettings, LimitSettings, MediaSettings
from inference.client import InferenceClient
from media.client import MediaClient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

DATA = Path(os.environ.get("TUTTI_DATA", "unset"))  # noqa: TID251 - set it to run this: it takes minutes
WEIGHTS = Path(__file__).resolve().parents[3] / "weights"
NUM_FILES = 60
NUM_LOOKED_AT = 400  # of each archive: reading all of the largest takes minutes


def draw_files():
    """Return (name, bytes) of files spread evenly over the archives that hold MIDI, the same ones each time."""
    drawn = {}
    for archive in sorted(DATA.glob("*.tar.xz")):
        found = {}
        with tarfile.open(archive, "r|xz") as members:
            for member in members:
                if member.isfile() and member.name.lower().endswith((".mid", ".midi", ".kar")):
                    found[member.name] = members.extractfile(member).read()
                if len(found) >= NUM_LOOKED_AT:
                    break
        if found:
            drawn[archive.name] = sorted(found.items(), key=lambda item: hashlib.sha256(item[0].encode()).digest())
    share = -(-NUM_FILES // max(len(drawn), 1))
    return [item for items in drawn.values() for item in items[:share]]


@pytest.mark.skipif(not DATA.is_dir(), reason="TUTTI_DATA names no folder with the training data")
async def test_real_files_are_described_remixed_harmonized_and_rendered():
    """A file may be refused with a sentence; nothing may break, and most must work."""
    files = draw_files()
    trouble, num_refused = [], 0
    settings = InferenceSettings(TUTTI_WEIGHTS=WEIGHTS)
    async with MediaClient(MediaSettings()) as media, InferenceClient(settings) as writer:

        async def order(options, upload):
            return await answer_order(
                options,
                source=upload,
                parts=ReplyParts(audio_format=None),
                doors=(writer, media),
                limits=LimitSettings(),
                listener=lambda _: None,
            )

        for name, data in files:
            upload = Upload(filename=name, data=data)
            try:
                piece = await media.read_upload(name, data)
                description_to_json(await describe_piece(piece))
                assert (await media.render(piece, size_limit_bytes=10_000_000, max_seconds=60)).audio
            except InputError:
                num_refused += 1
                continue
            except TuttiError as error:
                trouble.append((name, error))
                continue
            for options in (RemixOptions(seed=1, share=0.3), HarmonizeOptions(seed=1, style="chords")):
                try:
                    answer = await order(options, upload)
                    assert answer.reply.midi.data
                    assert all(check.is_kept for check in answer.reply.checks)
                except InputError:
                    num_refused += 1
                except (TuttiError, AssertionError) as error:
                    trouble.append((name, options, error))
    assert trouble == []
    assert len(files) >= NUM_FILES
    assert num_refused <= NUM_FILES // 3
