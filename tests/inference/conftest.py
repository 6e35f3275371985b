"""Clients on real worker processes with a tiny network in plain Python, which start in a tenth of a second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.settings import InferenceSettings
from inference.client import InferenceClient

MakeClient = Callable[..., AbstractAsyncContextManager[InferenceClient]]


@pytest.fixture
def make_client(tmp_path: Path) -> MakeClient:
    """Return a function that opens a client; keywords are settings by variable name, and the client's own."""

    @asynccontextmanager
    async def make(
        decoders: str = "load_decoders",
        *,
        max_queued_jobs: int = 100,
        metrics: Any = None,
        drain_seconds: float = 0.0,
        **settings: Any,
    ) -> AsyncIterator[InferenceClient]:
        section = InferenceSettings(
            **{"TUTTI_WEIGHTS": tmp_path, "TUTTI_DEVICE": "cpu", "TUTTI_WORKERS": 1, "TUTTI_LANES": 1} | settings
        )
        place = decoders if ":" in decoders else f"tests.inference.tiny_decoder:{decoders}"
        async with InferenceClient(
            section, max_queued_jobs=max_queued_jobs, decoders=place, metrics=metrics, drain_seconds=drain_seconds
        ) as client:
            yield client

    return make
