"""How steady lifted motion is, against the truth: `steadiness.py CLIP`, with the truth in a .json beside it.

The clip is lifted as anybody would, told only how tall the person is: every frame on its own, placed where
the motion has the person; then with one body fitted to all frames, without smoothing and with the default.
The format of the truth is that of tests/data. The columns:

- error, mm: of the 12 limb joints, every frame aligned by a similarity;
- jitter, mm/frame²: mean length of the accelerations (second differences) of these joints in camera axes,
  relative to the middle of the hips; not aligned, the scale is that of the person's height;
- its error: mean length of the differences between lifted and true accelerations (the acceleration error of
  Kanazawa et al., CVPR 2019). A motion that never accelerates has the true motion's jitter as its error;
- skating, mm/frame: how far heel, ankle and toe of a foot that truly stands move horizontally from frame to
  frame in the world that was found, while the person walks (hips truly faster than 10 mm/frame) and while the
  person stays in place. A foot truly stands from one frame to the next where each of the three moves by less
  than 5 mm and is within 20 mm of its lowest place in the clip.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.weights import DEFAULT_WEIGHTS
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import Pipeline
from lifting_core.settings import LiftSettings
from lifting_core.skeleton import LIMB_JOINTS
from training.metrics.distances import aligned

Array = NDArray[np.float64]
_FEET = [f"{side}_{joint}" for side in ("left", "right") for joint in ("heel", "ankle", "toe")]
_HIPS = [LIMB_JOINTS.index("left_hip"), LIMB_JOINTS.index("right_hip")]
_STILL, _LOW, _WALKING = 0.005, 0.02, 0.01
"""Metres: a standing foot moves less in a frame, and is less above its lowest; walking hips move more."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of the clip, in metres."""

    limbs: Array
    """(T, 12, 3) in camera axes."""
    feet: Array
    """(T, 2, 3, 3) heel, ankle and toe of the left and the right foot, world axes, z up."""
    walking: NDArray[np.bool_]
    """(T - 1,) from which frames to the next."""
    height: float


def read_truth(path: Path) -> Truth:
    data = json.loads(path.read_text(encoding="utf-8"))
    world, names = np.array(data["joints_world"]), data["joint_names"]
    limbs = _picked(world, names, LIMB_JOINTS)
    way = np.diff(limbs[:, _HIPS, :2].mean(1), axis=0)
    return Truth(
        limbs @ np.array(data["R"]).T + np.array(data["t"]),
        _picked(world, names, _FEET).reshape(-1, 2, 3, 3),
        np.linalg.norm(way, axis=-1) > _WALKING,
        float(world[:, names.index("head"), 2].max()),
    )


def _picked(joints: NDArray[Any], names: list[str], wanted: Sequence[str]) -> Array:
    return joints[:, [names.index(name) for name in wanted]].astype(np.float64)


def accelerations(limbs: Array) -> Array:
    """(T - 2, 12, 3) mm/frame² of limb joints (T, 12, 3), relative to the middle of the hips."""
    changes: Array = np.diff(limbs - limbs[:, _HIPS].mean(1, keepdims=True), 2, axis=0)
    return 1000 * changes


def standing(feet: Array) -> NDArray[np.bool_]:
    """(T - 1, 2) which feet (T, 2, 3, 3) stand from one frame to the next."""
    still = np.linalg.norm(np.diff(feet, axis=0), axis=-1) < _STILL
    low = feet[..., 2] - feet[..., 2].min(0) < _LOW
    stands: NDArray[np.bool_] = (still & low[1:] & low[:-1]).all(-1)
    return stands


def skating(feet: Array, stands: NDArray[np.bool_]) -> float:
    """Millimetres a frame that feet (T, 2, 3, 3) move horizontally where they should stand (T - 1, 2)."""
    steps = np.linalg.norm(np.diff(feet[..., :2], axis=0), axis=-1)
    return float(1000 * steps[stands].mean())


def row(name: str, limbs: Array, feet: Array, truth: Truth) -> str:
    """A line of the table."""
    apart = aligned(torch.from_numpy(limbs), torch.from_numpy(truth.limbs)).numpy() - truth.limbs
    lifted, true = accelerations(limbs), accelerations(truth.limbs)
    stands = standing(truth.feet)
    figures = (
        1000 * np.linalg.norm(apart, axis=-1).mean(),
        np.linalg.norm(lifted, axis=-1).mean(),
        np.linalg.norm(lifted - true, axis=-1).mean(),
        skating(feet, stands & truth.walking[:, None]),
        skating(feet, stands & ~truth.walking[:, None]),
    )
    return f"{name:28}" + "".join(f"{figure:10.2f}" for figure in figures)


def frame_by_frame(motion: Motion, lifter: Lifter, height: float) -> NDArray[np.float64]:
    """(T, 28, 3) joints of the Motion in camera axes, as each frame alone has them."""
    lifted = lifter.lift(
        motion.keypoint_names.tolist(), motion.keypoints_2d, motion.keypoint_confidence, motion.camera_matrix
    )
    size = height / lifter.profile.stature
    return motion.joints_camera[:, :1] + size * lifted.joints.astype(np.float64)


def rows(clip: Path, weights: Path, truth: Truth) -> Iterator[str]:
    """A line for the frames on their own, and for the body fitted to all: not smoothed, and as by default."""
    pipeline, lifter = Pipeline(), Lifter.load(weights)
    for smoothing in (0.0, LiftSettings().smoothing):
        settings = LiftSettings(weights=weights, smoothing=smoothing, height=truth.height)
        motion = pipeline.lift(clip, settings).motion
        if not motion.present.all() or len(motion.time) != len(truth.limbs):
            raise SystemExit(f"{clip} does not show the person of its truth in every frame.")
        if smoothing == 0:
            yield row("frame by frame", *_parts(motion, frame_by_frame(motion, lifter, truth.height)), truth)
        yield row(f"one body, smoothing {smoothing:g}", *_parts(motion, motion.joints_camera), truth)


def _parts(motion: Motion, joints: NDArray[Any]) -> tuple[Array, Array]:
    """Limbs in camera axes and feet in world axes."""
    names, to_camera = motion.joint_names.tolist(), motion.camera_from_world
    world = (joints - to_camera[:3, 3]) @ to_camera[:3, :3]
    return _picked(joints, names, LIMB_JOINTS), _picked(world, names, _FEET).reshape(-1, 2, 3, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS)
    options = parser.parse_args()
    truth = read_truth(options.clip.with_suffix(".json"))
    stands = standing(truth.feet)
    print(
        f"{options.clip.name}: {len(truth.limbs)} frames; feet stand still from one to the next "
        f"{stands[truth.walking].sum()} times while walking, {stands[~truth.walking].sum()} times in place"
    )
    print(f"{'':28}{'error':>10}{'jitter':>10}{'its error':>10}{'skating':>10}{'in place':>10}")
    print(row("truth", truth.limbs, truth.feet, truth))
    print(*rows(options.clip, options.weights, truth), sep="\n")


if __name__ == "__main__":
    main()
