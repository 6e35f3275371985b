"""Errors of a start as letters, and letters as errors. It knows nothing of who refuses what."""

from __future__ import annotations

from core.errors import (
    CheckpointError,
    ConfigurationError,
    DeviceMemoryError,
    InferenceError,
    TuttiError,
    WorkerLostError,
)
from inference.cluster.letters import Refused

ADDRESS_VARIABLE = "TUTTI_INFERENCE"


def refusal_of(error: TuttiError, *, place: str) -> Refused:
    """Return why a worker on ``place`` did not start."""
    message = f"On {place}: {error}"
    if isinstance(error, CheckpointError):
        return Refused(code="checkpoint", message=message)
    if isinstance(error, DeviceMemoryError):
        return Refused(code="memory", message=message)
    if isinstance(error, ConfigurationError):
        return Refused(code="setting", message=message)
    return Refused(code="lost", message=message)


def error_of(refused: Refused) -> InferenceError | ConfigurationError:
    """Return a refusal as the exception that stands for it in the bot."""
    match refused.code:
        case "setting":
            return ConfigurationError(refused.message, variable=ADDRESS_VARIABLE)
        case "checkpoint":
            return CheckpointError(refused.message)
        case "memory":
            return DeviceMemoryError(refused.message)
        case "lost":
            return WorkerLostError(refused.message)
