"""What `make run` starts: the bot on Discord, or, without a token, the sandbox and the bot in it.

The sandbox runs in a process of its own and keeps its state on disk; the bot is told of it by two ordinary settings, a
proxy and a CA file. A bot that was killed is started again, as an operator's service manager would do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
STATE_FOLDER = ROOT / "runs" / "sandbox"
START_TIMEOUT_SECONDS = 30.0
MAX_RESTARTS_PER_MINUTE = 5


def has_token() -> bool:
    """Return whether a Discord token is set in the environment or in `.env`."""
    if os.environ.get("DISCORD_TOKEN"):
        return True
    env_file = ROOT / ".env"
    lines = env_file.read_text().splitlines() if env_file.is_file() else []
    return any(line.startswith("DISCORD_TOKEN=") and line.split("=", 1)[1].strip(" \"'") for line in lines)


def start_sandbox() -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """Start the sandbox and return it with the settings that lead the bot to it."""
    STATE_FOLDER.mkdir(parents=True, exist_ok=True)
    connection_file = STATE_FOLDER / "connection.json"
    connection_file.unlink(missing_ok=True)
    port = os.environ.get("TUTTI_SANDBOX_PORT", "8765")
    command = [sys.executable, "-m", "sandbox", "--port", port, "--state", str(STATE_FOLDER)]
    sandbox = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not connection_file.is_file():
        if sandbox.poll() is not None:
            sys.exit("The sandbox did not start; its message is above.")
        if time.monotonic() > deadline:
            sandbox.terminate()
            sys.exit(f"The sandbox did not start within {START_TIMEOUT_SECONDS:.0f} seconds.")
        time.sleep(0.05)
    connection = json.loads(connection_file.read_text())
    environment = {
        "DISCORD_TOKEN": connection["token"],
        "TUTTI_HTTP_PROXY": connection["proxy_url"],
        "SSL_CERT_FILE": connection["ca_file"],
    }
    return sandbox, environment


def run_bot(environment: dict[str, str]) -> int:
    """Run the bot until it stops by itself; start it again when it was killed. Return its exit code."""
    starts: list[float] = []
    while True:
        starts = [start for start in starts if time.monotonic() - start < 60] + [time.monotonic()]
        bot = subprocess.Popen([sys.executable, "bot.py"], cwd=ROOT, env={**os.environ, **environment})
        stop_with_us(bot)
        code = bot.wait()
        if code != -signal.SIGKILL or len(starts) > MAX_RESTARTS_PER_MINUTE:
            return code
        print("The bot was killed; starting it again.", flush=True)


def stop_with_us(*children: subprocess.Popen[bytes]) -> None:
    """Hand on Ctrl-C and termination to the children; each then ends in order by itself."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def main() -> int:
    """Start what is needed and wait."""
    (ROOT / "runs").mkdir(exist_ok=True)
    if has_token():
        return run_bot({})
    sandbox, environment = start_sandbox()
    try:
        return run_bot(environment)
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=10)


if __name__ == "__main__":
    raise SystemExit(main())
