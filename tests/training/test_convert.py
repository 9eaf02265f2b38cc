from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from lifting_core.camera.pinhole import camera_matrix
from lifting_core.lifting.human36m import statistics
from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.weights import LiftingModel, Profile, load_model, save_model
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.convert import main

WIDTH = 32


class TwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.batch_norm1, self.batch_norm2 = nn.BatchNorm1d(WIDTH), nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.batch_norm2(self.w2(self.batch_norm1(self.w1(x)).relu())).relu()


class Weigq(nn.Module):
    """Parameters named and used as in weigq's code: 16 keypoints, 16 joints."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.batch_norm1 = nn.Linear(32, WIDTH), nn.BatchNorm1d(WIDTH)
        self.linear_stages = nn.ModuleList([TwoLayers(), TwoLayers()])
        self.w2 = nn.Linear(WIDTH, 48)

    def forward(self, x: Tensor) -> Tensor:
        x = self.batch_norm1(self.w1(x)).relu()
        for stage in self.linear_stages:
            x = stage(x)
        return self.w2(x)


class Convolution(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv1d(inputs, WIDTH, 1, bias=False), nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class TemporalBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(Convolution(WIDTH), nn.Dropout(0.5))
        self.conv2 = nn.Sequential(Convolution(WIDTH), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))


class MMPose(nn.Module):
    """Parameters named and used as in MMPose's simplebaseline3d: 17 keypoints, 16 joints."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.expand_conv = Convolution(34)
        self.backbone.tcn_blocks = nn.ModuleList([TemporalBlock(), TemporalBlock()])
        self.head = nn.Module()
        self.head.conv = nn.Conv1d(WIDTH, 48, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.backbone.expand_conv(x[..., None])  # type: ignore[operator]
        for block in self.backbone.tcn_blocks:  # type: ignore[union-attr]
            x = block(x)
        return self.head.conv(x)[..., 0]  # type: ignore[operator]


def randomised(network: nn.Module) -> nn.Module:
    """With running statistics as after some training."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 2)
    return network.eval()


def pixels() -> Tensor:
    random = np.random.default_rng(0)
    mean, deviation = statistics().keypoints_mean, statistics().keypoints_std
    return torch.from_numpy(mean + deviation * random.normal(size=(50, 17, 2))).float()


def expected(network: nn.Module, columns: list[int]) -> np.ndarray[Any, Any]:
    """(N, 16, 3) metres, normalised by hand in double precision."""
    known = statistics()
    inputs = (pixels().double().numpy() - known.keypoints_mean) / known.keypoints_std
    with torch.no_grad():
        given = network.double()(torch.from_numpy(inputs[:, columns].reshape(50, -1)))
    return given.numpy().reshape(50, 16, 3) * known.joints_std + known.joints_mean


SIXTEEN = [i for i, name in enumerate(HUMAN36M_JOINTS) if name != "neck"]


@pytest.mark.parametrize(
    ("network", "columns", "rename"),
    [
        (Weigq(), SIXTEEN, lambda name: name),
        (Weigq(), SIXTEEN, lambda name: f"module.{name}"),
        (MMPose(), list(range(17)), lambda name: name),
        (MMPose(), list(range(17)), lambda name: name.replace("head.", "keypoint_head.")),
    ],
)
def test_foreign_checkpoints_give_the_same_joints(
    network: nn.Module, columns: list[int], rename: Any, tmp_path: Path
) -> None:
    randomised(network)
    state = {rename(name): tensor for name, tensor in network.float().state_dict().items()}
    torch.save({"state_dict": state, "epoch": 200, "meta": {"version": "x"}}, tmp_path / "theirs.pth")
    assert main([str(tmp_path / "theirs.pth"), str(tmp_path / "ours.safetensors")]) == 0
    model = load_model(tmp_path / "ours.safetensors")
    found = model(pixels()[:, columns]).numpy()
    np.testing.assert_allclose(found, expected(network, columns), atol=1e-5, rtol=0)


def test_statistics_of_the_checkpoint_s_own_training_are_used(tmp_path: Path) -> None:
    torch.save({"state_dict": randomised(Weigq()).state_dict()}, tmp_path / "theirs.pth.tar")
    used = np.sort(
        np.concatenate(
            [3 * np.array([1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]) + i for i in range(3)]
        )
    )
    random = np.random.default_rng(0)
    stat = {"mean": random.normal(size=96) * 300, "std": random.uniform(50, 200, 96), "dim_use": used}
    torch.save(stat, tmp_path / "stat_3d.pth.tar")
    (tmp_path / "2d.json").write_text(json.dumps({"keypoints_mean": np.full((16, 2), 480.0).tolist()}))
    for name in ("stat_3d.pth.tar", "2d.json"):
        arguments = [str(tmp_path / "theirs.pth.tar"), str(tmp_path / f"{name}.safetensors")]
        assert main([*arguments, "--statistics", str(tmp_path / name)]) == 0
    model = load_model(tmp_path / "stat_3d.pth.tar.safetensors")
    np.testing.assert_allclose(model.output_mean, stat["mean"][used] / 1000, rtol=1e-6)
    np.testing.assert_allclose(model.output_deviation, stat["std"][used] / 1000, rtol=1e-6)
    model = load_model(tmp_path / "2d.json.safetensors")
    assert (model.input_mean == 480).all()
    np.testing.assert_allclose(model.output_mean, statistics().joints_mean.ravel(), rtol=1e-6)


def own_model(profile: Profile) -> LiftingModel:
    torch.manual_seed(0)
    model = LiftingModel(profile, NetworkShape(profile.features, 48, width=WIDTH))
    return randomised(model).requires_grad_(False)  # type: ignore[return-value]


VIEWED = ("nose", *HUMAN36M_JOINTS[1:7])


@pytest.mark.parametrize(
    ("profile", "shape"),
    [
        (Profile(HUMAN36M_JOINTS, HUMAN36M_JOINTS[1:], 1.7, input="pixels"), (17, 2)),
        (Profile(VIEWED, HUMAN36M_JOINTS[1:], 1.7), (21,)),
        (Profile(VIEWED, HUMAN36M_JOINTS[1:], 1.7, apparent_size=True), (22,)),
    ],
    ids=["pixels", "view", "view with the apparent size"],
)
def test_onnx_gives_the_same_joints_for_any_number_of_poses(
    profile: Profile, shape: tuple[int, ...], tmp_path: Path
) -> None:
    model = own_model(profile)
    save_model(model, tmp_path / "ours.safetensors", torch.float32)
    assert main([str(tmp_path / "ours.safetensors"), str(tmp_path / "ours.onnx")]) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / "ours.onnx"))
    for count in (1, 7):
        features = torch.randn(count, *shape)
        (found,) = session.run(["joints"], {"keypoints": features.numpy()})
        np.testing.assert_allclose(found, model(features).numpy(), atol=1e-5, rtol=0)
    told = json.loads(session.get_modelmeta().custom_metadata_map["profile"])
    assert told["input"] == profile.input
    assert told["joints"] == list(HUMAN36M_JOINTS[1:])


def test_the_engine_lifts_with_converted_weights(tmp_path: Path) -> None:
    torch.save({"state_dict": randomised(MMPose()).state_dict()}, tmp_path / "theirs.pth")
    assert main([str(tmp_path / "theirs.pth"), str(tmp_path / "ours.safetensors")]) == 0
    lifter = Lifter.load(tmp_path / "ours.safetensors", "cpu")
    names = ["nose", *(name for name in HUMAN36M_JOINTS if name.startswith(("left", "right")))]
    points = np.random.default_rng(0).uniform(200, 500, (4, len(names), 2))
    lifted = lifter.lift(names, points, np.ones((4, len(names))), camera_matrix(900, 1280, 720))
    assert np.isfinite(lifted.joints[:, : len(HUMAN36M_JOINTS)]).all()


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code was executed",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 not much", "not a whole checkpoint"),
        (pickle.dumps({"state_dict": Payload()}), "holds code"),
        ({"state_dict": {"w9.weight": torch.zeros(2)}}, "unknown network"),
        (
            {"state_dict": {"w2.weight": torch.zeros(48, 8), "w1.weight": torch.zeros(8, 30)}},
            "of another shape",
        ),
        ([1, 2], "holds no weights"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    content: Any, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    path = tmp_path / "theirs.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    assert main([str(path), str(tmp_path / "ours.safetensors")]) == 2
    assert message in caplog.text
    assert "executed" not in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_other_kinds_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([str(tmp_path / "none.pth"), str(tmp_path / "ours.txt")]) == 2
    assert "wrong ending" in caplog.text
    assert main([str(tmp_path / "none.pth"), str(tmp_path / "ours.onnx")]) == 2
    assert "no file" in caplog.text
