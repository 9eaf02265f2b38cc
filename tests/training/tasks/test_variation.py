from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from training.datasets.mocap import POINTS
from training.tasks.variation import MIRROR, PARENTS, Variation, Variety, chest_axes, rotations

HEAD = [
    POINTS.index(name) for name in ("skull", "neck", "head", "left_ear", "right_ear", "left_eye", "right_eye")
]
STILL = Variety(head=(0, 0, 0), hand=(0, 0, 0), foot=(0, 0, 0), turned=0, people=0, lengths=0)


@pytest.fixture
def bodies(standing: NDArray[np.float64]) -> Tensor:
    """(256, P, 3) people who stand, every second one with the left arm raised."""
    both = torch.from_numpy(standing).float().repeat(256, 1, 1)
    shoulder = both[0, POINTS.index("left_shoulder")]
    arm = [POINTS.index(f"left_{name}") for name in ("elbow", "wrist", "hand", "index", "pinky", "thumb")]
    both[::2, arm] = shoulder + (both[::2, arm] - shoulder) * torch.tensor([1.0, 1.0, -1.0])
    return both


def varied(bodies: Tensor, variety: Variety | None = None, seed: int = 3) -> Tensor:
    return Variation(torch.Generator().manual_seed(seed), variety)(bodies)


def lengths(bodies: Tensor) -> Tensor:
    return (bodies[..., 1:, :] - bodies[..., list(PARENTS[1:]), :]).norm(dim=-1)


def test_lengths_stay_where_only_limbs_are_exchanged(bodies: Tensor) -> None:
    torch.testing.assert_close(lengths(varied(bodies, STILL)), lengths(bodies), atol=1e-4, rtol=0)


def test_left_and_right_stay_equally_long_and_people_differ(bodies: Tensor) -> None:
    found = lengths(varied(bodies[1:2].expand(256, -1, -1)))
    other = MIRROR[1:] - 1
    torch.testing.assert_close(found, found[..., other], atol=1e-4, rtol=0)
    assert (found.std(0) > 0.002).all()
    knee = POINTS.index("left_knee") - 1
    assert 0.04 < float(found[:, knee].log().std()) < 0.12


def test_arms_are_exchanged_and_sides_mirrored(bodies: Tensor) -> None:
    found = varied(bodies, STILL)
    left, right = (found[:, POINTS.index(f"{side}_wrist"), 2] > 1.5 for side in ("left", "right"))
    assert left.any()
    assert right.any()


def test_arms_legs_and_trunks_of_some_reach_further(bodies: Tensor) -> None:
    """Each as one piece: elbows and knees keep their angles, the other limbs their places."""
    still = Variety(
        head=(0, 0, 0), hand=(0, 0, 0), foot=(0, 0, 0), arm=0, leg=0, elbow=0, knee=0, trunk=0, body=0
    )
    standing = bodies[1::2].repeat(8, 1, 1)
    for name, anchor, end in (("arm", "shoulder", "wrist"), ("leg", "hip", "ankle")):
        variety = dataclasses.replace(still, **{name: 30.0}, turned=0.5, people=0, lengths=0)
        found, plain = varied(standing, variety), varied(standing, dataclasses.replace(variety, turned=0))
        reach, before = (_between(of, f"left_{anchor}", f"left_{end}") for of in (found, plain))
        torch.testing.assert_close(reach.norm(dim=-1), before.norm(dim=-1), atol=1e-4, rtol=0)
        turned = torch.rad2deg(torch.acos(torch.cosine_similarity(reach, before, dim=-1).clamp(-1, 1)))
        assert 0.3 < float((turned > 5).float().mean()) < 0.55
        assert 30 < float(turned.max()) < 130


def test_both_sides_of_some_do_the_same(bodies: Tensor) -> None:
    variety = dataclasses.replace(STILL, trunk=0, body=0, turned=1)
    ends = [POINTS.index(f"{side}_{end}") for side in ("left", "right") for end in ("wrist", "ankle")]
    for alike, least, most in ((1.0, 0.0, 1e-4), (0.5, 0.4, 0.6), (0.0, 0.9, 1.0)):
        found = varied(bodies[1::2].repeat(4, 1, 1), dataclasses.replace(variety, alike=alike))
        mirrored = found[:, MIRROR] * torch.tensor([-1.0, 1.0, 1.0])
        for limb in ends:
            apart = (found - mirrored)[:, limb].norm(dim=-1)
            assert least <= float((apart > 1e-3).float().mean()) <= most


