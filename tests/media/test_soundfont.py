"""Which SoundFonts there are, and that the wished one is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from media.soundfont import find_soundfont, list_soundfonts


def test_every_soundfont_is_listed_once_by_its_name():
    """The packaged one is always there; links to the same file are one."""
    fonts = list_soundfonts()

    assert "TimGM6mb" in fonts
    assert all(path.is_file() for path in fonts.values())
    assert len({path.resolve() for path in fonts.values()}) == len(fonts)
    assert find_soundfont() in fonts.values()


def test_the_configured_one_comes_first(tmp_path: Path):
    """And one that does not exist is not offered, but refused where it is asked for."""
    mine = tmp_path / "Mine.sf2"
    mine.write_bytes(b"RIFF")

    assert next(iter(list_soundfonts(str(mine)))) == "Mine"
    assert "Gone" not in list_soundfonts(str(tmp_path / "Gone.sf2"))
    with pytest.raises(ConfigurationError):
        find_soundfont(str(tmp_path / "Gone.sf2"))
