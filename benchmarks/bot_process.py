"""The whole bot as `make run` starts it without a token: `bot.py` beside the sandbox, each a process of its own. It measures nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 120.0
_ENTRIES = {"inference worker": "inference.worker:main", "media worker": "media.worker:serve"}
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox: where it is, and its folder, in which a bot may keep its things."""

    connection: dict[str, Any]
    folder: Path

    @property
    def page_url(self) -> str:
        return str(self.connection["page_url"])

    @property
    def channel_id(self) -> str:
        return str(self.connection["channel_id"])


@contextmanager
def running_sandbox() -> Generator[Sandbox]:
    """Run a sandbox in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="tutti-bench-") as name:
        folder = Path(name)
        process = _start([sys.executable, "-m", "sandbox", "--port", "0", "--state", name])
        try:
            wait_for((folder / "connection.json").exists, unless_ended=process)
            yield Sandbox(connection=json.loads((folder / "connection.json").read_text()), folder=folder)
        finally:
            _end(process)


@contextmanager
def running_bot(sandbox: Sandbox, **variables: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a bot that joins the sandbox; ``variables`` are further settings."""
    settings = {
        "DISCORD_TOKEN": sandbox.connection["token"],
        "TUTTI_HTTP_PROXY": sandbox.connection["proxy_url"],
        "SSL_CERT_FILE": sandbox.connection["ca_file"],
        "DATABASE_URL": f"sqlite+aiosqlite:///{sandbox.folder / 'tutti.db'}",
        "TUTTI_SYNC_STATE": str(sandbox.folder / "command_sync.json"),
        "TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE": "0",  # everybody who is measured is in one channel
        "TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE": "0",
    } | variables
    # `env` sets the variables, so that this file need not read the environment.
    process = _start(["env", *(f"{name}={value}" for name, value in settings.items()), sys.executable, "bot.py"])
    try:
        yield process
    finally:
        _end(process)


def wait_until_online(sandbox: Sandbox, bot: subprocess.Popen[bytes]) -> None:
    """Wait until the bot is online with its commands."""

    def is_online() -> bool:
        with urllib.request.urlopen(f"{sandbox.page_url.rstrip('/')}/api/state", timeout=5) as answer:  # noqa: S310 - on loopback
            state = json.load(answer)
        return bool(state["bot"]["online"]) and bool(state["commands"])

    wait_for(is_online, unless_ended=bot)


def child_process_ids(process_id: int, kind: str) -> list[int]:
    """Return the children of a bot that are of a kind: "inference worker" or "media worker"."""
    entry = _ENTRIES[kind]
    return [child.pid for child in psutil.Process(process_id).children() if entry in " ".join(child.cmdline())]


def resident_mib(process_id: int) -> float:
    """Return the resident memory of a process."""
    return psutil.Process(process_id).memory_info().rss / _MIB


def wait_for(is_so: Callable[[], bool], *, unless_ended: subprocess.Popen[bytes] | None = None) -> None:
    """Look every hundredth of a second until something is so."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if unless_ended is not None and unless_ended.poll() is not None:
            raise RuntimeError(f"a process ended with exit code {unless_ended.returncode}")
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not ready within {PATIENCE_SECONDS:g} s")
        time.sleep(0.01)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=20)