def test_elbows_and_knees_bend_as_they_can(bodies: Tensor) -> None:
    """Not backward, and with bones of the same lengths, all that hangs on them going along."""
    standing = bodies[1::2]
    variety = dataclasses.replace(STILL, arm=0, leg=0, trunk=0, body=0, turned=0.5)
    found = varied(standing, variety)
    torch.testing.assert_close(lengths(found), lengths(standing), atol=1e-4, rtol=0)
    for upper, joint, end in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
        bent, before = (_bend(of, upper, joint, end) for of in (found, standing))
        assert 0.2 < float(((bent - before).abs() > 5).float().mean()) < 0.55
        assert 60 < float(bent.max()) <= 145.1
    for side in ("left", "right"):
        shin, thigh = (
            _between(found, f"{side}_knee", f"{side}_ankle"),
            _between(found, f"{side}_hip", f"{side}_knee"),
        )
        assert float((shin - thigh)[:, 1].min()) > -0.1  # people face -y
    foot, still = (_between(of, "left_ankle", "left_toe").norm(dim=-1) for of in (found, standing))
    torch.testing.assert_close(foot, still, atol=1e-4, rtol=0)


def test_straight_limbs_bend_toward_the_thumb_and_away_from_the_toes(bodies: Tensor) -> None:
    straight = bodies[1::2].clone()
    toward = {("left", "elbow"): (0.6, -0.8, 0.0), ("right", "elbow"): (-0.6, -0.8, 0.0)}
    toward |= {("left", "knee"): (0.0, 1.0, 0.0), ("right", "knee"): (0.0, 1.0, 0.0)}  # people face -y
    limbs = {"elbow": ("shoulder", "elbow", "wrist"), "knee": ("hip", "knee", "ankle")}
    for side, joint in toward:
        upper, middle, end = (f"{side}_{name}" for name in limbs[joint])
        bone = _between(straight, upper, middle)
        straight[:, POINTS.index(end)] = straight[:, POINTS.index(middle)] + bone
        if joint == "elbow":
            thumbward = 0.05 * torch.tensor(toward[side, joint])
            straight[:, POINTS.index(f"{side}_index")] = straight[:, POINTS.index(end)] + thumbward
            straight[:, POINTS.index(f"{side}_pinky")] = straight[:, POINTS.index(end)] - thumbward
    found = varied(straight, dataclasses.replace(STILL, arm=0, leg=0, trunk=0, body=0, turned=1, alike=0))
    for (side, joint), direction in toward.items():
        upper, middle, end = (f"{side}_{name}" for name in limbs[joint])
        moved = (_between(found, middle, end) - _between(found, upper, middle)) @ torch.tensor(direction)
        assert float(moved.min()) > -1e-3
        assert float(moved.max()) > 0.2


def _bend(bodies: Tensor, upper: str, joint: str, end: str) -> Tensor:
    """Degrees."""
    bones = (_between(bodies, f"left_{a}", f"left_{b}") for a, b in ((upper, joint), (joint, end)))
    return torch.rad2deg(torch.acos(torch.cosine_similarity(*bones, dim=-1).clamp(-1, 1)))


def _between(bodies: Tensor, start: str, end: str) -> Tensor:
    return bodies[:, POINTS.index(end)] - bodies[:, POINTS.index(start)]


def test_heads_turn_as_one_piece(bodies: Tensor) -> None:
    found = varied(bodies, Variety(turned=0, people=0, lengths=0))[:, HEAD]
    apart = (found[:, :, None] - found[:, None]).norm(dim=-1)
    first = bodies[:1, HEAD]
    torch.testing.assert_close(
        apart, (first[:, :, None] - first[:, None]).norm(dim=-1).expand_as(apart), atol=1e-4, rtol=0
    )
    forward = found[:, HEAD.index(POINTS.index("neck"))] - found[:, HEAD.index(POINTS.index("skull"))]
    yaw = torch.rad2deg(torch.atan2(forward[:, 0], -forward[:, 1]))
    assert 15 < float(yaw.std()) < 40


def test_the_chest_of_somebody_who_faces_minus_y(bodies: Tensor) -> None:
    up, left, back = chest_axes(bodies[:1])[0].T
    assert up[2] > 0.99
    torch.testing.assert_close(left, torch.tensor([1.0, 0.0, 0.0]), atol=1e-5, rtol=0)
    assert back[1] > 0.99


def test_rotations_are_those_of_scipy() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    expected = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(rotations(torch.from_numpy(vectors)).numpy(), expected, atol=1e-6)
