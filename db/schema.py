"""Every table there is, in one metadata: for migrations, and for what copies or counts whole databases."""

from __future__ import annotations

from db import shared_tables, tables

METADATA = tables.Base.metadata
assert shared_tables.SharedSong.metadata is METADATA, "one metadata holds them all"
