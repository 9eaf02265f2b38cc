from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from lifting_core.errors import InvalidInput
from lifting_core.settings import LiftSettings


def test_defaults_are_those_of_the_protocol() -> None:
    assert LiftSettings.from_dict({}) == LiftSettings(
        detector="mediapipe",
        person="largest",
        start=0,
        end=None,
        step=1,
        device="auto",
        fov=None,
        smoothing=0.5,
        height=None,
        weights=None,
        detector_weights=None,
        detector_boxes="mediapipe",
    )


def test_json_values_become_pythons() -> None:
    text = '{"person": [640, 360.5], "weights": "a.safetensors", "end": 9, "device": "cuda", "fov": 65}'
    settings = LiftSettings.from_dict(json.loads(text))
    assert settings.person == (640, 360.5)
    assert settings.weights == Path("a.safetensors")
    assert LiftSettings.from_dict({"detector_weights": "b.toml"}).detector_weights == Path("b.toml")
    assert (settings.end, settings.device, settings.fov) == (9, "cuda", 65)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no setting named smoothness") as caught:
        LiftSettings.from_dict({"smoothness": 1})
    assert "smoothing" in caught.value.advice


@pytest.mark.parametrize(
    "values",
    [
        {"detector": ""},
        {"detector": None},
        {"person": "smallest"},
        {"person": -1},
        {"person": True},
        {"person": [1]},
        {"person": [1, math.nan]},
        {"person": 1.5},
        {"start": -1},
        {"start": 1.0},
        {"start": None},
        {"end": -1},
        {"start": 5, "end": 4},
        {"step": 0},
        {"device": "gpu"},
        {"device": ["cpu"]},
        {"fov": 0},
        {"fov": 180},
        {"fov": math.inf},
        {"fov": "60"},
        {"smoothing": 1.1},
        {"smoothing": None},
        {"height": 0},
        {"height": 170},
        {"weights": 3},
        {"detector_weights": 3},
        {"detector_boxes": ""},
    ],
)
def test_bad_values_are_refused_with_advice(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        LiftSettings.from_dict(values)
    assert caught.value.message.endswith(".")
    assert caught.value.advice
