from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip
from training.fitting.recipe import RECIPES
from training.tasks.sequences import MIDDLES
from training.tasks.simulated import Sources, full_body_model
from training.tasks.video import WINDOW, bodies_of, clip_chances, sampled_stretches, video_task


@pytest.fixture
def mocap(cmu_bvh: Callable[[Path, int], None], tmp_path: Path) -> Path:
    for number in range(9):
        cmu_bvh(tmp_path / "mocap" / f"subject{number}" / "walk.bvh", 40)
    return tmp_path / "mocap"


def test_subjects_count_by_the_square_root_of_their_frames(people: list[Clip]) -> None:
    one, other = people[0], people[1]
    clips = [one, dataclasses.replace(one, points=one.points[:40]), other]  # 60 + 40 frames, and 60
    chances = clip_chances(clips)
    assert float(chances.sum()) == pytest.approx(1)
    assert float(chances[:2].sum() / chances[2]) == pytest.approx((100 / 60) ** 0.5)
    assert float(chances[0] / chances[1]) == pytest.approx(60 / 40)


def test_bodies_are_of_one_stature(people: list[Clip]) -> None:
    """Whatever the recorded people's sizes, by the legs, which sway a little."""
    legs = []
    for body in bodies_of(people):
        hip, knee = (body[:, JOINTS.index(f"left_{name}")] for name in ("hip", "knee"))
        legs.append(float((hip - knee).norm(dim=-1).median()))
    assert max(legs) / min(legs) < 1.12
    recorded = [float(clip.points[0, JOINTS.index("head"), 2]) for clip in people]
    assert max(recorded) / min(recorded) > 1.12


def test_every_step_has_windows_of_its_own(people: list[Clip], small_weights: Path) -> None:
    model = full_body_model(small_weights)
    first, second = (sampled_stretches(model, people, None, 40, seed) for seed in ((3, 0), (3, 1)))
    windows, joints = first.draw(5, 2)
    assert windows.shape[:3] == (2, 40 // MIDDLES * MIDDLES, WINDOW)
    assert joints.shape == (2, 40 // MIDDLES * MIDDLES, len(JOINTS) - 1, 3)
    again, _ = first.draw(6, 1)
    assert torch.equal(again[0], windows[1])
    assert not torch.equal(windows[0], windows[1])
    assert not torch.equal(second.draw(5, 1)[0][0], windows[0])


def test_a_temporal_network_begins_with_the_single_frame_poses(mocap: Path, small_weights: Path) -> None:
    recipe = dataclasses.replace(RECIPES["video"], width=24, batch_size=32)
    task = video_task(Sources(mocap, weights=small_weights), recipe, 0, torch.device("cpu"))
    assert isinstance(task.whole, LiftingModel)
    temporal = task.whole.temporal
    assert temporal is not None
    assert temporal is task.model
    assert task.data["frames"] == 8 * 39  # one subject is held out, and the first frame a rest pose
    windows, joints = (tensor[0] for tensor in task.source.draw(-1, 1))
    middle = windows[:, WINDOW // 2, : 3 * (len(JOINTS) - 1)].view_as(joints)
    temporal.eval()
    with torch.no_grad():
        torch.testing.assert_close(temporal(windows), middle)
        error = task.test_error()
        # Corrections of a centimetre along one axis change the error by a centimetre at most.
        temporal.network.exit.bias.copy_(0.01 / temporal.output_deviation)
        assert 0 < abs(task.test_error() - error) <= 10 * 3**0.5
    normal = (windows.flatten(0, 1) - temporal.input_mean) / temporal.input_deviation
    assert float(normal.mean().abs()) < 0.1
    assert 0.7 < float(normal.std()) < 1.3
