"""MakeHuman's base mesh, its shape targets and its rigs, read from their files (CC0).

The base mesh is in decimetres with y up and faces +z; everything returned here is in metres with z up,
faces -Y and stands on z = 0. Vertex indices are those of the base mesh.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput

_DECIMETRE = 0.1

# Weighted shape targets below `targets/`; the thirds mix MakeHuman's three base faces evenly.
AVERAGE_MAN: Mapping[str, float] = {
    "macrodetails/african-male-young": 1 / 3,
    "macrodetails/asian-male-young": 1 / 3,
    "macrodetails/caucasian-male-young": 1 / 3,
    "macrodetails/universal-male-young-averagemuscle-averageweight": 1.0,
}

SKIN: Mapping[str, tuple[float, float, float]] = {
    "head": (0, -0.059, 1.730),
    "neck": (0, -0.168, 1.581),
    "left_ear": (0.074, -0.053, 1.605),
    "left_eye": (0.029, -0.143, 1.622),
    "left_heel": (0.202, 0.047, 0.030),
    "left_toe": (0.174, -0.211, 0.013),
}
"""Places on the skin of `AVERAGE_MAN`, metres, by the names of `training.datasets.mocap.POINTS`; of pairs the
left one."""


@dataclass(frozen=True)
class RigBone:
    """One bone of a rig, fitted to a shape."""

    name: str
    parent: str
    """Name of the parent bone, empty for the root."""
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    roll: float


@contextmanager
def complete_data(folder: Path) -> Iterator[None]:
    """Raises InvalidInput where reading MakeHuman's data finds that a file is missing."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            f"{folder} lacks {error.filename}.", "Give the folder mpfb2 of MakeHuman's data."
        ) from error


@dataclass(frozen=True, eq=False)
class BaseMesh:
    """A shaped body with its helper geometry (clothes, eyes, joint positions)."""

    vertices: NDArray[np.float64]
    """(V, 3) metres."""
    average: NDArray[np.float64]
    """(V, 3) metres, the same vertices of `AVERAGE_MAN`."""
    groups: Mapping[str, NDArray[np.int64]]
    """Faces by group, (F, 4) vertex indices: `body`, helpers like `helper-tights`, and `joint-...` cubes."""

    @classmethod
    def load(cls, data: Path, targets: Mapping[str, float]) -> BaseMesh:
        """Read the base mesh in the folder `data` and shape it with weighted targets.

        Raises OSError when a file is missing.
        """
        base, groups = _read_obj(data / "3dobjs" / "base.obj")
        body = np.unique(groups["body"])
        return cls(_shaped(data, base, body, targets), _shaped(data, base, body, AVERAGE_MAN), groups)

    def centre(self, group: str) -> NDArray[np.float64]:
        """(3,) middle of a group's vertices: for `joint-...` groups the position of the joint."""
        centre: NDArray[np.float64] = self.vertices[np.unique(self.groups[group])].mean(0)
        return centre

    def skin(self, place: Sequence[float]) -> NDArray[np.float64]:
        """(3,) the vertex of the skin that is nearest to a place on `AVERAGE_MAN`."""
        body = np.unique(self.groups["body"])
        nearest: NDArray[np.float64] = self.vertices[
            body[np.linalg.norm(self.average[body] - place, axis=1).argmin()]
        ]
        return nearest

    def average_centre(self, group: str) -> NDArray[np.float64]:
        """The same of `AVERAGE_MAN`."""
        centre: NDArray[np.float64] = self.average[np.unique(self.groups[group])].mean(0)
        return centre


def _shaped(
    data: Path, base: NDArray[np.float64], body: NDArray[np.int64], targets: Mapping[str, float]
) -> NDArray[np.float64]:
    """(V, 3) metres: the base mesh with weighted targets, `body` standing on the ground."""
    vertices = base.copy()
    for name, weight in targets.items():
        moved, offsets = _read_target(data / "targets" / f"{name}.target.gz")
        vertices[moved] += weight * offsets
    upright: NDArray[np.float64] = vertices[:, [0, 2, 1]] * [1, -1, 1] * _DECIMETRE
    upright[:, 2] -= upright[body, 2].min()
    return upright


@lru_cache(maxsize=1)
def _read_obj(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.int64]]]:
    vertices: list[list[float]] = []
    faces: dict[str, list[list[int]]] = {}
    group = ""
    for line in path.read_text().splitlines():
        kind, *values = line.split() or [""]
        if kind == "v":
            vertices.append([float(value) for value in values[:3]])
        elif kind == "g":
            group = values[0]
        elif kind == "f":
            faces.setdefault(group, []).append([int(corner.split("/")[0]) - 1 for corner in values])
    return np.array(vertices), {name: np.array(quads) for name, quads in faces.items()}


@lru_cache(maxsize=400)
def _read_target(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The vertices that a target moves, and how far."""
    with gzip.open(path, "rt") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    moved = np.array([int(row[0]) for row in rows], np.int64)  # some targets move nothing
    return moved, np.array([row[1:4] for row in rows], float).reshape(-1, 3)


def read_rig(data: Path, rig: str, mesh: BaseMesh) -> list[RigBone]:
    """The bones of a rig in `rigs/standard`, fitted to the mesh; parents come before their children."""
    document = json.loads((data / "rigs" / "standard" / f"rig.{rig}.json").read_text())
    bones: dict[str, dict[str, Any]] = document.get("bones", document)
    ordered: list[RigBone] = []

    def add(name: str) -> None:
        if not name or any(bone.name == name for bone in ordered):
            return
        bone = bones[name]
        add(bone["parent"] or "")
        head, tail = _anchor(bone["head"], mesh), _anchor(bone["tail"], mesh)
        ordered.append(RigBone(name, bone["parent"] or "", head, tail, bone["roll"]))

    for name in bones:
        add(name)
    return ordered


def _anchor(where: dict[str, Any], mesh: BaseMesh) -> tuple[float, float, float]:
    if where["strategy"] == "CUBE":
        x, y, z = mesh.centre(where["cube_name"])
    elif where["strategy"] == "VERTEX":
        x, y, z = mesh.vertices[where["vertex_index"]]
    else:
        x, y, z = mesh.vertices[where["vertex_indices"]].mean(0)
    return float(x), float(y), float(z)


def read_weights(data: Path, rig: str) -> dict[str, list[tuple[int, float]]]:
    """Skinning weights by bone: pairs of vertex index and weight."""
    document = json.loads((data / "rigs" / "standard" / f"weights.{rig}.json").read_text())
    return {bone: [(int(i), float(w)) for i, w in pairs] for bone, pairs in document["weights"].items()}
