"""What is kept about the commands that Discord knows."""

from __future__ import annotations

import pytest

from bot.command_sync import _read_state, _write_state
from core.errors import ConfigurationError


def test_what_was_sent_is_remembered(tmp_path):
    """In a folder that need not exist."""
    file = tmp_path / "new" / "sync.json"
    _write_state(file, {"1:0": "abc"})

    assert _read_state(file) == {"1:0": "abc"}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff"])
def test_a_damaged_memory_only_costs_one_more_sending(tmp_path, content):
    """It is as if nothing had been sent."""
    file = tmp_path / "sync.json"
    file.write_bytes(content)

    assert _read_state(file) == {}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """With the setting to change."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="TUTTI_SYNC_STATE"):
        _write_state(tmp_path / "file" / "sync.json", {})
