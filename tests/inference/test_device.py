"""The device is the one asked for, or a sentence says why not."""

from __future__ import annotations

import pytest
import torch

from core.errors import ConfigurationError
from inference.device import choose_device, measure_device_memory


def test_cpu_computes_in_float32():
    """The CPU runs the reference format."""
    choice = choose_device("cpu")

    assert choice.device == torch.device("cpu")
    assert choice.dtype == torch.float32
    assert "asked for" in choice.reason
    assert measure_device_memory(choice.device) == 0


def test_auto_takes_a_gpu_only_when_there_is_one():
    """``auto`` never fails."""
    assert choose_device("auto").device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_an_unknown_device_names_its_setting():
    """The sentence says which variable to change and to what."""
    with pytest.raises(ConfigurationError, match="choose auto, cpu or cuda") as caught:
        choose_device("tpu")

    assert caught.value.variable == "TUTTI_DEVICE"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused():
    """Asking for a GPU never falls back in silence."""
    with pytest.raises(ConfigurationError, match="no CUDA device"):
        choose_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_computes_in_bfloat16():
    """On a GPU the format is bfloat16."""
    assert choose_device("cuda").dtype == torch.bfloat16
