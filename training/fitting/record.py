"""The folder of a training run, which holds everything needed to repeat it and to go on with it.

config.json has the settings and versions, checkpoint.pt the state of the run, history.json its errors,
tensorboard/ the same as curves, weights.safetensors the model.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifting_core import __version__
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole

WEIGHTS, CHECKPOINT, HISTORY, CONFIG = "weights.safetensors", "checkpoint.pt", "history.json", "config.json"


def check_same_run(out: Path, settings: dict[str, Any]) -> None:
    """Raise InvalidInput unless the run in a folder was begun with these settings."""
    try:
        begun: dict[str, Any] = json.loads((out / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{out} holds a checkpoint, but no readable {CONFIG}.", "Choose another folder for the run."
        ) from error
    now = json.loads(json.dumps(settings))
    then = _flat({name: begun.get(name) for name in now})
    different = [name for name, value in _flat(now).items() if value != then.get(name)]
    if different:
        raise InvalidInput(
            f"{out} holds a run with another {', '.join(different)}.",
            "Choose another folder, or the settings in its config.json.",
        )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by their names, those in groups as well."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def circumstances(device: torch.device) -> dict[str, Any]:
    """What else the result of a run depends on, to the last bit."""
    return {
        "versions": {
            "lift-pose": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "device": str(device),
        "threads": torch.get_num_threads(),
        "machine": platform.platform(),
    }


def write_json(path: Path, value: object) -> None:
    """Write a value, whole or not at all. Raises LiftPoseError when the file cannot be written."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
