"""Untrusted MusicXML bytes -> an XML tree that is safe to hand on. It knows nothing of music.

Refused before any parser of substance sees them: zip files of many or huge entries (a zip bomb), documents that define
entities (a billion laughs, files read from the disk), deep nesting, and repeats that unfold without end.
The ordinary document type line of MusicXML, which only names the format, is dropped.
"""

from __future__ import annotations

import io
import lzma
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib

from core.errors import MusicXMLFileError, UploadTooLargeError
from core.whole_numbers import read_whole_number

MAX_ZIP_ENTRIES = 64
MAX_XML_BYTES = 32_000_000
MAX_DEPTH = 64
MAX_TAG_CHARS = 10_000
MAX_PARTS = 256
MAX_MEASURES = 60_000
"""In all parts together."""
MAX_REPEAT_TIMES = 16
MAX_BEATS = 64
"""Of one metre, and what one beat may be the part of: music21 divides bars in time that grows much faster than their beats."""
_SMALL_NUMBERS = {"fifths": 14, "degree-value": 24}
_SHORT_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{0,9})?")
_MAX_REPEATS = 200
_UNZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, KeyError, OSError, RuntimeError, NotImplementedError, EOFError, ValueError,
)  # fmt: skip
_DOCUMENT_TYPE = re.compile(
    r"<!DOCTYPE\s+score-partwise(\s+PUBLIC\s+\"[^\"<>]*\"\s+\"[^\"<>]*\"|\s+SYSTEM\s+\"[^\"<>]*\")?\s*>"
)
_BEATS = re.compile(r"\s*\d{1,3}(?:\s*\+\s*\d{1,3}){0,9}\s*")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENDLESS_TAG = re.compile(rf"<[A-Za-z][^<>]{{{MAX_TAG_CHARS}}}")
_DECLARED_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def parse_safely(data: bytes, *, max_notes: int) -> ET.Element:
    """Return the ``score-partwise`` root of a MusicXML file, compressed (.mxl) or not.

    Raises:
        MusicXMLFileError: for what is not readable or not safe.
        UploadTooLargeError: for too many bytes, notes, parts or bars.
    """
    text = _decode(_unzip(data) if data[:2] == b"PK" else data)
    text = _DOCUMENT_TYPE.sub("", _DECLARATION.sub("", text, count=1), count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise MusicXMLFileError(
            "This MusicXML file defines entities of its own, which I do not open. Export it from your score editor again."
        )
    for what, tag, limit in (
        ("notes", "<note", max_notes),
        ("parts", "<part ", MAX_PARTS),
        ("bars", "<measure", MAX_MEASURES),
    ):
        if text.count(tag) > limit:
            raise UploadTooLargeError(what=what, limit=limit, actual=text.count(tag))
    if _ENDLESS_TAG.search(text):
        raise MusicXMLFileError("This XML file has a tag without end. Export it from your score editor again.")

    root = _parse_tree(text)
    if root.tag == "score-timewise":
        raise MusicXMLFileError("This MusicXML file is ordered by time. Export it ordered by part (score-partwise).")
    if root.tag != "score-partwise":
        raise MusicXMLFileError("This XML file is not a MusicXML score. Send a .musicxml, .xml or .mxl score.")
    _check_repeats(root)
    _check_metres(root)
    _check_small_numbers(root)
    return root


def _unzip(data: bytes) -> bytes:
    """Return the score inside an .mxl archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
            with archive.open(_score_name(archive)) as file:
                content = file.read(MAX_XML_BYTES + 1)
    except _UNZIP_ERRORS as error:
        raise MusicXMLFileError("This .mxl file is damaged and cannot be unpacked. Export it again.") from error
    if len(content) > MAX_XML_BYTES:
        raise UploadTooLargeError(what="bytes when unpacked", limit=MAX_XML_BYTES)
    return content


def _check_size(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ZIP_ENTRIES:
        raise UploadTooLargeError(what="files in the archive", limit=MAX_ZIP_ENTRIES, actual=len(entries))
    if sum(entry.file_size for entry in entries) > MAX_XML_BYTES:
        raise UploadTooLargeError(what="bytes when unpacked", limit=MAX_XML_BYTES)


def _score_name(archive: zipfile.ZipFile) -> str:
    """Return the entry that the container names, else the first XML file outside META-INF."""
    names = archive.namelist()
    if "META-INF/container.xml" in names:
        with archive.open("META-INF/container.xml") as file:
            match = re.search(rb"full-path\s*=\s*[\"']([^\"']+)[\"']", file.read(100_000))
        if match and match.group(1).decode("utf-8", errors="replace") in names:
            return match.group(1).decode("utf-8", errors="replace")
    for name in names:
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF"):
            return name
    raise KeyError("no score in the archive")


def _decode(data: bytes) -> str:
    if len(data) > MAX_XML_BYTES:
        raise UploadTooLargeError(what="bytes", limit=MAX_XML_BYTES, actual=len(data))
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    else:
        declared = _DECLARED_ENCODING.search(data[:200])
        encoding = declared.group(1).decode("ascii") if declared else "utf-8"
        encoding = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
    if encoding.lower() not in {"utf-16", "utf-8-sig", "iso-8859-1", "latin-1", "us-ascii", "ascii", "windows-1252"}:
        raise MusicXMLFileError("This MusicXML file has an unusual text encoding. Export it as UTF-8.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise MusicXMLFileError("This is not a MusicXML file, or it is damaged. Export it again as UTF-8.") from error


def _parse_tree(text: str) -> ET.Element:
    depth = 0
    root: ET.Element | None = None
    try:
        for event, element in ET.iterparse(io.BytesIO(text.encode()), events=("start", "end")):  # noqa: S314  # no document type is left
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise MusicXMLFileError("This XML file is nested too deeply to be a score. Export it again.")
    except ET.ParseError as error:
        raise MusicXMLFileError("This MusicXML file is damaged and cannot be read. Export it again.") from error
    if root is None:
        raise MusicXMLFileError("This file is empty. Send a .musicxml, .xml or .mxl score.")
    return root


def _check_repeats(root: ET.Element) -> None:
    repeats = list(root.iter("repeat"))
    texts = [repeat.get("times", "2") for repeat in repeats]
    times = [
        MAX_REPEAT_TIMES + 1 if (number := read_whole_number(text)) is None else number
        for text in texts
        if text.isdecimal()
    ]
    num_parts = max(len(root.findall("part")), 1)
    if len(repeats) > _MAX_REPEATS * num_parts or max(times, default=0) > MAX_REPEAT_TIMES:
        raise MusicXMLFileError("This score repeats itself too often. Write the repeats out, or leave them away.")


def _check_metres(root: ET.Element) -> None:
    for element in (*root.iter("beats"), *root.iter("beat-type")):
        text = element.text or ""
        if not _BEATS.fullmatch(text) or sum(int(beats) for beats in text.split("+")) > MAX_BEATS:
            raise MusicXMLFileError(
                f"This score has a metre that I cannot count. Write metres of at most {MAX_BEATS} beats, such as 3/4 or 3+2/8."
            )


def _check_small_numbers(root: ET.Element) -> None:
    """Refuse what music21 would count up to, one by one."""
    for tag, limit in _SMALL_NUMBERS.items():
        texts = ((element.text or "").strip().lstrip("+-") for element in root.iter(tag))
        if any(text[:1].isdecimal() and (not _SHORT_NUMBER.fullmatch(text) or float(text) > limit) for text in texts):
            raise MusicXMLFileError(
                f"This score has a <{tag}> beyond {limit}, which is no music. Correct it, or export the score again."
            )
