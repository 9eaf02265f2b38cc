"""What the figure wears: which faces of the base mesh are kept, and the colour of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendering.makehuman import BaseMesh
from training.rendering.stage import Colour

_EYE_WHITE: Colour = (0.8, 0.8, 0.8)
_IRIS: Colour = (0.03, 0.02, 0.01)
_LIPS: Colour = (0.45, 0.15, 0.13)

Faces = NDArray[np.int64]
"""(F, 4) vertex indices."""


@dataclass(frozen=True)
class Clothes:
    """The colours of a shirt, trousers, shoes, skin and hair, and how they are cut."""

    shirt: Colour = (0.75, 0.16, 0.10)
    trousers: Colour = (0.06, 0.09, 0.20)
    shoes: Colour = (0.10, 0.07, 0.05)
    skin: Colour = (0.62, 0.36, 0.25)
    hair: Colour = (0.05, 0.025, 0.012)
    sleeves: float = 2 / 3
    """How far they reach: 0 to the shoulder, 1 to the elbow, 2 to the wrist."""
    legs: float = 1.0
    """The same of the trousers: 0 to the hip, 1 to the ankle."""
    long_hair: bool = False
    skirt: bool = False
    """Down to the calves, of the trousers' colour."""
    looseness: float = 0.0
    """Metres between the clothes and the body, beside a tight fit."""


def dress(mesh: BaseMesh, clothes: Clothes) -> list[tuple[Faces, Colour]]:
    """Faces with their colours. MakeHuman's helper tights are the clothes.

    What is covered is chosen on the average body: `mesh` need not have any particular shape.
    """
    tights = mesh.groups["helper-tights"]
    centres = mesh.average[tights].mean(1)
    shirt = _is_shirt(mesh, clothes, centres)
    trousers = (centres[:, 2] <= _waist(mesh)) & (centres[:, 2] > _trouser_end(mesh, clothes))
    dressed = [(tights[shirt], clothes.shirt), (tights[trousers], clothes.trousers)]
    if clothes.skirt:
        dressed.append((mesh.groups["helper-skirt"], clothes.trousers))
    if clothes.long_hair:
        dressed.append((_beside_the_face(mesh), clothes.hair))
    dressed += _paint_body(mesh, clothes)
    for side in ("l", "r"):
        eye = mesh.groups[f"helper-{side}-eye"]
        iris = _is_iris(mesh, side, mesh.average[eye].mean(1))
        dressed += [(eye[iris], _IRIS), (eye[~iris], _EYE_WHITE)]
    return dressed


def loosened(mesh: BaseMesh, clothes: Clothes) -> NDArray[np.float64]:
    """(V, 3) vertices of the mesh, those of the clothes moved off the body."""
    vertices = mesh.vertices.copy()
    tights = mesh.groups["helper-tights"]
    corners = vertices[tights]
    across = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals = np.zeros_like(vertices)
    np.add.at(normals, tights.ravel(), np.repeat(across, 4, axis=0))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    vertices += clothes.looseness * normals / np.where(length > 0, length, 1)
    return vertices


def _waist(mesh: BaseMesh) -> float:
    return float(mesh.average_centre("joint-pelvis")[2]) + 0.06


def _collar(mesh: BaseMesh) -> float:
    return float(mesh.average_centre("joint-neck")[2]) + 0.01


def _sleeve_end(mesh: BaseMesh, clothes: Clothes) -> float:
    """Metres from the middle of the body, arms as they rest."""
    arm = [float(mesh.average_centre(f"joint-l-{joint}")[0]) for joint in ("shoulder", "elbow", "hand")]
    return float(np.interp(clothes.sleeves, [0, 1, 2], arm))


def _trouser_end(mesh: BaseMesh, clothes: Clothes) -> float:
    """Metres above the ground."""
    hip, ankle = (float(mesh.average_centre(f"joint-l-{joint}")[2]) for joint in ("upper-leg", "ankle"))
    return hip + clothes.legs * (ankle - 0.01 - hip)


def _is_shirt(mesh: BaseMesh, clothes: Clothes, centres: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Above the waist, below the collar, down to the end of the sleeves."""
    x, _, z = centres.T
    shirt: NDArray[np.bool_] = (
        (z > _waist(mesh)) & (z < _collar(mesh)) & (np.abs(x) < _sleeve_end(mesh, clothes))
    )
    return shirt


def _beside_the_face(mesh: BaseMesh) -> Faces:
    """The long hair without what hangs over the face and the chest."""
    hair = mesh.groups["helper-hair"]
    _, y, z = mesh.average[hair].mean(1).T
    _, eye_y, eye_z = mesh.average_centre("joint-l-eye")
    kept: Faces = hair[(y > eye_y + 0.06) | (z > eye_z + 0.06)]
    return kept


def _is_iris(mesh: BaseMesh, side: str, centres: NDArray[np.float64]) -> NDArray[np.bool_]:
    offset = centres - mesh.average_centre(f"joint-{side}-eye")
    iris: NDArray[np.bool_] = (np.hypot(offset[:, 0], offset[:, 2]) < 0.006) & (offset[:, 1] < 0)
    return iris


def _paint_body(mesh: BaseMesh, clothes: Clothes) -> list[tuple[Faces, Colour]]:
    body = mesh.groups["body"]
    x, y, z = mesh.average[body].mean(1).T
    _, eye_y, eye_z = mesh.average_centre("joint-l-eye")
    _, mouth_y, mouth_z = mesh.average_centre("joint-mouth")
    brows = (np.abs(z - eye_z - 0.026) < 0.005) & (np.abs(np.abs(x) - 0.033) < 0.021) & (y < eye_y + 0.02)
    hair = (z > eye_z + 0.055) | ((y > eye_y + 0.075) & (z > mouth_z - 0.01)) | brows
    lips = (np.abs(z - mouth_z) < 0.011) & (np.abs(x) < 0.024) & (y < mouth_y + 0.01)
    shoes = z < mesh.average_centre("joint-l-ankle")[2] + 0.03
    uncovered = (z > _collar(mesh) - 0.04) | (np.abs(x) > _sleeve_end(mesh, clothes) - 0.05)
    uncovered |= z < _trouser_end(mesh, clothes) + 0.07
    skin = uncovered & ~(hair | lips | shoes)
    return [
        (body[skin], clothes.skin),
        (body[hair], clothes.hair),
        (body[lips], _LIPS),
        (body[shoes], clothes.shoes),
    ]
