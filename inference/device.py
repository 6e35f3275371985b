"""Which device and number format the networks run on, and why. It knows nothing of networks and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChoice:
    """Where to compute; ``reason`` is one sentence for the log."""

    device: torch.device
    dtype: torch.dtype
    reason: str


def choose_device(name: str = "auto") -> DeviceChoice:
    """Turn the setting ``auto``, ``cpu`` or ``cuda`` into a device and a number format.

    Raises:
        ConfigurationError: for another name, or for a GPU that is asked for and not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigurationError(f"TUTTI_DEVICE is {name!r}; choose auto, cpu or cuda.", variable="TUTTI_DEVICE")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError(
            "TUTTI_DEVICE is cuda, but PyTorch finds no CUDA device. Choose auto or cpu.", variable="TUTTI_DEVICE"
        )
    if name == "cpu" or not torch.cuda.is_available():
        why = "asked for" if name == "cpu" else "no CUDA device was found"
        return DeviceChoice(
            device=torch.device("cpu"),
            dtype=torch.float32,
            reason=f"{why}; float32 is the reference that every faster engine must match",
        )
    why = "asked for" if name == "cuda" else "a CUDA device was found"
    return DeviceChoice(
        device=torch.device("cuda", torch.cuda.current_device()),
        dtype=torch.bfloat16,
        reason=f"{why}; bfloat16 has the range of float32 and halves the memory traffic that bounds decoding",
    )


def prepare_threads(num_threads: int = 1) -> None:
    """Give this process ``num_threads`` for tensor arithmetic.

    One: two workers of one thread beat one worker of two, and suffer far less beside a busy neighbour.
    """
    torch.set_num_threads(num_threads)


def measure_device_memory(device: torch.device) -> int:
    """Return the bytes that tensors of this process hold on a GPU; 0 on the CPU, where resident memory says more."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0
