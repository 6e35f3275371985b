"""What the way over a cluster costs: the same jobs through a pool at home and through a cluster, in turns. It judges nothing."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from core.settings import InferenceSettings
from inference.client import InferenceClient
from inference.protocol import DEFAULT_DECODERS, GenerateRequest, Progress, Result
from music.constraints import Constraints
from soak.cluster.local_cluster import LocalCluster
from soak.report import Figure

_CHATTER = "soak.cluster.chatter:load_decoders"
_NUM_CHATTER_BARS = 2_000
_NUM_TINY_JOBS = 100
_BYTES_PER_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Two:
    """The same measure at home and on the cluster."""

    home: list[float]
    cluster: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.home), statistics.median(self.cluster)


async def measure_overhead(cluster: LocalCluster, *, weights: Path, num_jobs: int) -> tuple[Figure, ...]:
    """Return what jobs, empty jobs and progress messages take on both ways; one worker each."""
    home, away = _settings(weights, ""), _settings(weights, cluster.address)
    async with (
        InferenceClient(home, decoders=DEFAULT_DECODERS) as near,
        InferenceClient(away, decoders=DEFAULT_DECODERS) as far,
    ):
        songs = await _take_turns(near, far, num_rounds=num_jobs, num_bars=8)
    async with (
        InferenceClient(home, decoders=_CHATTER) as near,
        InferenceClient(
            away.model_copy(update={"cluster_group": "chatter"}),
            decoders=_CHATTER,
        ) as far,
    ):
        empty = await _take_turns(near, far, num_rounds=_NUM_TINY_JOBS, num_bars=1)
        talk = await _take_turns(near, far, num_rounds=5, num_bars=_NUM_CHATTER_BARS)
    (song_home, song_away), (empty_home, empty_away), (talk_home, talk_away) = (
        songs.medians,
        empty.medians,
        talk.medians,
    )
    return (
        Figure(
            name="one job of 8 bars, at home",
            value=round(song_home, 4),
            unit="s",
            note=f"median of {num_jobs}, one at a time",
        ),
        Figure(
            name="one job of 8 bars, on the cluster",
            value=round(song_away, 4),
            unit="s",
            note="the same requests, in turns",
        ),
        Figure(
            name="ratio for one job",
            value=round(song_away / song_home, 3),
            must=1.1,
            goal=1.05,
            note="cluster over home",
        ),
        Figure(
            name="an empty job, at home",
            value=round(empty_home * 1e3, 2),
            unit="ms",
            note=f"median of {_NUM_TINY_JOBS}",
        ),
        Figure(name="an empty job, on the cluster", value=round(empty_away * 1e3, 2), unit="ms"),
        Figure(
            name="frames, at home",
            value=round(_NUM_CHATTER_BARS / talk_home),
            unit="1/s",
            note="progress messages of one job",
        ),
        Figure(name="frames, on the cluster", value=round(_NUM_CHATTER_BARS / talk_away), unit="1/s"),
    )


def measure_memory(cluster: LocalCluster, *, gateway_ids: list[int]) -> tuple[Figure, ...]:
    """Return what Ray holds beyond our workers: shared pages are counted once, in parts."""
    figures: list[Figure] = []
    for name, node in zip(("head", "second node"), cluster.nodes, strict=False):
        actors = [number for number in node.process_ids if "ray::RayWorker" in _command(number)]
        others = [number for number in node.process_ids if number not in actors]
        figures.append(
            Figure(
                name=f"memory of the {name}",
                value=_megabytes(others),
                unit="MB",
                note=f"{len(others)} processes of Ray, without workers",
            )
        )
        if actors:
            value = round(_megabytes(actors) / len(actors), 1)
            figures.append(
                Figure(
                    name=f"memory of an actor on the {name}",
                    value=value,
                    unit="MB",
                    note="without its child, which has the networks",
                )
            )
    mean = round(_megabytes(gateway_ids) / len(gateway_ids), 1)
    return (*figures, Figure(name="memory of a gateway", value=mean, unit="MB", note="one a bot"))


def _settings(weights: Path, where: str) -> InferenceSettings:
    names = {
        "TUTTI_WEIGHTS": weights,
        "TUTTI_INFERENCE": where,
        "TUTTI_DEVICE": "cpu",
        "TUTTI_WORKERS": 1,
        "TUTTI_CLUSTER_CPU_WORKERS": 1,
        "TUTTI_CLUSTER_GROUP": "overhead",
    }
    return InferenceSettings(**names)  # pyright: ignore[reportArgumentType]


async def _take_turns(near: InferenceClient, far: InferenceClient, *, num_rounds: int, num_bars: int) -> _Two:
    """Let both do the same job in every round, after one that is not counted."""
    two = _Two(home=[], cluster=[])
    for number in range(num_rounds + 1):
        for client, seconds in ((near, two.home), (far, two.cluster)):
            job_id = f"{num_bars}-{number}"
            request = GenerateRequest(job_id=job_id, seed=number, constraints=Constraints(num_bars=num_bars))
            begun = time.monotonic()
            async for message in client.submit(request):
                assert isinstance(message, Progress | Result)
            if number:
                seconds.append(time.monotonic() - begun)
    return two


def _command(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _megabytes(process_ids: list[int]) -> float:
    """Return the proportional set size of processes."""
    total = 0
    for number in process_ids:
        try:
            text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return round(total / _BYTES_PER_MEGABYTE, 1)
