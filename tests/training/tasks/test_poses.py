from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lifting_core.errors import InvalidInput
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.names import CAMERAS
from training.datasets.human36m.sequence import Sequence
from training.fitting.recipe import MODERN, PAPER
from training.tasks.human36m import human36m_task
from training.tasks.poses import gather, predict


def sequence(
    subject: str = "S1", camera: str = CAMERAS[0], action: str = "Eating", frames: int = 5
) -> Sequence:
    """One motion in the world, as a camera sees it."""
    world = np.random.default_rng(0).normal([0, 0, 1], 0.3, (frames, 17, 3))
    lens = published_calibration()[subject, camera]
    joints = lens.from_world(world)
    return Sequence(
        subject, action, 1, camera, lens.project(joints).astype(np.float32), joints.astype(np.float32)
    )


def test_poses_are_relative_to_the_pelvis_in_the_order_of_their_sequences() -> None:
    poses = gather([sequence(), sequence("S5", action="Walking", frames=3)])
    assert len(poses) == 8
    assert (poses.joints[:, 0] == 0).all()
    assert poses.actions.tolist() == [2] * 5 + [13] * 3
    expected = sequence().joints[2, 16] - sequence().joints[2, 0]
    np.testing.assert_allclose(poses.joints[2, 16].numpy(), expected, atol=1e-6)


def test_in_the_world_s_axes_all_cameras_agree() -> None:
    worlds = [gather([sequence(camera=camera)], camera_frame=False).joints for camera in CAMERAS]
    for other in worlds[1:]:
        torch.testing.assert_close(other, worlds[0], atol=1e-5, rtol=0)
    assert not torch.allclose(gather([sequence()]).joints, worlds[0], atol=0.1)


def test_a_joint_that_the_detector_lacks_is_told() -> None:
    seen = sequence()
    seen.keypoints[:, 9] = np.nan
    assert gather([seen]).lacking == {"neck"}
    assert gather([sequence()]).lacking == set()


@pytest.mark.parametrize("what", ["joint", "keypoint"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_none_is_named(what: str, value: float) -> None:
    seen = sequence()
    (seen.joints if what == "joint" else seen.keypoints)[3, 5, 1] = value
    message = f"Frame 3 of S1 Eating take 1, camera 54138969, has a {what} that is not a number"
    with pytest.raises(InvalidInput, match=message):
        gather([sequence(), seen])


def everybody(frames: int = 8) -> list[Sequence]:
    return [sequence(subject, frames=frames) for subject in ("S1", "S5", "S9")]


def test_a_task_reads_what_its_recipe_asks_for() -> None:
    device, small = torch.device("cpu"), {"width": 32, "batch_size": 8}
    paper = human36m_task(everybody(), replace(PAPER, **small), 0, device)  # type: ignore[arg-type]
    assert "neck" not in paper.model.profile.keypoints
    assert len(paper.model.profile.keypoints) == 16
    assert paper.data["training_poses"] == 16
    assert paper.data["test_poses"] == 8
    modern = human36m_task(everybody(), replace(MODERN, **small), 0, device)  # type: ignore[arg-type]
    assert len(modern.model.profile.keypoints) == 17
    scaled = (torch.tensor([0.0, 1000.0]).repeat(17) - modern.model.input_mean) / modern.model.input_deviation
    assert scaled.tolist() == [-1, 1] * 17
    without = everybody()
    for seen in without:
        seen.keypoints[:, 9] = np.nan
    lacking = human36m_task(without, replace(MODERN, **small), 0, device)  # type: ignore[arg-type]
    assert len(lacking.model.profile.keypoints) == 16


def test_too_little_to_train_on_is_refused() -> None:
    device, small = torch.device("cpu"), replace(PAPER, width=32)
    with pytest.raises(InvalidInput, match="do not fill a batch"):
        human36m_task(everybody(), small, 0, device)
    with pytest.raises(InvalidInput, match="no poses of these subjects"):
        human36m_task([sequence("S9")], small, 0, device)
    with pytest.raises(InvalidInput, match="no action Dancing"):
        human36m_task(everybody(), small, 0, device, action="Dancing")


def test_a_prediction_with_flips_is_the_mean_of_both_sides() -> None:
    torch.manual_seed(0)
    task = human36m_task(everybody(), replace(MODERN, width=32, batch_size=8), 0, torch.device("cpu"))
    keypoints = torch.from_numpy(sequence().keypoints)
    model = task.model.eval()
    plain, both = predict(model, keypoints), predict(model, keypoints, flips=True)
    left, right = 4, 1  # the hips
    swap = list(range(17))
    for a, b in ((1, 4), (2, 5), (3, 6), (11, 14), (12, 15), (13, 16)):
        swap[a], swap[b] = b, a
    mirrored = keypoints[:, swap] * torch.tensor([-1.0, 1.0]) + torch.tensor([1000.0, 0.0])
    back = predict(model, mirrored)[:, swap] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(both, (plain + back) / 2, atol=1e-6, rtol=1e-5)
    assert (plain[:, 0] == 0).all()
    assert not torch.equal(plain[:, left], both[:, left]) or not torch.equal(plain[:, right], both[:, right])
