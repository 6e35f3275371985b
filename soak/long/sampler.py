"""Measures processes and the database's files from outside: memory, open files, threads, processor time. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

BOT, WORKER, MEDIA_CHILD, SANDBOX = "bot", "worker", "media child", "sandbox"
ROLES = (BOT, WORKER, MEDIA_CHILD, SANDBOX)
_ENTRIES = {WORKER: "inference.worker:main", MEDIA_CHILD: "media.worker:serve"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One process at one moment; ``second`` counts from the start of the run, ``life`` names the process for all time."""

    second: float
    role: str
    life: str
    age_seconds: float
    resident_bytes: int
    num_files: int
    num_threads: int
    cpu_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return it as a line of a file."""
        return asdict(self)


def sample_process(process: psutil.Process, *, role: str, second: float, now_seconds: float) -> Sample | None:
    """Measure one process, or return None when it has just gone; ``now_seconds``: since 1970, as its start is told."""
    try:
        with process.oneshot():
            cpu = process.cpu_times()
            begun_seconds = process.create_time()
            return Sample(
                second=round(second, 1),
                role=role,
                life=f"{process.pid}-{begun_seconds:.2f}",
                age_seconds=round(now_seconds - begun_seconds, 1),
                resident_bytes=process.memory_info().rss,
                num_files=process.num_fds(),
                num_threads=process.num_threads(),
                cpu_seconds=round(cpu.user + cpu.system, 2),
            )
    except psutil.Error:
        return None


def family_of(process_id: int) -> list[tuple[str, psutil.Process]]:
    """Return a bot's process with its workers and media children, each with its role; nothing when it has gone."""
    try:
        bot = psutil.Process(process_id)
        children = bot.children()
    except psutil.Error:
        return []
    return [(BOT, bot), *((role, child) for child in children for role in _roles_of(child))]


def sandbox_of(process_id: int) -> list[tuple[str, psutil.Process]]:
    """Return the sandbox that a process started."""
    children = psutil.Process(process_id).children()
    return [(SANDBOX, child) for child in children if "sandbox" in _words(child)]


def bytes_of(database: Path) -> tuple[int, int]:
    """Return the size of a SQLite file, and of the journal beside it."""
    return _size(database), _size(database.with_name(f"{database.name}-wal"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _roles_of(child: psutil.Process) -> Iterable[str]:
    text = " ".join(_words(child))
    return (role for role, entry in _ENTRIES.items() if entry in text)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
