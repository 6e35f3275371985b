"""Files packed into zip archives that each keep a limit. It knows nothing of music, the database or Discord.

Each archive is whole by itself and carries a manifest; the same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.services.model import File

MANIFEST_NAME = "manifest.json"
_ENTRY_BYTES = 512  # headers of one entry, its name twice among them
_PACKED_SUFFIXES = (".mp3", ".ogg", ".flac", ".png", ".pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """What all archives share: their name without suffix, their date, and what the manifest says beside the files."""

    stem: str
    moment: datetime
    about: Mapping[str, Any]
    in_each: Sequence[File] = ()  # small files that every archive holds


def pack(files: Sequence[File], packing: Packing, *, size_limit_bytes: int) -> tuple[File, ...]:
    """Return the files in as few archives as their order allows, each at most ``size_limit_bytes`` long.

    A file that is too large for any archive stands in one alone: whoever made it had to see to its size.
    """
    shared_bytes = sum(_packed_bytes(file) for file in packing.in_each) + _ENTRY_BYTES * (len(files) + 4)
    groups: list[list[File]] = [[]]
    used_bytes = shared_bytes
    for file in files:
        size_bytes = _packed_bytes(file)
        if groups[-1] and used_bytes + size_bytes > size_limit_bytes:
            groups.append([])
            used_bytes = shared_bytes
        groups[-1].append(file)
        used_bytes += size_bytes
    return tuple(
        _archive(group, packing, number=number + 1, num_archives=len(groups)) for number, group in enumerate(groups)
    )


def _archive(files: Sequence[File], packing: Packing, *, number: int, num_archives: int) -> File:
    manifest = {
        "tutti": 1,
        **packing.about,
        "archive": number,
        "num_archives": num_archives,
        "files": [
            {"name": file.filename, "bytes": len(file.data), "sha256": hashlib.sha256(file.data).hexdigest()}
            for file in (*packing.in_each, *files)
        ],
    }
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in (File(filename=MANIFEST_NAME, data=text), *packing.in_each, *files):
            moment = packing.moment
            info = zipfile.ZipInfo(
                file.filename, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
            )
            info.external_attr = 0o644 << 16
            is_packed = file.filename.endswith(_PACKED_SUFFIXES)
            info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            archive.writestr(info, file.data)
    name = packing.stem if num_archives == 1 else f"{packing.stem}-{number}-of-{num_archives}"
    return File(filename=f"{name}.zip", data=buffer.getvalue())


def _packed_bytes(file: File) -> int:
    if file.filename.endswith(_PACKED_SUFFIXES):
        return len(file.data) + _ENTRY_BYTES
    return len(zlib.compress(file.data)) + _ENTRY_BYTES
