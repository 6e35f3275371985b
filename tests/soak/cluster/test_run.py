"""What a run on a cluster reads from its bots' logs. The run itself is `make cluster-test`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from soak.cluster.run import _read_recovery

KILL = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def _write(path, *events):
    """Write a log: (seconds after the kill, event, fields)."""
    lines = [
        json.dumps({"timestamp": (KILL + timedelta(seconds=seconds)).isoformat(), "event": event, **fields})
        for seconds, event, fields in events
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_recovery_is_read_over_both_bots_and_only_after_the_kill(tmp_path):
    """The loss is seen when the last bot has seen it; jobs have gone on when the last of those that were put back has."""
    one = _write(
        tmp_path / "one",
        (-9, "job_put_back", {"job_id": "0"}),
        (1.0, "worker_lost", {}),
        (1.0, "job_put_back", {"job_id": "1"}),
        (3.0, "job_recovered", {"job_id": "1"}),
        (30.0, "worker_lost", {}),
    )
    other = _write(
        tmp_path / "other",
        (1.5, "worker_lost", {}),
        (1.5, "job_put_back", {"job_id": "2"}),
        (6.0, "job_recovered", {"job_id": "2"}),
        (60.0, "job_recovered", {"job_id": "9"}),
    )
    recovery = _read_recovery([one, other], since=KILL)

    assert recovery.gone == {"1", "2"}
    assert (recovery.seen_seconds, recovery.on_seconds) == (1.5, 6.0)
