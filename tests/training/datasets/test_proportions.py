from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.skeleton import JOINTS
from training.datasets.anatomy import anatomy
from training.datasets.mocap import POINTS, Clip, read_mocap
from training.datasets.proportions import PARENTS, proportioned, scaled_to_stature


def apart(points: NDArray[np.float32], start: str, end: str) -> NDArray[np.float32]:
    return np.linalg.norm(points[:, POINTS.index(start)] - points[:, POINTS.index(end)], axis=1)


def stretched(clip: Clip, name: str, factor: float) -> Clip:
    """The clip of somebody with one bone of another length; what hangs on its end moves along."""
    points = clip.points.copy()
    end = POINTS.index(name)
    moved = {end}
    while further := {point for point, parent in enumerate(PARENTS) if parent in moved} - moved:
        moved |= further
    points[:, list(moved)] += (factor - 1) * (points[:, [end]] - points[:, [PARENTS[end]]])
    return Clip(clip.name, clip.subject, clip.fps, points)


def test_bodies_are_as_long_as_the_average_one(people: list[Clip]) -> None:
    points = proportioned(people[0], 1.6)
    for segment, start, end in (
        ("hip", "pelvis", "right_hip"),
        ("thigh", "left_hip", "left_knee"),
        ("shoulder", "thorax", "left_shoulder"),
        ("forearm", "right_elbow", "right_wrist"),
    ):
        assert np.median(apart(points, start, end)) == pytest.approx(
            1.6 * np.exp(anatomy().mean[segment]), rel=1e-4
        )
    for start, end in (("pelvis", "spine"), ("spine", "thorax")):
        half = 1.6 * np.exp(anatomy().mean["trunk"]) / 2
        assert np.median(apart(points, start, end)) == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize("name", ["left_shoulder", "right_hip", "left_wrist"])
def test_where_a_source_puts_a_joint_makes_no_difference(people: list[Clip], name: str) -> None:
    """A bone that is longer in the source is of the same length and direction in the end."""
    before, after = (proportioned(clip, 1.7) for clip in (people[0], stretched(people[0], name, 1.2)))
    np.testing.assert_allclose(after, before, atol=2e-3)


def test_the_directions_of_bones_stay(people: list[Clip]) -> None:
    points, placed = scaled_to_stature(people[0], 1.7), proportioned(people[0], 1.7)
    children, parents = list(range(1, len(POINTS))), list(PARENTS[1:])
    bones, others = (of[:, children] - of[:, parents] for of in (points, placed))
    cosines = (bones * others).sum(-1) / np.linalg.norm(bones, axis=-1) / np.linalg.norm(others, axis=-1)
    np.testing.assert_allclose(cosines, 1, atol=1e-4)


def test_stature_is_estimated_from_the_bones(people: list[Clip]) -> None:
    clip = people[0]
    scaled = scaled_to_stature(clip, 1.70)
    ratio = scaled / clip.points
    assert ratio.std() < 1e-6
    double = Clip(clip.name, clip.subject, clip.fps, 2 * clip.points)
    np.testing.assert_allclose(scaled_to_stature(double, 1.70), scaled, rtol=1e-5)


def test_recorded_people_are_scaled_to_about_their_height(shared_folder: Path, tmp_path: Path) -> None:
    """Somebody scaled to 1.70 m is, standing upright, about that high from toes to crown."""
    for name in ("subject_02/02_01.bvh", "subject_08/08_01.bvh"):
        path = shared_folder / "mocap" / "cmu_bvh" / name
        (tmp_path / path.parent.name).mkdir()
        shutil.copy(path, tmp_path / path.parent.name)
    for clip in read_mocap(tmp_path):
        points = scaled_to_stature(clip, 1.70)
        height = points[:, JOINTS.index("head"), 2] - points[:, :, 2].min(1)
        assert np.median(height) == pytest.approx(1.70, abs=0.12)
