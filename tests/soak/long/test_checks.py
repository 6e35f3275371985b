"""Tests for soak/long/checks.py."""

import pytest

from soak.long.checks import checks_of, latencies
from soak.long.sampler import BOT, MEDIA_CHILD, WORKER
from tests.soak.long.recordings import recording


def _grown(run):
    return [check.name for check in checks_of(run) if not check.is_good]


def test_a_steady_run_is_good():
    """Nothing grows but the sandbox's messages and the database's songs, each by the command."""
    checks = checks_of(recording())
    assert _grown(recording()) == []
    assert all(check.value is not None for check in checks)


@pytest.mark.parametrize("role", [BOT, WORKER, MEDIA_CHILD])
def test_a_leak_of_memory_is_found(role):
    """A MiB a minute in any process of ours is told by its name."""
    assert _grown(recording(leaks_mib={role: 1.0})) == [f"resident MiB of the {role}"]


def test_a_leak_of_open_files_is_found():
    """A file that stays open now and then is found before the limit of the system."""
    assert _grown(recording(leaks_files={BOT: 0.2})) == [f"open files of the {BOT}"]


def test_slower_answers_are_found():
    """Answers that take twice as long after an hour are growth, too."""
    assert _grown(recording(slower=2.0)) == ["seconds until answered"]


def test_more_work_for_each_command_is_found():
    """A bot that needs twice the processor for the same is found, whatever else the machine has to do."""
    assert _grown(recording(busier=2.0)) == ["bot's processor time for each command"]


def test_a_request_with_two_answers_is_counted():
    """The long run holds everybody to one answer as well."""
    assert _grown(recording(doubled=2)) == ["requests with no answer, or with two"]


def test_a_database_that_keeps_more_for_each_command_is_found():
    """What a command leaves behind must not become more with the number of those before it."""
    run = recording(bytes_for_a_command=200)
    assert _grown(run) == ["database's bytes for each command"]


def test_a_short_run_says_so():
    """What cannot be said of a few minutes has no value, and is not called good by a number."""
    run = recording()
    few = type(run)(samples=run.samples[:3], stores=run.stores[:2], requests=run.requests[:2], facts=run.facts)
    assert {check.value for check in checks_of(few) if check.name.startswith("resident")} == {None}


def test_latencies_come_in_slices_of_ten_minutes():
    """An hour has six slices, each with medians."""
    slices = latencies(recording().requests)
    assert [each["from_minute"] for each in slices] == [0, 10, 20, 30, 40, 50]
    assert {each["answered_p50_seconds"] for each in slices} == {2.0}
