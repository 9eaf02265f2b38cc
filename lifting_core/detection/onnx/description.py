"""The TOML file that describes an ONNX model, for which see docs/detectors.md."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from lifting_core.detection.joint_sets import JOINT_SETS
from lifting_core.errors import InvalidInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OutputKind = Literal["simcc", "heatmap", "yolo-pose"]
_SIZE_LIMIT = 1 << 20
"""Bytes of a description."""


@dataclass(frozen=True)
class OnnxDescription:
    """What a keypoint model reads and gives."""

    model: Path
    output: OutputKind
    """simcc: bins along x and along y (Li et al., ECCV 2022; RTMPose). heatmap: one map a keypoint (HRNet,
    ViTPose, stacked hourglass). yolo-pose: rows of box, score and keypoints, of the whole picture."""
    joints: tuple[str, ...]
    size: tuple[int, int]
    """Width and height of the input, pixels."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Taken from the input's values, which run from 0 to 255, in the order of its colours."""
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)
    """What the rest is divided by."""
    colours: Literal["rgb", "bgr"] = "rgb"
    split: float = 2.0
    """simcc: bins a pixel."""
    score: float = 0.25
    """yolo-pose: the least score of a person."""
    overlap: float = 0.7
    """yolo-pose: share by which the boxes of two people may overlap."""

    def __post_init__(self) -> None:
        rules = {
            f"an output that is one of {', '.join(get_args(OutputKind))}": self.output
            in get_args(OutputKind),
            "the names of its joints, each once": 0 < len(self.joints) == len(set(self.joints)) <= 512,
            "a size of two numbers from 16 to 4096": len(self.size) == 2
            and all(isinstance(side, int) and 16 <= side <= 4096 for side in self.size),
            "three numbers of mean": len(self.mean) == 3 and all(map(math.isfinite, self.mean)),
            "three positive numbers of std": len(self.std) == 3 and all(v > 0 for v in self.std),
            "colours that are rgb or bgr": self.colours in ("rgb", "bgr"),
            "a split from 1 to 16": 1 <= self.split <= 16,
            "score and overlap from 0 to 1": 0 <= self.score <= 1 and 0 <= self.overlap <= 1,
        }
        for wanted, given in rules.items():
            if not given:
                raise ValueError(f"it lacks {wanted}")


def read_description(path: Path) -> OnnxDescription:
    """Read a description; the model's path is relative to it. Raises InvalidInput."""
    advice = "See docs/detectors.md for what a model's description must hold."
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise ValueError("it is too large")
        described = _described(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(f"{path} does not describe a model: {error}.", advice) from error
    if not described.model.is_file():
        raise InvalidInput(f"{path} names the model {described.model}, which is not there.", advice)
    return described


def _described(values: Mapping[str, Any], folder: Path) -> OnnxDescription:
    known = {field.name for field in fields(OnnxDescription)}
    if unknown := sorted(values.keys() - known):
        raise ValueError(f"it has an unknown entry {unknown[0]}")
    if lacking := sorted({"model", "output", "joints", "size"} - values.keys()):
        raise ValueError(f"it lacks the entry {lacking[0]}")
    joints = values["joints"]
    if isinstance(joints, str):
        if joints not in JOINT_SETS:
            raise ValueError(f"there is no joint set {joints!r}, only {', '.join(JOINT_SETS)}")
        joints = JOINT_SETS[joints]
    lists = {name: tuple(values[name]) for name in ("size", "mean", "std") if name in values}
    return OnnxDescription(
        **{**values, **lists, "model": folder / values["model"], "joints": tuple(map(str, joints))}
    )
