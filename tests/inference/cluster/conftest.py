"""A real Ray cluster of two nodes on this machine, started once for a module, with a tiny network in plain Python."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.settings import InferenceSettings
from inference.client import InferenceClient
from soak.cluster.local_cluster import LocalCluster, LocalNode

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-the-cluster-in-these-tests-and-of-no-other"}
TINY = "tests.inference.tiny_decoder:load_decoders"


@dataclass
class TestCluster:
    """A cluster, its second node, and the folder in which the tiny networks of all nodes leave traces."""

    __test__ = False

    cluster: LocalCluster
    node: LocalNode
    folder: Path

    def settings(self, **changes) -> InferenceSettings:
        """Return a bot's settings; it asks for two workers with one lane."""
        usual = {"TUTTI_INFERENCE": self.cluster.address, "TUTTI_WEIGHTS": self.folder, "TUTTI_LANES": 1}
        return InferenceSettings(**(usual | changes))

    @asynccontextmanager
    async def client(self, *, decoders: str = TINY, metrics=None, **changes):
        """Open a bot's client, which need not drain."""
        async with InferenceClient(
            self.settings(**changes), decoders=decoders, drain_seconds=0.0, metrics=metrics
        ) as client:
            yield client


@pytest.fixture(scope="module")
def two_nodes():
    """Start a head and a second node, which claims a GPU; they and the bots of the tests share a token."""
    with (
        tempfile.TemporaryDirectory(prefix="tutti-") as folder,
        pytest.MonkeyPatch.context() as patch,
        LocalCluster(environment={"TUTTI_WEIGHTS": folder} | TOKEN) as cluster,
    ):
        for name, value in TOKEN.items():
            patch.setenv(name, value)
        cluster.start_head(num_cpus=1)  # beside the worker with the GPU there is room for one on each
        node = cluster.start_node(num_cpus=2, num_gpus=1)
        yield TestCluster(cluster, node, Path(folder))
