"""How well weights lift people of whom everything is known, beside MediaPipe on the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.lifting.lifter import Lifter
from lifting_core.skeleton import JOINT_KEYPOINTS, JOINTS, LIMB_JOINTS
from training.datasets.renders import Renders, view_names
from training.metrics.distances import aligned, scaled_distances

Array = NDArray[np.float64]

VIEWS = ("front", "side", "behind")
_LIMBS = [JOINTS.index(name) for name in LIMB_JOINTS]
_HIPS = [LIMB_JOINTS.index("left_hip"), LIMB_JOINTS.index("right_hip")]
_DOWN = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True)
class Errors:
    """Over some people: means, where nothing else is said."""

    people: int
    aligned: float
    """Millimetres over the 12 limb joints, after the best similarity alignment."""
    rooted: float
    """The same with the middle of the hips and the scale aligned only."""
    median_aligned: float
    """Of the people's mean errors, as `aligned`."""
    angles: dict[str, float]
    """Degrees, by what is turned."""


def lift_renders(renders: Renders, lifter: Lifter) -> NDArray[np.float32]:
    """(N, 28, 3) joints by the weights, metres from the pelvis, camera axes; NaN where not found."""
    joints = np.full((len(renders), len(JOINTS), 3), np.nan, np.float32)
    for rows in tracks(renders):
        joints[rows] = lifter.lift(
            KEYPOINT_NAMES,
            renders.keypoints[rows],
            renders.confidence[rows],
            renders.camera_matrix[rows[0]],
        ).joints
    return joints


def tracks(renders: Renders) -> Iterator[NDArray[np.int64]]:
    """The rows of each person in each shot."""
    changes = (np.diff(renders.shot) != 0) | (np.diff(renders.person) != 0)
    yield from np.split(np.arange(len(renders)), np.flatnonzero(changes) + 1)


def mediapipe_joints(renders: Renders) -> NDArray[np.float32]:
    """(N, 28, 3) joints by MediaPipe's world landmarks; NaN where it found nobody or has no such joint."""
    joints = np.full((len(renders), len(JOINTS), 3), np.nan, np.float32)
    for number, name in enumerate(JOINTS):
        sources = JOINT_KEYPOINTS.get(name, (name,))
        if set(sources) <= set(KEYPOINT_NAMES):
            columns = [KEYPOINT_NAMES.index(source) for source in sources]
            joints[:, number] = renders.world[:, columns].mean(1)
    return joints


def limbs_in_picture(renders: Renders) -> NDArray[np.bool_]:
    """(N,) whether all 12 limb joints truly are inside the picture; something may stand before them."""
    limbs = renders.joints[:, _LIMBS].astype(np.float64)
    seen = limbs @ renders.camera_matrix.transpose(0, 2, 1)
    pixels = seen[..., :2] / seen[..., 2:]
    inside = (pixels > 0) & (pixels < renders.image_size[:, None]) & (limbs[..., 2:] > 0)
    whole: NDArray[np.bool_] = inside.all((1, 2))
    return whole


def errors_by_view(joints: NDArray[Any], renders: Renders, counted: NDArray[np.bool_]) -> dict[str, Errors]:
    """Errors of (N, 28, 3) joints over the `counted` (N,) people: of all, and by view."""
    views = view_names(renders.points)
    return _errors_of({"all": counted} | {view: counted & (views == view) for view in VIEWS}, joints, renders)


def errors_by_subject(
    joints: NDArray[Any], renders: Renders, counted: NDArray[np.bool_]
) -> dict[str, Errors]:
    """The same by whose motion it is."""
    subjects = sorted(set(renders.subject.tolist()))
    return _errors_of({name: counted & (renders.subject == name) for name in subjects}, joints, renders)


def _errors_of(
    chosen: dict[str, NDArray[np.bool_]], joints: NDArray[Any], renders: Renders
) -> dict[str, Errors]:
    return {name: _errors(joints[rows], renders.rows(rows)) for name, rows in chosen.items() if rows.any()}


