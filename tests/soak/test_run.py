"""A soak run in small: some dozens of jobs, real processes, real kills. The large one is `make soak`."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from core.settings import Settings
from soak.report import Figure, write_report
from soak.run import Plan, run_crowd

PLAN = Plan(
    seed=3,
    num_users=8,
    num_jobs=24,
    num_servers=3,
    share_greedy=0.2,
    share_cancelled=0.2,
    mean_kill_pause_seconds=0.3,
    max_num_kills=6,
    patience_seconds=250.0,
    num_repeats=2,
    haste=20.0,
)


@pytest.fixture
def settings(tmp_path, empty_url):
    """Two workers of three jobs each, and a spare; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Settings(
        DATABASE_URL=empty_url,
        TUTTI_WEIGHTS=tmp_path,
        TUTTI_DEVICE="cpu",
        TUTTI_WORKERS=2,
        TUTTI_LANES=3,
        TUTTI_SPARE_WORKERS=1,
        TUTTI_MAX_DEATHS=50,  # here, a kill every half second is no job's fault
        TUTTI_LOG_JSON=True,
        TUTTI_LOG_LEVEL="INFO",
    )
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.timeout(300)  # most of it is sound, which takes ten times as long on a busy machine
async def test_a_crowd_is_served_while_processes_are_killed(settings, tmp_path):
    """Nothing is lost, nothing answered twice, cancelled jobs are cancelled, and repeated jobs give the same bytes."""
    decoders = "tests.soak.tiny_networks:load_decoders"
    figures = {
        figure.name: figure.value for figure in await run_crowd(settings, PLAN, folder=tmp_path, decoders=decoders)
    }

    assert figures["jobs asked for"] == figures["answers"] == 24
    assert figures["workers killed"] + figures["media children killed"] > 0
    zeros = ("jobs lost", "doubled replies", "jobs failed", "repeated jobs with other bytes")
    assert {name: figures[name] for name in zeros} == dict.fromkeys(zeros, 0)


def test_a_report_says_what_was_reached(tmp_path):
    """Every figure is kept with its limits, and judged."""
    figures = (
        Figure(name="good", value=1, must=3, goal=1.5),
        Figure(name="fair", value=2, must=3, goal=1.5),
        Figure(name="poor", value=4, must=3, goal=1.5),
        Figure(name="told", value=4),
    )
    write_report(tmp_path / "soak.json", {"crowd": figures}, git_commit="abc", conditions={"seed": 1})

    kept = json.loads((tmp_path / "soak.json").read_text())
    assert [each["verdict"] for each in kept["parts"]["crowd"]] == ["goal", "must", "MISSED", ""]
    assert kept["machine"]["num_cores"] > 0
