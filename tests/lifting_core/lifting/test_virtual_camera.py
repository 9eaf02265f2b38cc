from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.camera.pinhole import camera_matrix, project, rays
from lifting_core.errors import InvalidInput
from lifting_core.lifting.human36m import statistics
from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.virtual_camera import CENTRE, FOCAL_LENGTH, VirtualCamera
from lifting_core.lifting.weights import LiftingModel, Profile, save_model
from lifting_core.skeleton import HUMAN36M_JOINTS, mirrored

HUMAN36M = np.array([[FOCAL_LENGTH, 0, CENTRE[0]], [0, FOCAL_LENGTH, CENTRE[1]], [0, 0, 1]])


def person() -> NDArray[np.float64]:
    """(1, 17, 3) metres in camera axes: someone upright with an arm out, 5 m away."""
    side = {"hip": (0.13, 0.0), "knee": (0.13, 0.45), "ankle": (0.13, 0.9)}
    side |= {"shoulder": (0.15, -0.45), "elbow": (0.43, -0.45), "wrist": (0.43, -0.2)}
    middle = {"pelvis": 0.0, "spine": -0.25, "thorax": -0.49, "neck": -0.6, "head": -0.72}
    points = []
    for name in HUMAN36M_JOINTS:
        base = name.removeprefix("left_").removeprefix("right_")
        x, y = (0.0, middle[base]) if base in middle else side[base]
        points.append((-x if name.startswith("right_") else x, y - 0.45, 5.0 + 0.1 * np.sin(3 * y)))
    return np.array([points])


def features(
    points: NDArray[np.float64], matrix: NDArray[np.float64] = HUMAN36M
) -> tuple[torch.Tensor, torch.Tensor]:
    directions = torch.from_numpy(rays(project(points, matrix), matrix)).float()
    return VirtualCamera(HUMAN36M_JOINTS).features(directions, torch.ones(directions.shape[:2]))


def test_a_person_like_those_of_human36m_stays_as_seen() -> None:
    pixels, rotation = features(person())
    seen = project(person(), HUMAN36M)[0]
    place = statistics().keypoints_mean.mean(0)
    shifted = seen - seen.mean(0) + [CENTRE[0], place[1]]
    np.testing.assert_allclose(pixels[0].numpy(), shifted, atol=8.0)  # a person is 370 px tall
    assert np.degrees(Rotation.from_matrix(rotation[0].numpy()).magnitude()) < 1.5


@pytest.mark.parametrize("focal", [500.0, 3000.0])
def test_neither_focal_length_nor_place_in_the_frame_matter(focal: float) -> None:
    turn = Rotation.from_euler("yx", [20, -8], degrees=True)  # the same camera, looking elsewhere
    pixels, rotation = features(person())
    others, turned = features(turn.apply(person()[0])[None], camera_matrix(focal, 1920, 1080))
    # The smallest turns to the person differ by a little roll about the line of sight.
    assert (others - pixels).abs().max() < 12
    both = Rotation.from_matrix(turned[0].numpy()) * turn * Rotation.from_matrix(rotation[0].numpy()).inv()
    assert np.degrees(both.magnitude()) < 3


def test_distance_hardly_matters() -> None:
    far = person() * [1, 1, 0] + [0, -0.45, 0] + person() * [0, 0, 1] + [0, 0, 7.0]
    assert (features(far)[0] - features(person())[0]).abs().max() < 12


def test_missing_keypoints_take_the_place_of_the_mean_pose() -> None:
    directions = torch.from_numpy(rays(project(person(), HUMAN36M), HUMAN36M)).float()
    confidence = torch.ones(1, 17)
    confidence[0, HUMAN36M_JOINTS.index("left_ankle")] = 0
    directions[0, HUMAN36M_JOINTS.index("left_ankle")] = torch.tensor([9.0, 9.0, 1.0])
    pixels, _ = VirtualCamera(HUMAN36M_JOINTS).features(directions, confidence)
    expected = statistics().keypoints_mean[HUMAN36M_JOINTS.index("left_ankle")]
    np.testing.assert_allclose(pixels[0, HUMAN36M_JOINTS.index("left_ankle")].numpy(), expected, atol=25)
    whole, _ = features(person())
    rest = [i for i, name in enumerate(HUMAN36M_JOINTS) if name != "left_ankle"]
    assert (pixels[0, rest] - whole[0, rest]).abs().max() < 5


def test_the_mirrored_person_stands_in_the_same_place() -> None:
    order = [HUMAN36M_JOINTS.index(mirrored(name)) for name in HUMAN36M_JOINTS]
    camera = VirtualCamera(HUMAN36M_JOINTS)
    pixels, _ = features(person())
    flipped, _ = features(person()[:, order] * [-1, 1, 1])
    assert (camera.mirrored(pixels) - flipped).abs().max() < 0.5


def pixel_model(axes: str = "camera") -> LiftingModel:
    torch.manual_seed(0)
    names = tuple(name for name in HUMAN36M_JOINTS if name != "neck")
    profile = Profile(names, HUMAN36M_JOINTS[1:], 1.7, {}, "pixels", axes)  # type: ignore[arg-type]
    model = LiftingModel(profile, NetworkShape(profile.features, 48, width=32, batch_norm_epsilon=1e-3))
    model.input_mean.fill_(500)
    model.input_deviation.fill_(100)
    return model.eval()


def test_weights_that_read_pixels_lift_any_detector_s_keypoints(tmp_path: Path) -> None:
    save_model(pixel_model(), tmp_path / "w.safetensors", torch.float32)
    lifter = Lifter.load(tmp_path / "w.safetensors", "cpu")
    assert lifter.profile.input == "pixels"
    names = ["nose", *(name for name in HUMAN36M_JOINTS if name.startswith(("left", "right")))]
    columns = [HUMAN36M_JOINTS.index("neck"), *(HUMAN36M_JOINTS.index(name) for name in names[1:])]
    matrix = camera_matrix(900, 1280, 720)
    points = project(person()[:, columns], matrix).repeat(3, 0)
    confidence = np.ones(points.shape[:2])
    confidence[1] = 0
    lifted = lifter.lift(names, points, confidence, matrix)
    given = len(HUMAN36M_JOINTS)
    assert np.isfinite(lifted.joints[[0, 2], :given]).all()
    assert np.isnan(lifted.joints[1]).all()
    assert np.isnan(lifted.joints[:, given:]).all()
    assert lifted.confidence[:, :given] == pytest.approx(np.array([1, 0, 1])[:, None].repeat(given, 1))
    assert (lifted.confidence[:, given:] == 0).all(), "the model does not give these"
    with pytest.raises(InvalidInput, match="not those that the weights read"):
        lifter.lift(["paw"], points[:, :1], confidence[:, :1], matrix)


def test_weights_in_world_axes_are_for_comparison_only(tmp_path: Path) -> None:
    save_model(pixel_model("world"), tmp_path / "w.safetensors")
    with pytest.raises(InvalidInput, match="camera's axes"):
        Lifter.load(tmp_path / "w.safetensors", "cpu")
