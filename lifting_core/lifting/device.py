"""Which processor lifts: CUDA, Apple's MPS or the CPU."""

from __future__ import annotations

import platform

import torch

from lifting_core.errors import InvalidInput
from lifting_core.settings import DEVICES


def choose_device(name: str = "auto") -> torch.device:
    """The named device, or the fastest that is present for "auto". Raises InvalidInput when it is absent."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, here in present.items() if here))
    if name not in present:
        raise InvalidInput(f"There is no device called {name}.", f"Choose one of {', '.join(DEVICES)}.")
    if not present[name]:
        raise InvalidInput(
            f"PyTorch finds no {name.upper()} device on this machine.",
            "Choose auto, or install the build of PyTorch for this device.",
        )
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """The device in words, such as "NVIDIA GeForce RTX 4070"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    return platform.processor() or platform.machine() or "CPU"