def _errors(joints: NDArray[Any], renders: Renders) -> Errors:
    ours, truth = (torch.from_numpy(np.asarray(j[:, _LIMBS], np.float64)) for j in (joints, renders.joints))
    hips = [pose[:, _HIPS].mean(1, keepdim=True) for pose in (ours, truth)]
    rooted = scaled_distances(ours - hips[0], truth - hips[1])
    similar = (aligned(ours, truth) - truth).norm(dim=-1)
    angles = {
        name: _mean_angle(measure(joints, renders), measure(renders.joints, renders))
        for name, measure in _DIRECTIONS.items()
    }
    apart = np.abs(_foot_pitch(joints, renders) - _foot_pitch(renders.joints, renders))
    angles["foot pitch"] = float(np.nanmean(apart)) if np.isfinite(apart).any() else float("nan")
    return Errors(
        len(joints),
        1000 * float(similar.mean()),
        1000 * float(rooted.mean()),
        1000 * float(similar.mean(1).median()),
        angles,
    )


def _joint(joints: NDArray[Any], name: str) -> Array:
    return np.asarray(joints[:, JOINTS.index(name)], np.float64)


def _both_sides(measure: Callable[[NDArray[Any], str], Array]) -> Callable[[NDArray[Any], Renders], Array]:
    return lambda joints, _: np.concatenate([measure(joints, side) for side in ("left", "right")])


def _foot(joints: NDArray[Any], side: str) -> Array:
    return _joint(joints, f"{side}_toe") - _joint(joints, f"{side}_heel")


def _hand(joints: NDArray[Any], side: str) -> Array:
    return _joint(joints, f"{side}_hand") - _joint(joints, f"{side}_wrist")


def _palm(joints: NDArray[Any], side: str) -> Array:
    thumbward = _joint(joints, f"{side}_index") - _joint(joints, f"{side}_hand")
    return np.cross(_hand(joints, side), thumbward)


def _face(joints: NDArray[Any], _: Renders) -> Array:
    return _joint(joints, "neck") - _joint(joints, "skull")


_DIRECTIONS: dict[str, Callable[[NDArray[Any], Renders], Array]] = {
    "head": _face,
    "foot": _both_sides(_foot),
    "hand": _both_sides(_hand),
    "palm": _both_sides(_palm),
}
"""Vectors whose directions are compared: nose from skull, toe from heel, knuckles from wrist, palms."""


def _foot_pitch(joints: NDArray[Any], renders: Renders) -> Array:
    """(2 N,) degrees by which toes are below heels, left then right."""
    down = _DOWN @ np.asarray(renders.camera_from_world[:, :3, :3], np.float64).transpose(0, 2, 1)
    pitches = []
    for side in ("left", "right"):
        foot = _foot(joints, side)
        sine = (foot * down).sum(-1) / np.linalg.norm(foot, axis=-1)
        pitches.append(np.degrees(np.arcsin(sine.clip(-1, 1))))
    return np.concatenate(pitches)


def _mean_angle(vectors: Array, truth: Array) -> float:
    """Degrees between vectors (N, 3), over those that are known; NaN when none is."""
    cosine = (vectors * truth).sum(-1) / np.linalg.norm(vectors, axis=-1) / np.linalg.norm(truth, axis=-1)
    known = np.isfinite(cosine)
    return float(np.degrees(np.arccos(cosine[known].clip(-1, 1))).mean()) if known.any() else float("nan")


def table(columns: dict[str, dict[str, Errors]]) -> str:
    """Rows of text: what is measured, of whom or from which view, by each of the named columns."""
    lines = [f"{'':24}" + "".join(f"{name:>16}" for name in columns)]
    for group in dict.fromkeys(group for column in columns.values() for group in column):
        found = [column.get(group) for column in columns.values()]
        lines.append(f"{group:24}" + "".join(f"{one.people if one else 0:>9} people" for one in found))
        lines += _lines(found)
    return "\n".join(lines)


def _lines(found: Sequence[Errors | None]) -> list[str]:
    rows: dict[str, list[float]] = {}
    for one in found:
        if one is None:
            continue
        values = {"  aligned, mm": one.aligned, "  aligned, median": one.median_aligned}
        values |= {"  root and scale, mm": one.rooted}
        values |= {f"  {name}, degrees": angle for name, angle in one.angles.items()}
        for name, value in values.items():
            rows.setdefault(name, []).append(value)
    return [f"{name:24}" + "".join(f"{value:16.1f}" for value in values) for name, values in rows.items()]
