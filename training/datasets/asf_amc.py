"""Acclaim's skeleton (ASF) and motion (AMC), the form in which the CMU Graphics Lab recorded.

A bone has a direction, a length, and the orientation of its axes at rest; a motion file has rotations about
those axes for every frame. Format: Lander, "Working with Motion Capture File Formats", Game Developer 1998.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.errors import InvalidInput
from training.datasets.bvh import SkeletalMotion

_FRAMES_PER_SECOND = 120.0
"""CMU's rate, for files that do not tell theirs in a comment."""


@dataclass(frozen=True, eq=False)
class _Bone:
    offset: NDArray[np.float64]
    """(3,) from its start to its end in the axes of the world, at rest."""
    axes: Rotation
    """Turns the bone's own axes into those of the world, at rest."""
    channels: tuple[str, ...]
    """Of "tx" to "tz" and "rx" to "rz", in the order of the motion file; turns are applied in that order."""


@dataclass(frozen=True, eq=False)
class AcclaimSkeleton:
    """Bones by name, and the name of every bone's parent; the first bone is "root"."""

    bones: dict[str, _Bone]
    parents: dict[str, str]


def read_asf_amc(skeleton: str | os.PathLike[str], motion: str | os.PathLike[str]) -> SkeletalMotion:
    """Pose a skeleton in every frame of a motion file.

    The result's points are named after the bones that end there, in the file's axes and unit. A bone's
    orientation turns vectors at rest into those of the frame. Raises InvalidInput when a file is not whole.
    """
    try:
        rest = _read_skeleton(Path(skeleton).read_text(encoding="utf-8"))
    except (ValueError, LookupError) as error:
        raise InvalidInput(f"{skeleton} is not a whole ASF file.", "Leave it out or repair it.") from error
    try:
        lines = Path(motion).read_text(encoding="utf-8").splitlines()
        frames = _read_frames(lines)
        if not frames:
            raise ValueError("no frames")
        values = {
            name: np.array([frame[name] for frame in frames], np.float64).reshape(-1, len(bone.channels))
            for name, bone in rest.bones.items()
            if bone.channels
        }
    except (ValueError, LookupError) as error:
        raise InvalidInput(
            f"{motion} is not a whole AMC file for {Path(skeleton).name}.", "Leave it out or repair it."
        ) from error
    return _pose(rest, values, len(frames), _rate(lines))


def _rate(lines: Iterable[str]) -> float:
    """Frames a second, from a comment such as "# thinned to 30 Hz"."""
    found = (re.search(r"([\d.]+) ?Hz", line) for line in lines if line.startswith("#"))
    return next((float(match[1]) for match in found if match), _FRAMES_PER_SECOND)


def _read_skeleton(text: str) -> AcclaimSkeleton:
    sections = {words[0]: words[1:] for part in text.split("\n:")[1:] if (words := part.split())}
    if "rad" in sections["units"]:
        raise ValueError("angles in radians")
    root = _fields(sections["root"])
    bones = {
        "root": _Bone(
            np.array(root["position"], np.float64),
            _turn(root["axis"][0], root["orientation"]),
            tuple(channel.lower() for channel in root["order"]),
        )
    }
    for block in _blocks(sections["bonedata"]):
        bone = _fields(block)
        *angles, order = bone["axis"]
        offset = np.array(bone["direction"], np.float64) * float(bone["length"][0])
        bones[bone["name"][0]] = _Bone(offset, _turn(order, angles), tuple(bone.get("dof", ())))
    parents: dict[str, str] = {}
    for line in text.split(":hierarchy")[1].splitlines():
        parent, *children = line.split() or [""]
        parents |= dict.fromkeys(children, parent)
    if set(parents) | {"root"} != set(bones):
        raise ValueError("the hierarchy has other bones than the bone data")
    return AcclaimSkeleton(bones, parents)


_KEYWORDS = {
    *("id", "name", "direction", "length", "axis", "dof", "limits", "bodymass", "cofmass"),
    *("order", "position", "orientation"),
}


def _fields(words: Iterable[str]) -> dict[str, list[str]]:
    """The words after each keyword."""
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for word in words:
        if word in _KEYWORDS:
            values = fields.setdefault(word, [])
        else:
            values.append(word)
    return fields


def _blocks(words: list[str]) -> Iterable[list[str]]:
    start = 0
    for index, word in enumerate(words):
        if word == "begin":
            start = index + 1
        elif word == "end":
            yield words[start:index]


def _turn(order: str, angles: Iterable[str]) -> Rotation:
    """Turns about fixed axes, one after the other; degrees."""
    return Rotation.from_euler(order.lower(), [float(angle) for angle in angles], degrees=True)


def _read_frames(lines: Iterable[str]) -> list[dict[str, list[str]]]:
    frames: list[dict[str, list[str]]] = []
    for line in lines:
        words = line.split()
        if not words or words[0][0] in "#:":
            continue
        if len(words) == 1:
            frames.append({})
        else:
            frames[-1][words[0]] = words[1:]
    return frames


def _pose(
    rest: AcclaimSkeleton, values: dict[str, NDArray[np.float64]], frames: int, fps: float
) -> SkeletalMotion:
    """A bone turns about its own axes C: in the axes of the world its rotation is C M C^-1."""
    ends: dict[str, NDArray[np.float64]] = {}
    turns: dict[str, Rotation] = {}
    pending = ["root"]
    while pending:
        name = pending.pop()
        bone = rest.bones[name]
        own = bone.axes * _own_turn(bone.channels, values.get(name), frames) * bone.axes.inv()
        if name == "root":
            moved = [values[name][:, bone.channels.index(f"t{axis}")] for axis in "xyz"]
            turns[name], ends[name] = own, bone.offset + np.stack(moved, -1)
        else:
            parent = rest.parents[name]
            turns[name] = turns[parent] * own
            ends[name] = ends[parent] + turns[name].apply(bone.offset)
        pending += [child for child, parent in rest.parents.items() if parent == name]
    return SkeletalMotion(
        tuple(ends),
        fps,
        np.stack(list(ends.values()), 1),
        np.stack([turns[name].as_matrix() for name in ends], 1),
    )


def _own_turn(channels: tuple[str, ...], values: NDArray[np.float64] | None, frames: int) -> Rotation:
    turning = [index for index, channel in enumerate(channels) if channel[0] == "r"]
    if values is None or not turning:
        return Rotation.identity(frames)
    order = "".join(channels[index][1] for index in turning)
    return Rotation.from_euler(order, values[:, turning], degrees=True)
