"""What cannot work is told before anything is started: one sentence, the variable, the remedy, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.start_checks import check_start
from core.errors import ConfigurationError
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TUTTI_WEIGHTS", "/nowhere/weights"),
        ("TUTTI_SOUNDFONT", "/nowhere/piano.sf2"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("TUTTI_SYNC_STATE", "/proc/nowhere/state.json"),
    ],
)
def test_files_that_are_not_there_are_told_before_the_start(variable, value):
    """The sentence begins with the variable and holds the path."""
    with pytest.raises(ConfigurationError) as caught:
        check_start(Settings(**{variable: value}))

    assert caught.value.variable == variable
    assert str(caught.value).startswith(f"{variable}: ")
    assert str(Path(value).parent) in str(caught.value)


def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch):
    """As where the service runs as another user than the one who installed it."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)  # root may write everywhere
    with pytest.raises(ConfigurationError, match="Permission denied"):
        check_start(Settings(TUTTI_SYNC_STATE=str(tmp_path / "state.json")))


def test_the_usual_settings_pass(tmp_path):
    """Nothing is started and nothing but the folder is made."""
    check_start(Settings(TUTTI_WEIGHTS=str(ROOT / "weights"), TUTTI_SYNC_STATE=str(tmp_path / "new" / "state.json")))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"TUTTI_LANES": "none"}, "TUTTI_LANES: "),
        (
            {"DISCORD_TOKEN": "x", "DATABASE_URL": "postgresql://tutti:x@127.0.0.1:9/tutti"},
            "DATABASE_URL: PostgreSQL at",
        ),
    ],
)
def test_the_bot_ends_with_one_sentence_and_exit_code_1(tmp_path, variables, sentence):
    """`python bot.py` as a service starts it: the last line of standard error says what to do, and there is no traceback."""
    settings = {"TUTTI_WEIGHTS": str(ROOT / "weights"), "TUTTI_SYNC_STATE": str(tmp_path / "state.json")} | variables
    ended = subprocess.run(
        [sys.executable, str(ROOT / "bot.py")],
        env=settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(f"Tutti cannot run: {sentence}")
