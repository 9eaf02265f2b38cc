from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.skeleton import mirrored
from training.datasets.asf_amc import read_asf_amc
from training.datasets.body_points import BodyPoints, from_plug_in_gait, from_skeleton
from training.datasets.bvh import SkeletalMotion, read_bvh
from training.datasets.mocap import POINTS, Clip, read_mocap

# Somebody 1.75 m tall who stands facing -y, left at +x: Plug-in-Gait markers in metres.
MARKERS = {
    **{"ASI": (0.13, -0.12, 1.0), "PSI": (0.05, 0.1, 1.0), "SHO": (0.18, 0.0, 1.47)},
    **{"UPA": (0.26, 0.0, 1.3), "ELB": (0.27, 0.02, 1.15), "WRA": (0.26, -0.06, 0.92)},
    **{"WRB": (0.3, -0.01, 0.92), "THI": (0.2, 0.0, 0.75), "KNE": (0.16, 0.0, 0.52)},
    **{
        "TIB": (0.17, 0.0, 0.3),
        "ANK": (0.14, 0.02, 0.09),
        "HEE": (0.1, 0.08, 0.05),
        "TOE": (0.11, -0.13, 0.05),
    },
    **{"FHD": (0.07, -0.1, 1.68), "BHD": (0.07, 0.09, 1.68), "FIN": (0.29, -0.05, 0.83)},
}


@pytest.fixture
def markers() -> dict[str, NDArray[np.float64]]:
    both = {f"L{name}": np.array([[x, y, z]]) for name, (x, y, z) in MARKERS.items()}
    both |= {f"R{name}": np.array([[-x, y, z]]) for name, (x, y, z) in MARKERS.items()}
    return both | {"C7": np.array([[0, 0.07, 1.5]]), "CLAV": np.array([[0, -0.08, 1.42]])}


@pytest.fixture
def t_pose(cmu_bvh: Callable[[Path, int], None], tmp_path: Path) -> SkeletalMotion:
    cmu_bvh(tmp_path / "clip.bvh", 1)
    return read_bvh(tmp_path / "clip.bvh")


def faces_us(body: BodyPoints) -> None:
    """Upright, facing -y, with left at +x, and all points there."""
    assert set(body) == set(POINTS)
    for name, point in body.items():
        assert point.shape == (1, 3)
        if name.startswith("left_"):
            other = body[mirrored(name)]
            assert point[0, 0] > 0.02
            np.testing.assert_allclose(other, point * [-1, 1, 1], atol=1e-6)
    heights = [body[name][0, 2] for name in ("left_toe", "left_knee", "pelvis", "thorax", "head")]
    assert heights == sorted(heights)
    assert body["neck"][0, 1] < body["thorax"][0, 1] - 0.05  # the nose is in front
    assert body["left_toe"][0, 1] < body["left_ankle"][0, 1] - 0.05
    assert body["left_heel"][0, 1] > body["left_ankle"][0, 1] + 0.03
    assert body["left_heel"][0, 2] == pytest.approx(body["left_toe"][0, 2], abs=0.03)  # the sole is level
    ears = body["left_ear"] - body["right_ear"]
    np.testing.assert_allclose(ears, [[0.1476, 0, 0]], atol=1e-3)
    assert 1.5 < body["head"][0, 2] - body["left_toe"][0, 2] < 1.9


def test_the_laboratorys_bvh(t_pose: SkeletalMotion) -> None:
    body = from_skeleton(t_pose)
    assert body is not None
    faces_us(body)
    # The arms are higher than in the file by the lost thorax, which is as long as the upper back.
    unit = 0.0254 / 0.45
    assert body["left_shoulder"][0, 2] == pytest.approx((17 + 2.2 + 2.2 + 2.2 + 0.9) * unit)
    assert body["left_wrist"][0, 0] == pytest.approx((3.4 + 5.0 + 3.4) * unit + 0.068)


def turned(motion: SkeletalMotion, joint: str, turn: Rotation) -> SkeletalMotion:
    """A joint turned by itself; what hangs on it stays where it is."""
    orientations = motion.orientations.copy()
    orientations[:, motion.names.index(joint)] = turn.as_matrix()
    return dataclasses.replace(motion, orientations=orientations)


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_of_the_laboratorys_bvh_bend_at_the_base_of_the_fingers(
    side: str, t_pose: SkeletalMotion
) -> None:
    straight = from_skeleton(t_pose)
    down = Rotation.from_euler("z", -40 if side == "left" else 40, degrees=True)
    bent = from_skeleton(turned(t_pose, f"{side.title()}FingerBase", down))
    assert straight is not None
    assert bent is not None
    before, after = (body[f"{side}_hand"] - body[f"{side}_wrist"] for body in (straight, bent))
    np.testing.assert_allclose(
        after, Rotation.from_euler("y", 40 if side == "left" else -40, True).apply(before)
    )
    np.testing.assert_array_equal(bent[f"{side}_wrist"], straight[f"{side}_wrist"])


