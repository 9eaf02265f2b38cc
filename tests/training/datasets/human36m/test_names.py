from __future__ import annotations

import pytest

from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.names import MOVING_JOINTS, split_name

# Human3.6M's own names of its 32 joints.
OFFICIAL = (
    *("Hips", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase", "Site"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "Site"),
    *("Spine", "Spine1", "Neck", "Head", "Site"),
    *("LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftHandThumb", "Site", "L_Wrist_End", "Site"),
    *("RightShoulder", "RightArm", "RightForeArm", "RightHand", "RightHandThumb", "Site", "R_Wrist_End"),
    "Site",
)
OURS = {
    **{"Hips": "pelvis", "Spine1": "spine", "Neck": "thorax", "Head": "neck", "Site": "head"},
    **{"UpLeg": "hip", "Leg": "knee", "Foot": "ankle"},
    **{"Arm": "shoulder", "ForeArm": "elbow", "Hand": "wrist"},
}


def test_the_moving_joints_are_ours() -> None:
    assert len(OFFICIAL) == 32
    for index, joint in zip(MOVING_JOINTS, HUMAN36M_JOINTS, strict=True):
        name = OFFICIAL[index]
        side, part = next(
            ((side.lower() + "_", name.removeprefix(side)) for side in ("Left", "Right") if side in name),
            ("", name),
        )
        assert joint == side + OURS[part]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Directions", ("Directions", 0)),
        ("Directions 1", ("Directions", 1)),
        ("WalkDog_3", ("WalkDog", 3)),
        ("WalkingDog 1", ("WalkDog", 1)),
        ("TakingPhoto", ("Photo", 0)),
        ("SittingDown 2", ("SittingDown", 2)),
        ("Sitting", ("Sitting", 0)),
        ("_ALL", None),
        ("_ALL 1", None),
        ("Running", None),
        ("Walking-1", None),
        ("", None),
    ],
)
def test_names_of_files(name: str, expected: tuple[str, int] | None) -> None:
    assert split_name(name) == expected
