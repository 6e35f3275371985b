"""Files that somebody made to do harm, through the real media child: one sentence each, soon, and the next file is read as if nothing had been.

docs/security.md lists the limits; each has its file here, and the sentence that names it.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from core.errors import InputError
from core.settings import MediaSettings
from media.client import MediaClient
from music.midi import write_midi
from tests.factories.pieces import make_melody
from tests.media import hostile
from tests.media.hostile import MIDI_FILES, OTHER_FILES, SOUND_FILES, XML_FILES

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ = "read"
"""Odd, and harmless: what cannot be understood in it is left out."""
DAMAGED, NO_SCORE, UNSOUND = "damaged", "cannot be read", "cannot read this sound"
MIDI_WORDS = {
    "a million notes": "100,000 notes",
    "ten thousand tracks": "256 tracks",
    "a million tempos": "20,000 changes of tempo",
    "a million metres": "20,000 changes of metre",
    "two million pedals": "500,000 controllers",
    "a million lyrics": "500,000 controllers, bends and words",
    "waits beyond 32 bits": "minutes",
    "waits beyond 64 bits": "100,000 notes",
    "a wait of ten bytes": DAMAGED,
    "one tick a quarter": "minutes",
    "32767 ticks a quarter": READ,
    "no ticks a quarter": "a beat has no length",
    "SMPTE, 25 frames of 40": "SMPTE",
    "SMPTE, 0 frames of 0": "SMPTE",
    "a track longer than the file": READ,
    "65535 tracks that are not there": READ,
    "sysex longer than the file": DAMAGED,
    "a tempo of nought": READ,
    "a metre over 2 to the 255": READ,
    "running status from nothing": DAMAGED,
    "notes that never end": "no notes",
    "format 2": "format 2",
    "format 65535": "format 65535",
    "RIFF of nothing": "not a MIDI file",
}
XML_WORDS = {
    "a billion laughs": "defines entities",
    "a quadratic entity": "defines entities",
    "a file of the machine": "defines entities",
    "a document type elsewhere": "defines entities",
    "laughs in UTF-16": "defines entities",
    "laughs in UTF-7": "unusual text encoding",
    "ten thousand deep": "nested too deeply",
    "an attribute of seven megabytes": "a tag without end",
    "a hundred thousand attributes": "a tag without end",
    "a text of seven megabytes": READ,
    "a hundred and ten thousand notes": "100,000 notes",
    "a million notes": "100,000 notes",
    "ten thousand parts": "256 parts",
    "a hundred thousand bars": "60,000 bars",
    "a duration of a million digits": NO_SCORE,
    "a duration of 1e300": "40,000 quarter notes",
    "no divisions": NO_SCORE,
    "an octave of a thousand": READ,
    "a zip that unfolds to 40 MB": "32,000,000 bytes when unpacked",
    "a zip that lies": "cannot be unpacked",
    "a zip in a zip": "cannot be unpacked",
    "a zip named as a score in a zip": DAMAGED,
    "ten thousand entries": "64 files in the archive",
    "a path out of the archive": "no notes",
    "a zip cut in half": "cannot be unpacked",
}
OTHER_WORDS = {
    "gzip": "this kind of file",
    "a picture": "this kind of file",
    "sound": "That is sound",
    "nothing": "empty",
    "nine megabytes": "8,000,000 bytes",
    "forty megabytes": "8,000,000 bytes",
    "a tune of a megabyte": "200,000 bytes",
    "a program": "this kind of file",
}
SOUND_WORDS = {
    "four gigabytes by its own word": "no melody",
    "an hour at 8 Hz": "60 seconds of sound",
    "four billion frames a second": UNSOUND,
    "no frames a second": UNSOUND,
    "65535 channels": UNSOUND,
    "FLAC of a billion frames": "60 seconds of sound",
    "Ogg of nothing": UNSOUND,
    "MP3 of frame heads": UNSOUND,
    "a MIDI file": "no sound file",
}
CASES = [
    pytest.param(make, words[name], files is SOUND_FILES, id=name)
    for files, words in (
        (MIDI_FILES, MIDI_WORDS),
        (XML_FILES, XML_WORDS),
        (OTHER_FILES, OTHER_WORDS),
        (SOUND_FILES, SOUND_WORDS),
    )
    for name, make in files.items()
]
PATIENCE_SECONDS = 60.0
"""For a busy machine; the child itself has nine, and whoever needs them all is refused with other words."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def media():
    async with MediaClient(MediaSettings()) as client:
        yield client


@pytest.mark.parametrize(("make", "words", "is_sound"), CASES)
async def test_a_hostile_file_gets_its_sentence(media: MediaClient, make, words: str, is_sound: bool):
    """By the limit that it breaks, not by the patience of the child, so it holds nobody up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        if words == READ:
            assert (await media.read_upload("x.mid", make(), is_sound=is_sound)).num_notes >= 1
            return
        with pytest.raises(InputError) as caught:
            await media.read_upload("x.bin", make(), is_sound=is_sound)

    assert words in caught.value.reason
    assert "\n" not in caught.value.reason
    assert len(caught.value.reason) < 200


async def test_after_all_of_them_the_next_file_is_read(media: MediaClient):
    """By the same client."""
    piece = await media.read_upload("tune.mid", write_midi(make_melody()))

    assert piece.num_notes == make_melody().num_notes


async def test_a_score_in_utf_16_is_a_score(media: MediaClient):
    """It begins with two bytes that an MP3 file may begin with, too."""
    text = hostile.xml(hostile.part(hostile.measure(hostile.XML_NOTE * 4))).replace("?>", ' encoding="utf-16"?>', 1)
    piece = await media.read_upload("score.xml", text.encode("utf-16"))

    assert piece.num_notes == 4


async def test_what_a_file_says_is_not_in_the_log(media: MediaClient):
    """Neither where it is read nor where a library stumbles over it: what children print is logged as it is."""
    word = "qxzv"
    with capture_logs() as events:
        for data in hostile.telling_scores(word):
            with contextlib.suppress(InputError):
                await media.read_upload(f"{word}.xml", data)

    assert word not in str(events)
