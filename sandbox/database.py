"""The state folder: records in SQLite and the bytes of attachments as files.

Knows nothing of what a record means: each is a kind, an id and a JSON text. One process at a time owns a folder.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Database:
    """Keeps records and attachment bytes in one folder; everything written is there after a restart."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "attachments"
        self._files.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "sandbox.sqlite3", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id))"
        )

    def put(self, kind: str, record_id: str, body: Any) -> None:
        """Write a record, in place of an older one of the same kind and id."""
        self._connection.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
            (kind, record_id, json.dumps(body, separators=(",", ":"))),
        )

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record, if there is one."""
        self._connection.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, record_id))

    def remove_all(self, kind: str) -> None:
        """Forget all records of a kind."""
        self._connection.execute("DELETE FROM records WHERE kind = ?", (kind,))

    def read_all(self, kind: str) -> Iterator[Any]:
        """Yield the records of a kind, ids rising as numbers."""
        rows = self._connection.execute(
            "SELECT body FROM records WHERE kind = ? ORDER BY CAST(id AS INTEGER), id", (kind,)
        ).fetchall()
        for (body,) in rows:
            yield json.loads(body)

    def write_file(self, attachment_id: str, data: bytes) -> None:
        """Keep the bytes of an attachment."""
        (self._files / attachment_id).write_bytes(data)

    def file_path(self, attachment_id: str) -> Path:
        """Return where the bytes of an attachment lie."""
        if not attachment_id.isdigit():
            raise ValueError("attachment ids are digits")
        return self._files / attachment_id

    def remove_file(self, attachment_id: str) -> None:
        """Forget the bytes of an attachment."""
        self.file_path(attachment_id).unlink(missing_ok=True)

    def remove_files(self) -> None:
        """Forget the bytes of all attachments."""
        for path in self._files.iterdir():
            path.unlink()

    def close(self) -> None:
        """Close the database file."""
        self._connection.close()
