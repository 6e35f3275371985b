"""Recordings of runs that never were: two hours of processes that grow as much as a test wants."""

from soak.long.record import Ended, Recording, Store
from soak.long.sampler import BOT, MEDIA_CHILD, SANDBOX, WORKER, Sample

NUM_MINUTES = 60
_MIB = 2**20
_LEVELS = {BOT: 180.0, WORKER: 600.0, MEDIA_CHILD: 300.0, SANDBOX: 60.0}


def sample(role, minute, *, mib, files=20, life="1-1.00", cpu_seconds=0.0):
    """Return one sample of a process that began with the run."""
    return Sample(
        second=minute * 60.0,
        role=role,
        life=life,
        age_seconds=minute * 60.0,
        resident_bytes=int(mib * _MIB),
        num_files=files,
        num_threads=4,
        cpu_seconds=cpu_seconds,
    )


def recording(*, leaks_mib=None, leaks_files=None, bytes_for_a_command=1000, slower=1.0, doubled=0, busier=1.0):
    """Return a run of an hour; ``leaks_mib`` and ``leaks_files``: role -> more in each minute."""
    leaks_mib, leaks_files = leaks_mib or {}, leaks_files or {}
    minutes = range(NUM_MINUTES)
    samples = [
        sample(
            role,
            minute,
            mib=level + leaks_mib.get(role, 0.0) * minute + (0.5 * minute if role == SANDBOX else 0.0),
            files=int(20 + leaks_files.get(role, 0.0) * minute),
            cpu_seconds=minute + (busier - 1.0) * max(0, minute - 35),
        )
        for role, level in _LEVELS.items()
        for minute in minutes
    ]
    sizes = [50_000.0]
    for minute in minutes[1:]:
        sizes.append(sizes[-1] + 20 * (bytes_for_a_command if minute < 35 else 1000))
    stores = [
        Store(
            second=minute * 60.0, database_bytes=int(sizes[minute]), journal_bytes=4_000_000, num_commands=20 * minute
        )
        for minute in minutes
    ]
    requests = [
        Ended(
            second=minute * 60.0,
            name="generate",
            kind="more than one" if minute < doubled else "public answer",
            reason="",
            acknowledged_seconds=0.1,
            answered_seconds=2.0 * (slower if minute > NUM_MINUTES // 2 else 1.0),
        )
        for minute in minutes
    ]
    facts = {"sent": len(requests), "seconds": 3600.0, "kills": [{"second": 900.0, "kind": "bot"}]}
    return Recording(samples=tuple(samples), stores=tuple(stores), requests=tuple(requests), facts=facts)
