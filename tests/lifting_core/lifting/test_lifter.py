from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from lifting_core.camera.pinhole import camera_matrix
from lifting_core.errors import InvalidInput
from lifting_core.lifting.device import choose_device
from lifting_core.lifting.folding import FoldedModel
from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import JOINTS

CAMERA = camera_matrix(800, 640, 480)


def keypoints(frames: int, count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(100, 400, (frames, count, 2))


@pytest.fixture
def lifter(model: LiftingModel) -> Lifter:
    return Lifter(model, torch.device("cpu"))


def test_absent_people_stay_absent(lifter: Lifter, model: LiftingModel) -> None:
    names = model.profile.keypoints
    points, confidence = keypoints(4, len(names)), np.ones((4, len(names)))
    points[1], confidence[1] = np.nan, 0
    confidence[2, 3:] = 0.05
    lifted = lifter.lift(names, points, confidence, CAMERA)
    given = [JOINTS.index(name) for name in ("pelvis", *model.profile.joints)]
    assert np.isfinite(lifted.joints[[0, 3]][:, given]).all()
    assert np.isnan(lifted.joints[[1, 2]]).all()
    assert (lifted.joints[0, 0] == 0).all()
    assert (lifted.confidence[1] == 0).all()


def test_frames_do_not_influence_each_other(lifter: Lifter, model: LiftingModel) -> None:
    names = model.profile.keypoints
    points, confidence = keypoints(9, len(names)), np.full((9, len(names)), 0.9)
    together = lifter.lift(names, points, confidence, CAMERA).joints
    alone = [lifter.lift(names, points[i : i + 1], confidence[i : i + 1], CAMERA).joints[0] for i in range(9)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_confidence_falls_as_the_spread_grows(spread_model: LiftingModel) -> None:
    names = spread_model.profile.keypoints
    points, sure = keypoints(3, len(names)), np.ones((3, len(names)))
    found = []
    for metres in (0.05, 0.1, 0.2):
        assert spread_model.network.spread is not None
        torch.nn.init.zeros_(spread_model.network.spread.weight)
        torch.nn.init.constant_(spread_model.network.spread.bias, float(np.log(metres)))
        lifted = Lifter(spread_model, torch.device("cpu")).lift(names, points, sure, CAMERA)
        found.append(lifted.confidence)
    for confidence, expected in zip(found, (0.8, 0.5, 0.2), strict=True):
        np.testing.assert_allclose(confidence, expected, rtol=1e-5)


def test_a_mirrored_person_gives_the_mirrored_pose(lifter: Lifter, model: LiftingModel) -> None:
    names = list(model.profile.keypoints)
    points, confidence = keypoints(3, len(names)), np.ones((3, len(names)))
    pose = lifter.lift(names, points, confidence, CAMERA).joints
    swapped = [
        names.index(n.replace("left", "R").replace("right", "left").replace("R", "right")) for n in names
    ]
    mirrored = points[:, swapped] * [-1, 1] + [640, 0]
    other = lifter.lift(names, mirrored, confidence, CAMERA).joints
    order = [
        JOINTS.index(n.replace("left", "R").replace("right", "left").replace("R", "right")) for n in JOINTS
    ]
    np.testing.assert_allclose(other[:, order] * [-1, 1, 1], pose, atol=1e-5)


def test_a_detector_without_some_keypoints_is_served(lifter: Lifter, model: LiftingModel) -> None:
    names = [name for name in model.profile.keypoints if name != "nose"] + ["left_ear"]
    lifted = lifter.lift(names, keypoints(2, len(names)), np.ones((2, len(names))), CAMERA)
    assert np.isfinite(lifted.joints[:, JOINTS.index("left_knee")]).all()
    assert (lifted.confidence[:, JOINTS.index("neck")] == 0).all()


def test_a_detector_of_something_else_is_refused(lifter: Lifter) -> None:
    with pytest.raises(InvalidInput, match="keypoints are not those"):
        lifter.lift(["paw", "tail"], keypoints(2, 2), np.ones((2, 2)), CAMERA)


def test_a_full_gpu_falls_back_to_the_cpu(
    lifter: Lifter, model: LiftingModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compute, calls = FoldedModel.with_spread, []

    def full_once(self: FoldedModel, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        calls.append(len(features))
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return compute(self, features)

    monkeypatch.setattr(FoldedModel, "with_spread", full_once)
    names = model.profile.keypoints
    with caplog.at_level(logging.WARNING):
        lifted = lifter.lift(names, keypoints(2, len(names)), np.ones((2, len(names))), CAMERA)
    assert np.isfinite(lifted.joints[:, 0]).all()
    assert "goes on on the CPU" in caplog.text


def test_devices_are_chosen_or_refused_in_words() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(InvalidInput, match="no device called"):
        choose_device("toaster")
    if not torch.cuda.is_available():
        with pytest.raises(InvalidInput, match="finds no CUDA device"):
            choose_device("cuda")
