"""Who counts as dead: a process of this machine whose number is free, or is now our own."""

import os
import socket
import subprocess
import sys

import pytest

from bot.services.jobs.leases import JobLeases

HOST = socket.gethostname()


@pytest.fixture
def leases(database):
    return JobLeases(database)


def test_process_that_ended_is_gone(leases):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert leases._is_gone(f"{HOST}/{ended.pid}/0")


def test_process_that_lives_is_not_gone(leases):
    assert not leases._is_gone(f"{HOST}/{os.getppid()}/0")


def test_process_of_somebody_else_is_not_gone(leases):
    assert not leases._is_gone(f"{HOST}/1/0")


def test_predecessor_with_our_own_number_is_gone(leases):
    """In a container the bot is number 1 every time."""
    assert leases._is_gone(f"{HOST}/{os.getpid()}/0")


def test_we_are_not_gone(leases):
    assert not leases._is_gone(leases.owner)


@pytest.mark.parametrize("owner", ["other-host/1/0", "nonsense", f"{HOST}/x/0", ""])
def test_process_that_we_cannot_judge_is_left_to_its_lease(leases, owner):
    assert not leases._is_gone(owner)
