"""Measured rates, read from docs/results, each with the file it comes from. It assumes nothing and measures nothing."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from core.errors import InputError

RESULTS_FOLDER = Path("docs/results")
RATES_NAME = "scaling_rates.json"
_NUM_TOGETHER, _WORKERS_TOGETHER = 8, 2  # songs and workers of that table of bench.json

JobKey = tuple[str, int]
"""A kind of wish and its number of bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Seconds are of one core's processor time, unless they say otherwise."""

    worker_seconds: dict[JobKey, tuple[float, ...]]
    media_seconds: dict[JobKey, float]
    bot_seconds: dict[JobKey, float]
    order_seconds: (
        float  # of the bot's process: to take an order, show its progress and end it, through Discord's interface
    )
    lane_exponent: float
    noticed_seconds: float  # from a worker's death until its jobs go on, with a spare
    load_seconds: float  # that pass until a worker is ready
    worker_mib: float
    bot_mib: float
    bytes_per_piece: float
    stored_job_seconds: dict[
        str, float
    ]  # of the bot's process alone: its services and its side of each kind of database
    jobs_per_second: dict[str, float]  # that passed meanwhile, on a machine that others used, too
    transactions_per_job: float

    @property
    def mean_worker_seconds(self) -> dict[JobKey, float]:
        """Return the mean time in a worker for each kind and length."""
        return {key: mean(values) for key, values in self.worker_seconds.items()}


def read_rates(folder: Path = RESULTS_FOLDER) -> Rates:
    """Read every rate that the arithmetic needs.

    Raises:
        core.errors.InputError: when a file or a number in it is missing.
    """
    own, bench, soak = (_read(folder / name) for name in (RATES_NAME, "bench.json", "soak.json"))
    worker: defaultdict[JobKey, list[float]] = defaultdict(list)
    media: defaultdict[JobKey, list[float]] = defaultdict(list)
    bot: defaultdict[JobKey, list[float]] = defaultdict(list)
    for job in own["jobs"]:
        key = (job["kind"], job["num_bars"])
        worker[key].append(job["worker_seconds"])
        media[key].append(job["media_seconds"])
        bot[key].append(job["bot_seconds"])
    gain = _bench_value(bench, f"{_NUM_TOGETHER} songs at once against {_NUM_TOGETHER} in turn, events a second")
    return Rates(
        worker_seconds={key: tuple(values) for key, values in worker.items()},
        media_seconds={key: mean(values) for key, values in media.items()},
        bot_seconds={key: mean(values) for key, values in bot.items()},
        order_seconds=own["discord"]["bot_seconds_per_order"],
        lane_exponent=min(1.0, 1 - math.log(gain / _WORKERS_TOGETHER) / math.log(_NUM_TOGETHER / _WORKERS_TOGETHER)),
        noticed_seconds=_soak_value(soak, "recovered after a kill: median"),
        load_seconds=own["seconds_until_a_worker_is_ready"],
        worker_mib=_bench_value(bench, "memory of a worker"),
        bot_mib=_bench_value(bench, "memory of the bot's process"),
        bytes_per_piece=own["bytes_per_stored_piece"],
        stored_job_seconds={name: each["own_processor_seconds_per_job"] for name, each in own["database"].items()},
        jobs_per_second={name: each["jobs_per_second"] for name, each in own["database"].items()},
        transactions_per_job=mean(each["transactions_per_job"] for each in own["database"].values()),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}). Measure first: python -m soak.scaling measure.") from error


def _bench_value(bench: Any, what: str) -> float:
    return float(next(number["median"] for number in bench["numbers"] if number["what"] == what))


def _soak_value(soak: Any, name: str) -> float:
    return float(next(figure["value"] for figure in soak["parts"]["crowd"] if figure["name"] == name))
