"""A real Ray cluster of several nodes on this machine, for tests and for measuring. It knows nothing of what runs on it.

Each node is what ``ray start`` starts on a machine of its own: a raylet with its agents, and on the head the cluster's directory. All
processes of a node share one session of the operating system, so that killing the session is to the cluster what a power cut is.
Nothing outlives us: nodes die with this process, and what they wrote lies in one folder that is removed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
_STARTED = "Ray runtime started"
_KILL_SECONDS = 15.0
_UNNEEDED = ("--disable-usage-stats", "--no-monitor", "--include-log-monitor=false")  # spares processes
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_SHARED_MEMORY_BYTES = 80_000_000  # near the least that Ray takes
_REPOSITORY = Path(__file__).parents[2]
_BOOTSTRAP = (
    "import ctypes, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "  # die with whoever started this
    "from ray.scripts.scripts import main; sys.argv[0] = 'ray'; main()"
)


class ClusterStartError(Exception):
    """A node did not start; the text is what it printed."""


class LocalNode:
    """One node, from its start to its end."""

    def __init__(self, arguments: list[str], *, environment: Mapping[str, str]) -> None:
        settings = [f"{name}={value}" for name, value in environment.items()]
        self._process = subprocess.Popen(
            ["env", *settings, sys.executable, "-c", _BOOTSTRAP, "start", "--block", *arguments],
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_started(self) -> None:
        """Wait until the node is part of its cluster.

        Raises:
            ClusterStartError: when it ends before.
        """
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line.decode(errors="replace")
            if _STARTED in said:
                return
        raise ClusterStartError(said[-2_000:])

    @property
    def process_ids(self) -> list[int]:
        """Every process of the node itself, and what its workers started."""
        return _processes_of(self._process.pid)

    def kill(self) -> None:
        """End every process of the node at once, without a word."""
        stop_seconds = time.monotonic() + _KILL_SECONDS
        while (numbers := self.process_ids) and time.monotonic() < stop_seconds:
            for number in numbers:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            self._process.poll()  # reaps
            time.sleep(0.02)
        self._process.wait(timeout=_KILL_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()


class LocalCluster:
    """A head and other nodes; a context manager that ends all of them."""

    def __init__(self, *, environment: Mapping[str, str] | None = None) -> None:
        self._environment = {
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(_REPOSITORY),
        } | dict(environment or {})
        # A short path: names of sockets may have some hundred characters, and Ray's are long.
        self._folder = Path(tempfile.mkdtemp(prefix="tray-", dir="/tmp"))
        self.port = _quiet_port()
        self.nodes: list[LocalNode] = []

    @property
    def address(self) -> str:
        """What ``TUTTI_INFERENCE`` is set to."""
        return f"ray://{_HOST}:{self.port}"

    def start_head(self, *, num_cpus: int) -> LocalNode:
        """Start the first node, which bots join through.

        Raises:
            ClusterStartError: when it does not start.
        """
        arguments = ["--head", f"--port={self.port}", "--include-dashboard=false", f"--temp-dir={self._folder}"]
        return self._start([*arguments, f"--num-cpus={num_cpus}"], {})

    def start_node(
        self, *, num_cpus: int, num_gpus: int = 0, environment: Mapping[str, str] | None = None
    ) -> LocalNode:
        """Start one more node; ``num_gpus`` may be claimed without there being any.

        Raises:
            ClusterStartError: when it does not start.
        """
        arguments = [f"--address={_HOST}:{self.port}", f"--num-cpus={num_cpus}", f"--num-gpus={num_gpus}"]
        return self._start(arguments, environment or {})

    def close(self) -> None:
        """End every node and remove what they wrote."""
        for node in reversed(self.nodes):
            node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, arguments: list[str], environment: Mapping[str, str]) -> LocalNode:
        common = [f"--node-ip-address={_HOST}", f"--object-store-memory={_SHARED_MEMORY_BYTES}"]
        node = LocalNode([*arguments, *common, *_UNNEEDED], environment=self._environment | dict(environment))
        self.nodes = [*(other for other in self.nodes if other.process_ids), node]
        node.wait_until_started()
        return node


def _processes_of(session_id: int) -> list[int]:
    """Return the processes of an operating system session that have not ended."""
    numbers: list[int] = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        with suppress(OSError):
            state, _, _, session = (path / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
            if int(session) == session_id and state != "Z":
                numbers.append(int(path.name))
    return numbers


def _quiet_port() -> int:
    """Return a port that nobody uses and that the system hands to nobody by itself."""
    while True:
        port = random.randint(_FIRST_PORT, _LAST_PORT)
        with socket.socket() as one, suppress(OSError):
            one.bind((_HOST, port))
            return port
