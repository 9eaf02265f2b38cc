"""What a user can choose about lifting a clip."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lifting_core.errors import InvalidInput

DEVICES: tuple[str, ...] = ("auto", "cpu", "cuda", "mps")

PersonChoice = Literal["largest"] | int | tuple[float, float]

DEFAULT_HEIGHT = 1.70
"""Metres."""


@dataclass(frozen=True)
class LiftSettings:
    """The settings of one lift. Raises InvalidInput on values that cannot be meant."""

    detector: str = "mediapipe"
    person: PersonChoice = "largest"
    """"largest", a number from 0 in order of appearance and from the left, or pixels (x, y)."""
    start: int = 0
    """First frame."""
    end: int | None = None
    """Last frame, inclusive; None for the end of the clip."""
    step: int = 1
    device: str = "auto"
    """"auto", "cpu", "cuda" or "mps"."""
    fov: float | None = None
    """Field of view in degrees along the image's longer side; None: from EXIF or lines, else the default."""
    smoothing: float = 0.5
    """0 (none) to 1 (strong)."""
    height: float | None = None
    """The person's height in metres, which sets the scale; None for DEFAULT_HEIGHT."""
    weights: Path | None = None
    """A weights file of the lifter; None for those that ship."""
    detector_weights: Path | None = None
    """The file that the detector reads: weights, the description of a model, or keypoints."""
    detector_boxes: str = "mediapipe"
    """Who tells a detector of single people where they are: "mediapipe", "centre", or a file of boxes."""

    def __post_init__(self) -> None:
        for name, (is_good, wanted) in _RULES.items():
            value = getattr(self, name)
            if not is_good(value):
                raise InvalidInput(f"The setting {name} cannot be {value!r}.", f"Give {wanted}.")
        if self.end is not None and self.end < self.start:
            raise InvalidInput(
                f"The range ends at frame {self.end}, before its start at frame {self.start}.",
                "Give an end that is not before the start.",
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LiftSettings:
        """Settings from JSON, where a point is a list and a path a text.

        Raises InvalidInput on a name that is not a setting, or a bad value.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise InvalidInput(
                f"There is no setting named {', '.join(unknown)}.", f"The settings are {', '.join(names)}."
            )
        person = values.get("person", cls.person)
        converted: dict[str, Any] = {"person": tuple(person) if isinstance(person, list) else person}
        for name in ("weights", "detector_weights"):
            path = values.get(name)
            converted[name] = Path(path) if isinstance(path, str) else path
        return cls(**{**values, **converted})


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: object, low: float = -math.inf, high: float = math.inf) -> bool:
    """A finite number from low to high."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and low <= value <= high
    )


def _is_person(value: object) -> bool:
    if isinstance(value, tuple):
        return len(value) == 2 and all(_is_number(coordinate) for coordinate in value)
    return value == "largest" or _is_whole(value, 0)


_RULES: dict[str, tuple[Any, str]] = {
    "detector": (lambda v: isinstance(v, str) and v != "", "the name of a detector"),
    "person": (_is_person, '"largest", an index from 0, or a point x, y in pixels'),
    "start": (lambda v: _is_whole(v, 0), "a frame number from 0"),
    "end": (lambda v: v is None or _is_whole(v, 0), "a frame number from 0, or nothing"),
    "step": (lambda v: _is_whole(v, 1), "a whole number from 1"),
    "device": (lambda v: v in DEVICES, f"one of {', '.join(DEVICES)}"),
    "fov": (lambda v: v is None or _is_number(v, 5, 170), "degrees from 5 to 170"),
    "smoothing": (lambda v: _is_number(v, 0, 1), "a number from 0 to 1"),
    "height": (lambda v: v is None or _is_number(v, 0.3, 3), "metres from 0.3 to 3"),
    "weights": (lambda v: v is None or isinstance(v, Path), "the path of a weights file"),
    "detector_weights": (lambda v: v is None or isinstance(v, Path), "the path of a file for the detector"),
    "detector_boxes": (lambda v: isinstance(v, str) and v != "", "mediapipe, centre, or a file of boxes"),
}
