"""What Discord tells about a file: its type by name, and the size of a picture.

Reads headers of PNG, GIF and JPEG only; a damaged picture simply has no size.
"""

import mimetypes
from pathlib import PurePosixPath

_TYPES = {
    ".flac": "audio/flac",
    ".json": "application/json; charset=utf-8",
    ".kar": "audio/midi",
    ".mid": "audio/midi",
    ".midi": "audio/midi",
    ".mp3": "audio/mpeg",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
    ".mxl": "application/vnd.recordare.musicxml",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/x-wav",
    ".webp": "image/webp",
}


def clean_filename(name: str) -> str:
    """Return the name as Discord keeps it: no folders, no characters that an address cannot carry."""
    base = PurePosixPath(name.replace("\\", "/")).name or "unknown"
    kept = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "._-" else "_" for letter in base)
    return kept[-200:].lstrip(".") or "unknown"


def content_type_of(filename: str) -> str:
    """Return the media type that Discord gives a file of this name."""
    suffix = PurePosixPath(filename.lower()).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels of a PNG, GIF or JPEG."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            return int.from_bytes(data[position + 7 : position + 9], "big"), height
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
