"""Starting: what is imported, and what is said when it does not work."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import bot.main, bot.client
for name in bot.client.EXTENSIONS:
    importlib.import_module(name)
import bot.services
for module in pkgutil.iter_modules(bot.services.__path__):
    importlib.import_module(f"bot.services.{module.name}")
import inference.cluster.opening
print("torch" in sys.modules, "ray" in sys.modules)
"""


def run_bot(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    defaults = {
        "HOME": str(tmp_path),
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'x.db'}",
        "DISCORD_TOKEN": "abc.def.ghi",
    }
    return subprocess.run(
        [sys.executable, "bot.py"],
        cwd=ROOT,
        env=defaults | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_bot_never_imports_torch_or_ray():
    """Every module of the bot, its cogs and services, in a fresh process: start-up stays fast, a GPU crash stays outside."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "False False"


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"DISCORD_TOKEN": ""}, ("DISCORD_TOKEN",)),
        ({"TUTTI_WORKERS": "many"}, ("TUTTI_WORKERS",)),
        ({"TUTTI_INFERENCE": "10.0.0.1"}, ("TUTTI_INFERENCE", "ray://HOST:PORT")),
        ({"TUTTI_HTTP_PROXY": "http://127.0.0.1:1"}, ("TUTTI_HTTP_PROXY", "network")),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, ("SSL_CERT_FILE",)),
        ({"DATABASE_URL": "no address at all"}, ("DATABASE_URL",)),
        ({"DATABASE_URL": "postgresql://tutti:secret@127.0.0.1:1/tutti"}, ("DATABASE_URL", "127.0.0.1:1", "Start it")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_keeps_it_from_starting_is_one_sentence(tmp_path, settings, parts):
    """Exit code 1, the variable's name, no traceback."""
    done = run_bot(tmp_path, **settings)

    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("Tutti cannot run: ")
    assert all(part in last for part in parts)
    assert "Traceback" not in done.stderr


ASKED_TWICE = """
import asyncio, signal
from bot.main import _ask_to_stop

async def main():
    stop = asyncio.Event()
    _ask_to_stop(stop, signal.SIGTERM)
    print("asked once", stop.is_set(), flush=True)
    _ask_to_stop(stop, signal.SIGTERM)
    await asyncio.sleep(30)

asyncio.run(main())
"""


def test_a_second_signal_ends_at_once():
    """Whoever asks twice does not want to wait for running jobs; nothing is lost by that."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED_TWICE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.startswith("asked once True")
    assert done.returncode == -signal.SIGTERM


def test_importing_the_script_starts_nothing():
    """A process that runs the top of bot.py again gets neither discord.py nor a second bot."""
    script = "import sys, runpy; runpy.run_path('bot.py', run_name='__mp_main__'); print('discord' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "False"
