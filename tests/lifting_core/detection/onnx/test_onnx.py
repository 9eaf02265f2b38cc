from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.detection import DetectorOptions, open_detector
from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.media.frames import Frame

_PLACES = np.array([[205.3, 150.7], [190.1, 110.2], [201.8, 70.9]])
_SIZE = (400, 300)


def _frame() -> Frame:
    """Red, green and blue spots on black."""
    rows, columns = np.mgrid[: _SIZE[1], : _SIZE[0]] + 0.5
    spots = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 12.0**2)) for x, y in _PLACES]
    return Frame(0, 0.0, (250 * np.stack(spots, -1)).round().astype(np.uint8))


def _detect(description: Path) -> list[Any]:
    options = DetectorOptions(description, boxes="centre", device="cpu")
    with open_detector("onnx", options=options) as detector:
        assert detector.keypoint_names == ("pelvis", "thorax", "head")
        return detector.detect(_frame())


@pytest.mark.parametrize("batch", ["N", 1])
def test_heat_maps_are_read(write_heatmaps: Any, describe: Any, batch: Any) -> None:
    (person,) = _detect(describe(write_heatmaps(batch), "heatmap"))
    np.testing.assert_allclose(person.keypoints, _PLACES, atol=0.6)  # the input is 4 times smaller
    assert (person.confidence > 0.6).all()  # means of 4 x 4 pixels


@pytest.mark.parametrize("batch", ["N", 1])
def test_bins_are_read(write_bins: Any, describe: Any, batch: Any) -> None:
    (person,) = _detect(describe(write_bins(batch), "simcc", split="2.0"))
    np.testing.assert_allclose(person.keypoints, _PLACES, atol=3.2)  # a bin is 2 px
    assert (person.confidence > 0.8).all()


def test_colours_mean_and_deviation_are_heeded(write_heatmaps: Any, describe: Any) -> None:
    model = write_heatmaps()
    (usual,) = _detect(describe(model, "heatmap"))
    (person,) = _detect(describe(model, "heatmap", colours='"bgr"'))
    np.testing.assert_allclose(person.keypoints, _PLACES[::-1], atol=0.6)
    (person,) = _detect(describe(model, "heatmap", std="[510, 510, 510]"))
    np.testing.assert_allclose(person.confidence, usual.confidence / 2, rtol=1e-5)
    assert _detect(describe(model, "heatmap", mean="[255, 255, 255]")) == []


def _rows() -> NDArray[np.float64]:
    """Raw YOLO rows: two people, one of them twice, and something unlikely; (4, 5 + 3 * 3) input pixels."""
    keypoints = [[40, 60, 0.9], [42, 50, 0.8], [41, 30, 0.7]]
    others = [[70, 60, 0.9], [72, 50, 0.8], [71, 30, 0.7]]
    return np.array(
        [
            [41, 45, 12, 40, 0.9, *np.ravel(keypoints)],
            [41, 46, 12, 40, 0.6, *np.ravel(keypoints)],
            [71, 45, 12, 40, 0.8, *np.ravel(others)],
            [20, 20, 9, 9, 0.1, *np.ravel(others)],
        ]
    )


def _sorted_out() -> NDArray[np.float64]:
    """The same after the export's own suppression: corners, score, class."""
    rows = _rows()[[0, 2, 3]]
    corners = np.column_stack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2])
    return np.column_stack([corners, rows[:, 4], np.zeros(3), rows[:, 5:]])


@pytest.mark.parametrize("output", [_rows().T[None], _rows()[None], _sorted_out()[None]])
def test_everybody_in_the_picture_is_found_once(write_rows: Any, describe: Any, output: Any) -> None:
    people = _detect(describe(write_rows(output), "yolo-pose"))
    assert len(people) == 2
    # The picture of 400 x 300 fits into 96 x 128 with a scale of 0.24, and 28 px above and below.
    np.testing.assert_allclose(people[0].keypoints[0], [40 / 0.24, (60 - 28) / 0.24], atol=1e-3)
    np.testing.assert_allclose(people[1].confidence, [0.9, 0.8, 0.7], atol=1e-6)


@pytest.mark.parametrize(
    ("output", "changes", "told"),
    [
        ("simcc", {}, r"gives \(1, 3, 32, 24\) and .* not \(N, 3, 192\) and \(N, 3, 256\)"),
        ("yolo-pose", {}, r"not \(1, 14, M\) or \(1, M, 15\)"),
        ("heatmap", {"joints": '["head", "pelvis"]'}, r"not heat maps \(N, 2, 128 / s, 96 / s\)"),
        ("heatmap", {"size": "[192, 256]"}, r"reads tensor\(float\) .* not real numbers \(N, 3, 256, 192\)"),
    ],
)
def test_an_output_that_does_not_fit_its_description_is_told(
    write_heatmaps: Any, describe: Any, output: str, changes: dict[str, str], told: str
) -> None:
    path = describe(write_heatmaps(), output, **changes)
    with pytest.raises(InvalidInput, match=told) as error:
        open_detector("onnx", options=DetectorOptions(path, "centre", "cpu")).detect(_frame())
    assert "description" in error.value.advice


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"output": '"boxes"'}, "output that is one of simcc, heatmap, yolo-pose"),
        ({"joints": '"coco"'}, "no joint set 'coco'"),
        ({"joints": '["head", "head"]'}, "each once"),
        ({"joints": "[]"}, "names of its joints"),
        ({"size": "[96]"}, "size of two numbers"),
        ({"size": "[96, 1000000]"}, "size of two numbers"),
        ({"std": "[0, 1, 1]"}, "positive numbers of std"),
        ({"split": '"two"'}, "does not describe a model"),
        ({"layers": "3"}, "unknown entry layers"),
        ({"size": ""}, "lacks the entry size"),
        ({"model": '"other.onnx"'}, "other.onnx, which is not there"),
        ({"model": "}"}, "does not describe a model"),
    ],
)
def test_descriptions_that_cannot_be_meant_are_told(
    write_heatmaps: Any, describe: Any, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        _detect(describe(write_heatmaps(), "heatmap", **changes))


def test_joint_sets_have_names(write_heatmaps: Any, describe: Any) -> None:
    path = describe(write_heatmaps(), "heatmap", joints='"halpe-26"')
    with open_detector("onnx", options=DetectorOptions(path, "centre")) as detector:
        assert len(detector.keypoint_names) == 26
        assert detector.keypoint_names[20] == "left_foot_index"


def test_what_is_no_model_is_told(tmp_path: Path, describe: Callable[..., Path]) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(InvalidInput, match="no ONNX model that can be run"):
        _detect(describe(tmp_path / "bad.onnx", "heatmap"))


def test_without_onnx_runtime_the_extra_is_named(
    write_heatmaps: Any, describe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = describe(write_heatmaps(), "heatmap"), builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return known(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LiftPoseError, match="needs ONNX Runtime") as error:
        _detect(path)
    assert "lift-pose[onnx]" in error.value.advice
