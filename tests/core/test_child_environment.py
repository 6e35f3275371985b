"""What a real child sees of our surroundings: its libraries and its device, but no secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.child_environment import environment_for_children
from core.processes import ChildProcess
from core.settings import Settings
from tests.core import children

SECRETS = {
    "DISCORD_TOKEN": "the-token",
    "DATABASE_URL": "postgresql://tutti:the-password@db/tutti",
    "TUTTI_SIGNING_KEY": "the-key-with-which-buttons-are-signed",
    "TUTTI_HTTP_PROXY": "http://user:the-password@proxy",
    "SOME_OTHER_PROGRAMS_PASSWORD": "the-password",
    "AWS_SECRET_ACCESS_KEY": "the-key",
}


async def test_a_real_child_sees_no_secret(monkeypatch):
    """Neither in its environment nor in its command line, whatever we were started with."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    async with ChildProcess(children.tell_surroundings, name="curious") as child:
        told = json.loads(await child.call(b"?", timeout_seconds=30))

    assert not set(SECRETS) & set(told["environment"])
    assert not [value for value in SECRETS.values() if value in json.dumps(told)]
    assert told["environment"]["OMP_NUM_THREADS"] == "1"
    assert told["environment"]["PATH"]


def test_no_setting_of_ours_is_handed_on(monkeypatch):
    """Children are told what they need in their first frame."""
    sections = vars(Settings(DISCORD_TOKEN="x", TUTTI_SIGNING_KEY="")).values()
    names = {str(field.validation_alias) for section in sections for field in type(section).model_fields.values()}

    assert len(names) > 30
    assert environment_for_children(dict.fromkeys(names, "x")) == {}


@pytest.mark.parametrize("name", ["PYTHONPATH", "LD_LIBRARY_PATH", "LC_ALL", "CUDA_VISIBLE_DEVICES", "KMP_AFFINITY"])
def test_what_libraries_need_is_handed_on(name):
    """Without these, some machines would not find a library or a device."""
    assert environment_for_children({name: "x"}) == {name: "x"}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows processes as files")
def test_a_process_that_hides_cannot_be_read_by_others_of_its_user():
    """The kernel gives its files in /proc to root; what root may do is not ours to say."""
    script = (
        "import os; from core.child_environment import hide_memory; hide_memory(); "
        "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), len(os.listdir('/proc/self/fd')) > 0)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["0", "True"]
