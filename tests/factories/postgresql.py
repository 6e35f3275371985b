"""A real PostgreSQL server for a test run: started when the first test asks, without rights, gone with the run.

It knows nothing of tables. The server refuses to run as root, so that root starts it as somebody with fewer rights; its data lies in a
folder of its own and it listens on a socket in there. What makes it quick would be wrong elsewhere: nothing is synchronized to disk.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

START_PATIENCE_SECONDS = 30.0
STOP_PATIENCE_SECONDS = 20.0
_DEBIAN_FOLDER = Path("/usr/lib/postgresql")
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "deadlock_timeout": "50ms",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "listen_addresses": "",
    "log_min_messages": "warning",
}
_WITH_PASSWORDS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_PREFIX = "tutti-postgresql-"
_PLACE = Path("/tmp")  # a short path: sockets allow no more than 107 bytes; and one that the server may enter
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


class PostgreSQLServer:
    """One server; ``start`` and ``stop`` may be called again and again, the data stays until ``remove``."""

    def __init__(
        self, *, tcp_port: int | None = None, settings: Mapping[str, str] | None = None, copy_of: Path | None = None
    ) -> None:
        """Make its data, or copy them from a running server (the folder of its socket), whose standby it then is.

        With a port it listens on this machine's address too, and asks for passwords there.
        """
        self._settings = _SETTINGS | (settings or {})
        if tcp_port is not None:
            self._settings |= {"listen_addresses": "127.0.0.1", "port": str(tcp_port)}
        self._programs = find_programs()
        self._account = _unprivileged_account()
        _remove_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_PLACE))
        self._process: subprocess.Popen[bytes] | None = None
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        if copy_of is None:
            command = [self._programs / "initdb", "-D", self.folder / "data", "-U", "tutti", "-A", "trust", "-E"]
            self._run([*command, "UTF8", "--locale=C", "--no-sync"])
        else:
            command = [self._programs / "pg_basebackup", "-D", self.folder / "data", "-h", copy_of, "-U", "tutti"]
            self._run([*command, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
        if tcp_port is not None:
            (self.folder / "data" / "pg_hba.conf").write_text(_WITH_PASSWORDS)

    def url(self, database: str) -> str:
        """Return the address of a database, as an operator would write it into DATABASE_URL."""
        return f"postgresql+asyncpg://tutti@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it and wait until it takes connections. Call it from the main thread: with the thread that did, it ends."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - it only makes two system calls
                **self._identity(),
            )
        give_up_at = time.monotonic() + START_PATIENCE_SECONDS
        while "ready" not in self._status_line():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < give_up_at, "PostgreSQL does not start"
            time.sleep(0.02)

    def stop(self, *, is_gentle: bool = True) -> None:
        """End it and every connection at once; not gentle: as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT if is_gentle else signal.SIGQUIT)
        self._process.wait(timeout=STOP_PATIENCE_SECONDS)
        self._process = None

    def create(self, database: str) -> None:
        """Make an empty database."""
        self._run([self._programs / "createdb", "-h", self.folder, "-U", "tutti", "-T", "template0", database])

    def kill(self) -> None:
        """End it as if its machine were gone: every process of it with SIGKILL, nothing is written or said."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(timeout=STOP_PATIENCE_SECONDS)
        self._process = None

    def promote(self) -> None:
        """Make a standby the primary, and return when it takes what is written."""
        self._run([self._programs / "pg_ctl", "promote", "-D", self.folder / "data", "--wait"])

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _status_line(self) -> str:
        file = self.folder / "data" / "postmaster.pid"
        try:
            lines = file.read_text().splitlines()
        except FileNotFoundError:
            return ""
        return lines[7] if len(lines) > 7 else ""

    def _run(self, command: list[str | Path]) -> None:
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._identity())

    def _identity(self) -> dict[str, object]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}


def find_programs() -> Path:
    """Return the folder of PostgreSQL's programs: the newest of Debian's, or whatever is on the path."""
    versions = sorted(_DEBIAN_FOLDER.glob("*/bin/postgres"), key=lambda file: int(file.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("postgres")
    assert found is not None, "PostgreSQL is missing. Run scripts/install_system_packages.sh test"
    return Path(found).resolve().parent


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Return whom root lets the server run as; None when we are not root and need nobody else."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _remove_leftovers() -> None:
    """Delete the folders of test runs that were killed; their servers ended with them."""
    for folder in _PLACE.glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).split("-")[0]
        if number.isdecimal() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _end_with(parent_process_id: int) -> object:
    """Return what the server does before it begins: even when a test run is killed, nothing of it stays behind."""

    def ask() -> None:
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent_process_id:
            os._exit(1)

    return ask
