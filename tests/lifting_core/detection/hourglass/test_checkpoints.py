from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lifting_core.detection.hourglass.checkpoints import read_checkpoint
from lifting_core.detection.hourglass.weights import load_hourglass
from lifting_core.detection.joint_sets import HUMAN36M_16, JOINT_SETS, MPII
from lifting_core.errors import InvalidInput
from training import convert

_PREFIX = {"bearpaw": "module.", "princeton": "model.module."}


def _state(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in network.state_dict().items()}


def _save(path: Path, state: dict[str, Tensor]) -> Path:
    """As the public code does, with what else it puts into the file."""
    torch.save({"epoch": 3, "state_dict": state, "best_acc": np.float64(0.5), "optimizer": {}}, path)
    return path


def _outputs(network: nn.Module, images: Tensor, names: set[str]) -> dict[str, Tensor]:
    """What the parts of our network with these names put out."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda module, given, out: found.update({name: out})

    for name, module in network.named_modules():
        if name in names:
            module.register_forward_hook(keep(name))
    network(images)
    return found


@pytest.mark.parametrize(
    ("family", "stacks", "millions"),
    [("bearpaw", 2, 6.73), ("bearpaw", 8, 25.59), ("princeton", 2, 8.43), ("princeton", 8, 32.82)],
)
def test_every_layer_of_a_public_checkpoint_puts_out_what_the_public_network_does(
    family: str, stacks: int, millions: float, reading: Callable[[str, int], Any], tmp_path: Path
) -> None:
    theirs = reading(family, stacks)
    parameters = sum(parameter.numel() for parameter in theirs.parameters())
    assert round(parameters / 1e6, 2) == millions
    model = read_checkpoint(_save(tmp_path / "best.pth.tar", _state(theirs, _PREFIX[family])))
    images = torch.rand(1, 3, 64, 64)
    expected = theirs.layers(images)
    found = _outputs(model.network, images - model.mean, set(expected))
    assert found.keys() == expected.keys()
    assert len(expected) == 1 + 3 * stacks
    for name, output in expected.items():
        torch.testing.assert_close(found[name], output, rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(
        model(images)[-1], expected[f"stacks.{stacks - 1}.heatmaps"], rtol=1e-4, atol=1e-4
    )
    assert model.profile.joints == MPII


def test_a_file_may_hold_the_bare_weights(reading: Callable[[str, int], Any], tmp_path: Path) -> None:
    bare = torch.nn.Module.state_dict(reading("bearpaw", 2))
    torch.save(dict(bare), tmp_path / "bare.pth")
    model = read_checkpoint(tmp_path / "bare.pth", HUMAN36M_16)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 2) == 6.73
    assert model.profile.joints == HUMAN36M_16


@pytest.mark.parametrize("joints", ["mpii-16", "human36m-16"])
def test_a_converted_checkpoint_gives_the_same(
    joints: str, reading: Callable[[str, int], Any], tmp_path: Path
) -> None:
    path, out = (
        _save(tmp_path / "a.pth", _state(reading("princeton", 2), "model.module.")),
        tmp_path / "a.safetensors",
    )
    assert convert.main([str(path), str(out), "--joints", joints]) == 0
    model, again = read_checkpoint(path, JOINT_SETS[joints]), load_hourglass(out)
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(again(images)[-1], model(images)[-1], rtol=0, atol=0)
    assert again.profile == model.profile


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda state: state.pop(name)


@pytest.mark.parametrize(
    ("family", "change", "told"),
    [
        ("bearpaw", _without("fc.0.1.running_mean"), "is missing"),
        (
            "bearpaw",
            lambda s: s.update({"score.7.weight": torch.zeros(16, 256, 1, 1)}),
            "score.7.weight is unex",
        ),
        ("bearpaw", lambda s: s.update({"hg.2.hg.0.0.0.bn1.weight": torch.zeros(256)}), "hg.2.hg.0.0.0.bn1"),
        ("bearpaw", lambda s: [s.pop(n) for n in list(s) if n.startswith("score.1")], "unexpected"),
        ("bearpaw", lambda s: s.update({"conv1.weight": torch.zeros(64, 1, 7, 7)}), "has shape"),
        ("bearpaw", lambda s: s.update({"conv1.weight": torch.zeros(())}), "damaged"),
        (
            "bearpaw",
            lambda s: s.update({"score.0.weight": torch.zeros(9, 256, 1, 1)}),
            "finds 9 joints, not 16",
        ),
        ("bearpaw", lambda s: s.update({"bn1.bias": torch.zeros(64, dtype=torch.int64)}), "int64"),
        ("princeton", _without("hgs.1.0.low2.low2.low2.low2.conv1.conv.weight"), "is missing"),
        ("princeton", lambda s: s.update({"heads.weight": torch.zeros(3)}), "heads.weight is unexpected"),
        ("princeton", lambda s: s.update({"outs.0.conv.weight": torch.zeros(16, 1 << 20, 1, 1)}), "features"),
        ("princeton", _without("pre.0.conv.weight"), "unknown network"),
    ],
)
def test_what_does_not_fit_is_named(
    family: str, change: Callable[[Any], Any], told: str, reading: Callable[[str, int], Any], tmp_path: Path
) -> None:
    state = _state(reading(family, 2), "")
    change(state)
    with pytest.raises(InvalidInput, match=told):
        read_checkpoint(_save(tmp_path / "a.pth", state))


class _Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"conv1.weight": _Malicious()}}, "evil.pth")
    with pytest.raises(InvalidInput, match="holds code, not only weights"):
        read_checkpoint(Path("evil.pth"))
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "not a whole checkpoint"), (b"PK\x03\x04 cut off", "not a whole checkpoint"), (None, "no file")],
)
def test_files_that_are_no_checkpoint_are_told(content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        read_checkpoint(path)
