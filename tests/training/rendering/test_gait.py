from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from training.rendering.gait import (
    STEP_LENGTH,
    STEP_TIME,
    FootPose,
    FootShape,
    Footstep,
    PelvisPath,
    foot_at,
    plan_footsteps,
)

_SHAPE = FootShape(
    ankle=np.array([0.0, 0.0, 0.07]), heel=np.array([0.0, 0.06, 0.0]), ball=np.array([0.0, -0.14, 0.0])
)
_TIMES = np.arange(0.55, 3.0, 0.005)


@pytest.fixture
def footsteps() -> list[Footstep]:
    headings = list(np.linspace(math.radians(90), math.radians(10), 8))
    return plan_footsteps(np.zeros(2), headings, [STEP_LENGTH] * 7 + [0.0], time=0.0, first="left")


def _foot(footsteps: list[Footstep]) -> list[FootPose]:
    left = [step for step in footsteps if step.side == "left"]
    return [foot_at(time, left, _SHAPE) for time in _TIMES]


def _point(pose: FootPose, name: str) -> np.ndarray:
    """A point of the foot in the world, by rotation matrices written out."""
    pitch, heading = pose.pitch, pose.heading
    x, y, z = getattr(_SHAPE, name) - _SHAPE.ankle
    y, z = y * math.cos(pitch) + z * math.sin(pitch), -y * math.sin(pitch) + z * math.cos(pitch)
    x, y = x * math.cos(heading) - y * math.sin(heading), x * math.sin(heading) + y * math.cos(heading)
    return pose.ankle + np.array([x, y, z])


def test_footsteps_follow_the_path_with_feet_in_turn(footsteps: list[Footstep]) -> None:
    assert [step.side for step in footsteps[:3]] == ["left", "right", "left"]
    np.testing.assert_allclose(footsteps[0].place, [STEP_LENGTH, 0.085], atol=1e-12)  # left of +X is +Y
    np.testing.assert_allclose(np.diff([step.time for step in footsteps]), STEP_TIME)


def test_a_foot_touches_the_floor_and_never_dives(footsteps: list[Footstep]) -> None:
    for pose in _foot(footsteps):
        assert min(_point(pose, "heel")[2], _point(pose, "ball")[2]) > -1e-9


def test_what_stands_on_the_floor_does_not_slide(footsteps: list[Footstep]) -> None:
    poses = _foot(footsteps)
    stood = 0
    for before, after in itertools.pairwise(poses):
        for name in ("heel", "ball"):
            start, end = _point(before, name), _point(after, name)
            if start[2] < 1e-9 and end[2] < 1e-9:
                stood += 1
                np.testing.assert_allclose(start, end, atol=1e-9)
    assert stood > 0.4 * len(poses)


def test_a_foot_moves_without_leaps(footsteps: list[Footstep]) -> None:
    ankles = np.array([pose.ankle for pose in _foot(footsteps)])
    speeds = np.linalg.norm(np.diff(ankles, axis=0), axis=1) / 0.005
    assert speeds.max() < 6  # metres a second: a quick swing, not a jump


def test_the_pelvis_keeps_between_the_feet(footsteps: list[Footstep]) -> None:
    path = PelvisPath(footsteps)
    for before, step in itertools.pairwise(footsteps):
        both_stand = step.time + (STEP_TIME - 0.4) / 2
        np.testing.assert_allclose(path.place(both_stand), (before.place + step.place) / 2, atol=1e-9)
    assert path.heading(100.0) == pytest.approx(math.radians(10))
