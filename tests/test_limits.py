"""The table of limits in ``docs/security.md`` says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.settings import LimitSettings, MediaSettings
from media import client, humming
from music import abc_notation, midi, musicxml, musicxml_safety

PAGE = Path(__file__).resolve().parent.parent / "docs" / "security.md"
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.read_text(encoding="utf-8")
    .partition("**Limits, one by one.**")[2]
    .partition("\n### ")[0]
    .splitlines()
    if (cells := [cell.strip() for cell in line.strip("|").split(" | ")]) and line.startswith("| ")
}
MEDIA, ORDERS = MediaSettings(), LimitSettings()
NUMBERS = {
    "bytes of a file": (MEDIA.max_upload_bytes,),
    "time to read one": (int(client._UPLOAD_TIMEOUT_SECONDS),),
    "memory of a child": (client._LIMITS.resident_bytes // 2**30,),
    "an answer of a child": (client._LIMITS.max_frame_bytes // 2**20,),
    "files that wait": (client._MAX_WAITING,),
    "notes": (MEDIA.max_upload_notes,),
    "minutes": (MEDIA.max_upload_minutes,),
    "MIDI: tracks": (midi.MAX_TRACKS,),
    "MIDI: changes of tempo, of metre, of key": (midi.MAX_CHANGES,),
    "MIDI: controllers, bends and words": (midi.MAX_CONTROLS,),
    "MusicXML: bytes when unpacked": (musicxml_safety.MAX_XML_BYTES,),
    "MusicXML: files in an archive": (musicxml_safety.MAX_ZIP_ENTRIES,),
    "MusicXML: depth": (musicxml_safety.MAX_DEPTH,),
    "MusicXML: characters of one tag": (musicxml_safety.MAX_TAG_CHARS,),
    "MusicXML: parts; bars of all together": (musicxml_safety.MAX_PARTS, musicxml_safety.MAX_MEASURES),
    "MusicXML: quarter notes": (musicxml._MAX_QUARTERS,),
    "MusicXML: repeats": (musicxml_safety._MAX_REPEATS, musicxml_safety.MAX_REPEAT_TIMES),
    "ABC: characters": (abc_notation.MAX_CHARS,),
    "a hummed clip": (humming.MAX_SECONDS,),
    "sound of a reply": (int(MEDIA.max_audio_seconds),),
    "bars of an order": (ORDERS.max_bars,),
}


@pytest.mark.parametrize(("limit", "numbers"), NUMBERS.items(), ids=NUMBERS)
def test_the_page_has_the_numbers_of_the_program(limit, numbers):
    """By the defaults of the settings."""
    told = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", ROWS[limit][0])]

    assert tuple(told) == numbers


def test_every_setting_of_a_limit_is_in_the_table_or_with_the_pace():
    """An operator finds each where its danger is explained."""
    names = {str(field.validation_alias) for field in LimitSettings.model_fields.values()}
    names |= {
        str(field.validation_alias) for field in MediaSettings.model_fields.values() if field.annotation is not str
    }
    text = PAGE.read_text(encoding="utf-8") + (PAGE.parent / "operations.md").read_text(encoding="utf-8")

    assert {name for name in names if "_MAX_" in name and name not in text} == set()