def test_feet_are_not_turned_over(t_pose: SkeletalMotion) -> None:
    usual = from_skeleton(t_pose)
    over = from_skeleton(turned(t_pose, "LeftFoot", Rotation.from_euler("z", 180, degrees=True)))
    rolled = from_skeleton(turned(t_pose, "LeftFoot", Rotation.from_euler("z", 30, degrees=True)))
    assert usual is not None
    assert over is not None
    assert rolled is not None
    assert over["left_heel"][0, 2] < over["left_ankle"][0, 2] - 0.02
    assert np.linalg.norm(over["left_heel"] - usual["left_heel"]) < 0.03
    assert np.linalg.norm(rolled["left_heel"] - usual["left_heel"]) > 0.015  # what is possible stays


def test_the_laboratorys_own_skeleton_agrees_with_its_bvh(t_pose: SkeletalMotion) -> None:
    """The same body in the bones of an ASF file, whose thorax and wrist are not lost."""
    unit = 0.0254 / 0.45
    ends = {
        **{"lowerback": (0, 19.2, 0), "head": (0, 28.5, 0)},
        **{"lhipjoint": (1.6, 15.2, 0.8), "lfemur": (4.2, 8.1, 0.8), "ltibia": (6.7, 1.1, 0.8)},
        **{"ltoes": (6.9, 0.6, 4.0), "lclavicle": (3.4, 24.5, 0), "lhumerus": (8.4, 24.5, 0)},
        **{"lradius": (11.8, 24.5, 0), "lwrist": (13.5, 24.5, 0)},
        **{"lhand": (14.2, 24.5, 0), "lfoot": (6.9, 0.6, 3.0)},
    }
    ends |= {
        f"r{name[1:]}": (-x, y, z) for name, (x, y, z) in ends.items() if name not in ("lowerback", "head")
    }
    ends |= {"upperneck": (0, 26.8, 0)}
    motion = SkeletalMotion(
        tuple(ends), 120, np.array([list(ends.values())]), np.tile(np.eye(3), (1, len(ends), 1, 1))
    )
    ours, theirs = from_skeleton(motion), from_skeleton(t_pose)
    assert ours is not None
    assert theirs is not None
    faces_us(ours)
    for name in POINTS:
        np.testing.assert_allclose(ours[name], theirs[name], atol=0.005 * unit, err_msg=name)


def test_plug_in_gait_markers(markers: dict[str, NDArray[np.float64]]) -> None:
    body = from_plug_in_gait(markers)
    faces_us(body)
    # Harrington et al. 2007, with a pelvis 260 mm wide and 220 mm deep, from the middle of its front.
    width, depth = 260.0, 220.0
    hip = np.array([0.33 * width + 7.3, 0.24 * depth + 9.9, -0.30 * width - 10.9]) / 1000
    np.testing.assert_allclose(body["left_hip"][0], np.array([0, -0.12, 1.0]) + hip, atol=1e-9)
    # Joint centres lie beneath their markers, toward the middle of the body.
    for joint, marker, depth in (("knee", "LKNE", 0.05), ("ankle", "LANK", 0.04), ("elbow", "LELB", 0.045)):
        offset = body[f"left_{joint}"] - markers[marker]
        assert np.linalg.norm(offset) == pytest.approx(depth)
        assert offset[0, 0] < -0.9 * depth


def test_ankle_markers_do_not_roll_feet(markers: dict[str, NDArray[np.float64]]) -> None:
    """Heels are marked hardly lower than ankles: a centimetre there must not make 20 degrees of roll."""
    before = from_plug_in_gait(markers)
    lower = from_plug_in_gait(markers | {"LANK": markers["LANK"] + [0, 0, -0.01]})
    roll = np.degrees(np.arctan2(np.diff([b["left_heel"][0, 0] for b in (before, lower)]), 0.04))
    assert abs(roll[0]) < 2


def test_a_missing_marker_is_named(markers: dict[str, NDArray[np.float64]]) -> None:
    del markers["RANK"]
    with pytest.raises(KeyError, match="RANK"):
        from_plug_in_gait(markers)


def test_points_turn_and_move_with_the_body(markers: dict[str, NDArray[np.float64]]) -> None:
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    before = from_plug_in_gait(markers)
    after = from_plug_in_gait({name: point @ turn.T + [1, 2, 3] for name, point in markers.items()})
    for name in POINTS:
        np.testing.assert_allclose(after[name], before[name] @ turn.T + [1, 2, 3], atol=1e-9)


def test_other_skeletons_are_unknown() -> None:
    assert from_skeleton(SkeletalMotion(("a",), 30, np.zeros((1, 1, 3)), np.eye(3)[None, None])) is None


