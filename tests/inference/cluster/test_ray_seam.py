"""What Ray says when it does not let us in, in our words. Run in a process of its own: the suite's must not hold Ray."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAYINGS = {
    "versions": "Version mismatch: The cluster was started with:\n    Ray: 2.51.0\n    Python: 3.12.1\nThis process on node 10.0.0.1 was started with:\n    Ray: 2.60.0",
    "no node": "This node has an IP address of 10.0.0.5, and Ray expects this IP address to be either the GCS address or one of the Raylet addresses.",
    "token": "Invalid or missing authentication token",
    "stranger": "Failed to connect to Ray cluster at 10.0.0.1:6379",
    "other": "something new",
}
PROGRAM = """
import json, sys
from inference.cluster.ray_seam import explain_refusal
print(json.dumps({name: explain_refusal(RuntimeError(text), address="10.0.0.1:6379") for name, text in json.loads(sys.argv[1]).items()}))
"""


@pytest.fixture(scope="module")
def sentences():
    """Return what people read for each of Ray's sayings."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(SAYINGS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("saying", "parts"),
    [
        ("versions", ("Ray 2.51.0 on Python 3.12.1", "this bot Ray 2.60.0", "same versions")),
        ("no node", ("no node of the cluster", "ray start --address=10.0.0.1:6379 --num-cpus=0")),
        ("token", ("RAY_AUTH_MODE=token",)),
        ("stranger", ("does not let this bot in", "RAY_AUTH_MODE=token")),
        ("other", ("cannot be joined", "something new")),
    ],
)
def test_each_refusal_names_the_variable_and_what_to_do(sentences, saying, parts):
    """One sentence, with what Ray knows of the other side."""
    assert sentences[saying].startswith("TUTTI_INFERENCE: ")
    for part in parts:
        assert part in sentences[saying]
