"""Which engine runs the generator, and why. Engines are imported only when they are chosen."""

from __future__ import annotations

import torch

from core.errors import ConfigurationError
from inference.engines.base import Engine
from inference.models.generator import Generator

ENGINE_NAMES = ("auto", "reference", "compiled", "compiled-int8", "graph")


def choose_engine(name: str, device: torch.device) -> str:
    """Turn the setting into an engine: on a GPU ``graph``, on the CPU ``compiled-int8``, unless it names another.

    Raises:
        ConfigurationError: for another name, or an engine that does not run on this device.
    """
    if name not in ENGINE_NAMES:
        raise ConfigurationError(
            f"TUTTI_ENGINE is {name!r}; choose {', '.join(ENGINE_NAMES)}.", variable="TUTTI_ENGINE"
        )
    if name == "auto":
        return "graph" if device.type == "cuda" else "compiled-int8"
    if name.startswith("compiled") and device.type != "cpu":
        raise ConfigurationError(
            f"The engine {name} runs on the CPU only. Choose auto or graph.", variable="TUTTI_ENGINE"
        )
    return name


def build_engine(name: str, model: Generator, *, num_lanes: int) -> Engine:
    """Return the engine that the setting ``name`` means for a loaded model, on the device where its weights are.

    Raises:
        ConfigurationError: for another name, or an engine that does not run on this device.
    """
    name = choose_engine(name, model.body.embedding.device)
    if name == "reference":
        from inference.engines.reference import ReferenceEngine

        return ReferenceEngine(model, num_lanes=num_lanes)
    if name == "graph":
        from inference.engines.graph import GraphEngine

        return GraphEngine(model, num_lanes=num_lanes)
    from inference.engines.compiled import CompiledEngine

    return CompiledEngine(model, num_lanes=num_lanes, is_rounded=name == "compiled-int8")