# Of stature, from Drillis & Contini 1966 (in Winter, "Biomechanics and Motor Control of Human Movement").
SEGMENTS = {
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
    ("hip", "shoulder"): 0.288,
}


@pytest.mark.parametrize(
    "names",
    [
        ["cmu_bvh/subject_02/02_01.bvh", "cmu_bvh/subject_08/08_01.bvh", "cmu_bvh/subject_26/26_01.bvh"],
        ["cmu_asfamc/golf/golf_01.amc", "cmu_asfamc/walk/walk_03.amc"],
        ["cmu_bvh/salsa/01.bvh"],
        ["uiprmd_c3d/subject_01/m01.c3d", "uiprmd_c3d/subject_04/m02.c3d"],
    ],
    ids=["cmu bvh", "cmu asf", "poser bvh", "plug-in gait"],
)
def test_recorded_bodies_have_human_proportions(
    names: list[str], shared_folder: Path, tmp_path: Path
) -> None:
    """Sources that each define the joints in a way of their own come to bodies of the same proportions."""
    for name in names:
        path = shared_folder / "mocap" / name
        place = tmp_path / path.parent.name
        place.mkdir(exist_ok=True)
        for file in [path, *path.parent.glob("*.asf")]:
            (place / file.name).symlink_to(file)
    for clip in read_mocap(tmp_path):
        leg = length(clip, "hip", "knee") + length(clip, "knee", "ankle")
        assert 0.7 < leg < 0.95
        for (one, other), share in SEGMENTS.items():
            assert length(clip, one, other) / leg == pytest.approx(share / 0.491, rel=0.2), (one, other)


def length(clip: Clip, one: str, other: str) -> float:
    """Metres between two points, the median of both sides."""
    return float(
        np.median(
            [
                np.linalg.norm(
                    clip.points[:, POINTS.index(side + one)] - clip.points[:, POINTS.index(side + other)],
                    axis=-1,
                )
                for side in ("left_", "right_")
            ]
        )
    )


def test_the_lost_thorax_is_as_long_as_the_upper_back(shared_folder: Path) -> None:
    """What the repair of the BVH skeletons assumes, in skeletons that still have the bone."""
    folder = shared_folder / "mocap" / "cmu_asfamc"
    for name in ("golf/golf_01", "mjackson/131_03", "walk/walk_03"):
        path = folder / f"{name}.amc"
        motion = read_asf_amc(next(path.parent.glob("*.asf")), path)
        lower, upper, thorax = (motion.position(bone)[0] for bone in ("lowerback", "upperback", "thorax"))
        assert np.linalg.norm(thorax - upper) == pytest.approx(np.linalg.norm(upper - lower), rel=0.01)


def test_both_forms_of_one_recording_agree(shared_folder: Path) -> None:
    """CMU's 07_03 as recorded, and in its BVH form, which was thinned three quarters of a frame later."""
    mocap = shared_folder / "mocap"
    walk = mocap / "cmu_asfamc" / "walk"
    recorded = from_skeleton(read_asf_amc(walk / "walk.asf", walk / "walk_03.amc"))
    converted = from_skeleton(read_bvh(mocap / "cmu_bvh" / "subject_07" / "07_03.bvh"))
    assert recorded is not None
    assert converted is not None
    frames = np.arange(2, 100)
    for one, other in (
        ("elbow", "wrist"),
        ("wrist", "hand"),
        ("hand", "index"),
        ("heel", "toe"),
        ("heel", "ankle"),
    ):
        for side in ("left", "right"):
            ours, theirs = (body[f"{side}_{other}"] - body[f"{side}_{one}"] for body in (converted, recorded))
            ours = 0.75 * ours[frames] + 0.25 * ours[frames + 1]
            assert np.median(degrees_between(ours, theirs[frames])) < 1, (one, other, side)


def degrees_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine = (one * other).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


@pytest.mark.parametrize("name", ["subject_01/m07", "subject_03/m04", "subject_01/m04"])
def test_feet_that_stand_are_level(name: str, shared_folder: Path) -> None:
    path = shared_folder / "mocap" / "uiprmd_c3d" / f"{name}.c3d"
    clip = next(clip for clip in read_mocap(path.parent) if clip.name == path.stem)
    for side in ("left", "right"):
        heel, toe, ankle = (
            clip.points[:, POINTS.index(f"{side}_{part}")].astype(float) for part in ("heel", "toe", "ankle")
        )
        low = np.all([end[:, 2] < np.percentile(end[:, 2], 10) + 0.01 for end in (heel, toe)], axis=0)
        assert low.sum() > 20
        across = np.cross(toe - heel, ankle - heel)[low]
        roll = 90 - degrees_between(across, np.array([0.0, 0, 1]))
        assert abs(np.median(roll)) < 9, side
