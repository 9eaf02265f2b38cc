"""Biovision hierarchies (BVH): a skeleton with offsets, and a row of channels for every frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Joints of a BVH file, parents before children; an end site is named after its joint with ":end"."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: NDArray[np.float64]
    """(J, 3) position relative to the parent, in the file's unit."""
    channels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class SkeletalMotion:
    """Positions and orientations of all joints of a clip, in the file's axes and unit."""

    names: tuple[str, ...]
    fps: float
    positions: NDArray[np.float64]
    """(T, J, 3)"""
    orientations: NDArray[np.float64]
    """(T, J, 3, 3) turn vectors of a joint's own axes into the file's axes."""

    def position(self, name: str) -> NDArray[np.float64]:
        """(T, 3) where the joint is."""
        return self.positions[:, self.names.index(name)]

    def point(self, name: str, offset: tuple[float, float, float]) -> NDArray[np.float64]:
        """(T, 3) a point fixed to the joint, `offset` away in the joint's own axes."""
        joint = self.names.index(name)
        point: NDArray[np.float64] = self.positions[:, joint] + self.orientations[:, joint] @ np.array(offset)
        return point

    def direction(self, name: str, axis: tuple[float, float, float]) -> NDArray[np.float64]:
        """(T, 3) a direction fixed to the joint, given in the joint's own axes."""
        direction: NDArray[np.float64] = self.orientations[:, self.names.index(name)] @ np.array(axis)
        return direction


def read_bvh(path: str | os.PathLike[str]) -> SkeletalMotion:
    """Read a BVH file and pose its skeleton in every frame. Raises InvalidInput when it is not one."""
    try:
        tokens = iter(Path(path).read_text(encoding="utf-8", errors="strict").split())
        skeleton = _read_hierarchy(tokens)
        frames, frame_time = _read_motion_header(tokens)
        columns = sum(map(len, skeleton.channels))
        values = np.array(list(tokens), np.float64).reshape(frames, columns)
        return _pose(skeleton, values, 1 / frame_time)
    except (StopIteration, ValueError, IndexError, ZeroDivisionError) as error:
        raise InvalidInput(f"{path} is not a whole BVH file.", "Leave it out or repair it.") from error


def _read_hierarchy(tokens: Iterator[str]) -> Skeleton:
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    branch: list[int] = []
    for token in tokens:
        if token in ("ROOT", "JOINT", "End"):
            name = next(tokens)
            parents.append(branch[-1] if branch else -1)
            names.append(f"{names[branch[-1]]}:end" if token == "End" else name)
            channels.append(())
        elif token == "{":
            branch.append(len(names) - 1)
        elif token == "}":
            branch.pop()
        elif token == "OFFSET":
            offsets.append([float(next(tokens)) for _ in range(3)])
        elif token == "CHANNELS":
            channels[branch[-1]] = tuple(next(tokens) for _ in range(int(next(tokens))))
        elif token == "MOTION":
            break
    return Skeleton(tuple(names), tuple(parents), np.array(offsets), tuple(channels))


def _read_motion_header(tokens: Iterator[str]) -> tuple[int, float]:
    words = [next(tokens) for _ in range(5)]
    if (words[0], words[2], words[3]) != ("Frames:", "Frame", "Time:"):
        raise ValueError(f"unexpected words after MOTION: {words}")
    return int(words[1]), float(words[4])


def _pose(skeleton: Skeleton, values: NDArray[np.float64], fps: float) -> SkeletalMotion:
    """Forward kinematics: every joint's channels act in the order in which they are listed."""
    shape = (len(values), len(skeleton.names))
    positions, orientations = np.empty((*shape, 3)), np.empty((*shape, 3, 3))
    column = 0
    for joint, (parent, channels) in enumerate(zip(skeleton.parents, skeleton.channels, strict=True)):
        own = values[:, column : column + len(channels)]
        column += len(channels)
        local = np.broadcast_to(skeleton.offsets[joint], (len(values), 3)).copy()
        for axis, name in enumerate(("Xposition", "Yposition", "Zposition")):
            if name in channels:
                local[:, axis] = own[:, channels.index(name)]
        turns = [k for k, name in enumerate(channels) if name.endswith("rotation")]
        order = "".join(channels[k][0] for k in turns)
        if order:
            rotation = Rotation.from_euler(order, own[:, turns], degrees=True).as_matrix()
        else:
            rotation = np.broadcast_to(np.eye(3), (len(values), 3, 3))
        if parent < 0:
            positions[:, joint], orientations[:, joint] = local, rotation
        else:
            positions[:, joint] = positions[:, parent] + (orientations[:, parent] @ local[..., None])[..., 0]
            orientations[:, joint] = orientations[:, parent] @ rotation
    return SkeletalMotion(skeleton.names, fps, positions, orientations)
