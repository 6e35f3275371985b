"""The command line: one line on standard output, a file for whoever starts the bot, an orderly end."""

import asyncio
import json
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def start(folder: Path, port: int = 0) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", str(port), "--state", str(folder),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_starts_tells_where_and_ends(tmp_path):
    """One line with the address; connection.json while it runs; exit code 0 on SIGTERM."""
    process = await start(tmp_path)
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    connection = json.loads((tmp_path / "connection.json").read_text())
    assert line == f"The sandbox is open at {connection['page_url']}\n"
    assert connection["pid"] == process.pid
    assert connection["ca_file"] == str(tmp_path / "ca.pem")
    assert (tmp_path / "connection.json").stat().st_mode & 0o077 == 0
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, errors) == (0, b"")
    assert not (tmp_path / "connection.json").exists()


async def test_port_in_use_is_said_in_one_sentence(sandbox, tmp_path):
    """A taken port is exit code 1 and a sentence, no traceback."""
    port = int(sandbox.addresses.page_url.rstrip("/").rsplit(":", 1)[1])
    process = await start(tmp_path / "other", port)
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert errors.decode().startswith(f"The sandbox cannot listen on port {port}")
    assert b"Traceback" not in errors


async def test_imports_nothing_of_ours():
    """The sandbox is a stranger: neither the bot's code nor discord.py is loaded with it."""
    program = "import sys, sandbox.__main__; print(sorted({n.split('.')[0] for n in sys.modules}))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    ours = {"core", "music", "media", "inference", "db", "bot", "cogs", "training", "discord", "torch"}
    assert not ours & set(json.loads(output.decode().replace("'", '"')))
