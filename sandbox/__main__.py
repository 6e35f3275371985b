"""Command line of the sandbox: `python -m sandbox --port 8765 --state runs/sandbox`."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from sandbox.app import Sandbox


async def _run(port: int, folder: Path) -> int:
    sandbox = Sandbox(folder)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        addresses = await sandbox.start(port=port)
    except OSError as error:
        await sandbox.stop()
        print(
            f"The sandbox cannot listen on port {port}: {error.strerror}. Choose another with --port.", file=sys.stderr
        )
        return 1
    print(f"The sandbox is open at {addresses.page_url}", flush=True)
    await stopped.wait()
    await sandbox.stop()
    return 0


def main() -> int:
    """Run the sandbox until it is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Discord of our own on this machine.")
    parser.add_argument("--port", type=int, default=8765, help="port of the page; 0 takes any free one")
    parser.add_argument("--state", type=Path, default=Path("runs/sandbox"), help="folder that keeps messages and files")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return asyncio.run(_run(options.port, options.state))


if __name__ == "__main__":
    sys.exit(main())
