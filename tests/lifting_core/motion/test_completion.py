from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.motion.completion import completed, given_joints
from lifting_core.skeleton import HUMAN36M_JOINTS, JOINTS

Array = NDArray[np.float64]
BODY = np.arange(len(JOINTS)) < len(HUMAN36M_JOINTS)
SURE = np.full((1, len(JOINTS)), 0.8)

# Outward, back and up of the middle between the ears, on an adult (MakeHuman's body).
NOSE, CROWN, EAR = (0, -0.1151, -0.0241), (0, -0.0064, 0.125), (0.0738, 0, 0)


def _person(turn: float, nod: float) -> Array:
    """(1, 28, 3) somebody who faces -y with the head turned to the left and lowered, in degrees."""
    joints = np.random.default_rng(0).normal(size=(1, len(JOINTS), 3))
    at = {name: joints[0, index] for index, name in enumerate(JOINTS)}
    at["thorax"][:] = 0, 0, 1.4
    at["left_shoulder"][:], at["right_shoulder"][:] = (0.17, 0, 1.4), (-0.17, 0, 1.4)
    at["skull"][:] = 0, -0.03, 1.58
    head = Rotation.from_euler("xz", [nod, turn], degrees=True)
    for name, offset in (("neck", NOSE), ("head", CROWN), ("left_ear", EAR), ("right_ear", -np.array(EAR))):
        at[name][:] = at["skull"] + head.apply(offset)
    return joints


def _degrees(a: Array, b: Array) -> float:
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


@pytest.mark.parametrize("turn", [-50, 0, 30, 60])
@pytest.mark.parametrize("nod", [-25, 0, 25])
def test_skull_and_ears_lie_between_nose_and_crown(turn: float, nod: float) -> None:
    truth = _person(turn, nod)
    joints = np.where(BODY[:, None], truth, np.nan)
    given = given_joints(joints)
    np.testing.assert_array_equal(given, BODY)
    whole, trust = completed(joints, SURE, given)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(whole[:, BODY], truth[:, BODY])
    skull, left, right = (JOINTS.index(name) for name in ("skull", "left_ear", "right_ear"))
    assert np.linalg.norm(whole[0, skull] - truth[0, skull]) < 0.04
    assert _degrees(whole[0, left] - whole[0, right], truth[0, left] - truth[0, right]) < 20
    assert trust[0, skull] == 0.8
    others = [index for index in np.flatnonzero(~BODY) if index != skull]
    assert (trust[0, others] == 0).all(), "nothing is known of these"


def test_what_is_given_stays() -> None:
    truth = _person(20, 5)
    whole, trust = completed(truth, SURE, given_joints(truth))
    np.testing.assert_array_equal(whole, truth)
    np.testing.assert_array_equal(trust, SURE)


def test_a_joint_that_is_missing_in_any_frame_is_not_given() -> None:
    joints = np.zeros((3, len(JOINTS), 3))
    joints[1, JOINTS.index("left_toe"), 0] = np.nan
    given = given_joints(joints)
    assert [name for name, there in zip(JOINTS, given, strict=True) if not there] == ["left_toe"]


def test_without_the_body_there_is_nothing_to_complete() -> None:
    joints = _person(0, 0)
    joints[:, JOINTS.index("left_knee")] = np.nan
    with pytest.raises(ValueError, match=r"Human3\.6M"):
        completed(joints, SURE, given_joints(joints))
