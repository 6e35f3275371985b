"""Tests for soak/long/sampler.py."""

import subprocess
import sys
import time

import psutil

from soak.long.sampler import BOT, bytes_of, family_of, sample_process

_HOLDING = "import sys; held = bytearray(60 * 2**20); files = [open(sys.executable) for _ in range(9)]; print(1, flush=True); input()"


def test_a_process_is_measured_from_outside():
    """Memory and open files of a real child are what it holds, and its life is named by more than its number."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.stdout.readline()
        sample = sample_process(psutil.Process(child.pid), role=BOT, second=1.0, now_seconds=time.time())
        child.communicate("\n")
    assert sample is not None
    assert sample.resident_bytes > 60 * 2**20
    assert 9 <= sample.num_files <= 20
    assert sample.num_threads == 1
    assert sample.life.startswith(f"{child.pid}-")


def test_a_process_that_went_is_no_sample():
    """Between finding a process and measuring it it may be killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        child.kill()
        child.wait()
        assert sample_process(process, role=BOT, second=1.0, now_seconds=time.time()) is None
        assert family_of(child.pid) == []


def test_the_database_is_measured_with_its_log(tmp_path):
    """Both files count, and one that is not there is empty."""
    (tmp_path / "tutti.db").write_bytes(b"x" * 100)
    assert bytes_of(tmp_path / "tutti.db") == (100, 0)
    (tmp_path / "tutti.db-wal").write_bytes(b"x" * 7)
    assert bytes_of(tmp_path / "tutti.db") == (100, 7)
