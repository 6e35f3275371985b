"""The file of a backup: gzip over lines of JSON, streamed. It knows nothing of databases.

A header, then for each table its shape (an object) and its rows (a list each), and at the end the SHA-256 of every line before. What is
not exactly so is damaged.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import InputError
from db.portable import Row, TableShape, encode_row

FORMAT = 1
_SQLITE_BEGINS = b"SQLite format 3\0"
_DAMAGES = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself. ``version``: that of the tables."""

    version: str
    made_at: str


class BackupWriter:
    """Writes the lines of one file."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def begin(self, *, version: str, now: datetime) -> None:
        """Write the header."""
        self._line(_encode({"tutti_backup": FORMAT, "version": version, "made_at": now.isoformat()}))

    def table(self, shape: TableShape) -> None:
        """Begin a table."""
        self._line(_encode(shape.as_json()))

    def rows(self, rows: Iterable[Row]) -> None:
        """Write rows of the table begun last."""
        for row in rows:
            self._line(encode_row(row))

    def end(self) -> None:
        """Write the hash; nothing may follow."""
        self._stream.write(_encode({"sha256": self._hash.hexdigest()}) + b"\n")

    def _line(self, line: bytes) -> None:
        line += b"\n"
        self._hash.update(line)
        self._stream.write(line)


@contextmanager
def writing_backup(file: Path) -> Generator[BackupWriter]:
    """Write a file that is there as a whole after the block, or not at all; only its owner may read it.

    Raises:
        InputError: when it cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                yield BackupWriter(packed)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}). Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)


def check_backup(file: Path) -> Header:
    """Read a file to its end, so that nothing is begun with a damaged one, and return its header.

    Raises:
        InputError: when it is damaged, no backup, or of a newer format.
    """
    headers = {header for header, _shape, _row in _read(file)}
    (header,) = headers
    return header


def read_tables(file: Path) -> Generator[tuple[TableShape, Row | None]]:
    """Yield each table once without a row, and then once for each of its rows.

    Raises:
        InputError: when the file is damaged; what was yielded before must not be kept then.
    """
    for _header, shape, row in _read(file):
        if shape is not None:
            yield shape, row


def _read(file: Path) -> Generator[tuple[Header, TableShape | None, Row | None]]:
    if not file.is_file():
        raise InputError(f"There is no file {file}. Check the name.")
    if _is_sqlite(file):
        raise InputError(
            f"{file} is no backup but a database itself, as SQLite keeps it. Use it as it is, with "
            f"DATABASE_URL=sqlite+aiosqlite:///{file.absolute()}; its tables are brought up to date at the start."
        )
    try:
        with gzip.open(file, "rb") as lines:
            yield from _parse(lines)
    except _DAMAGES as error:
        raise _damaged(file) from error


def _parse(lines: Iterable[bytes]) -> Generator[tuple[Header, TableShape | None, Row | None]]:
    """Yield the parts of a file; anything unexpected is a ValueError."""
    digest, shape, header, is_complete = hashlib.sha256(), None, None, False
    for line in lines:
        if is_complete:
            raise ValueError("something follows the end")
        part: Any = json.loads(line)
        if header is None:
            header = _header(part)
            yield header, None, None
        elif line.startswith(b"["):
            row: Row = tuple(part)
            if shape is None or len(row) != len(shape.columns):
                raise ValueError("a row that fits no table")
            yield header, shape, row
        elif "sha256" in part:
            is_complete = part["sha256"] == digest.hexdigest()
        else:
            shape = TableShape.from_json(part)
            yield header, shape, None
        digest.update(line)
    if header is None or not is_complete:
        raise ValueError("the end is missing, or the hash is another one")


def _header(part: dict[str, Any]) -> Header:
    if part["tutti_backup"] > FORMAT:
        raise InputError("The backup was made by a newer Tutti. Update Tutti, then restore it.")
    return Header(version=part["version"], made_at=part["made_at"])


def _encode(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as bytes_of:
        return bytes_of.read(len(_SQLITE_BEGINS)) == _SQLITE_BEGINS


def _damaged(file: Path) -> InputError:
    return InputError(
        f"{file} is damaged or is no backup of Tutti: its hash is not that of its content. Take another one."
    )
