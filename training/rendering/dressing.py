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


@dataclass(frozen=True)
class Clothes:
    """The colours of a T-shirt, trousers, shoes, skin and short hair."""

    shirt: Colour = (0.75, 0.16, 0.10)
    trousers: Colour = (0.06, 0.09, 0.20)
    shoes: Colour = (0.10, 0.07, 0.05)
    skin: Colour = (0.62, 0.36, 0.25)
    hair: Colour = (0.05, 0.025, 0.012)


def dress(mesh: BaseMesh, clothes: Clothes) -> list[tuple[NDArray[np.int64], Colour]]:
    """Faces, (F, 4) vertex indices each, with their colours. MakeHuman's helper tights are the clothes."""
    tights = mesh.groups["helper-tights"]
    centres = mesh.vertices[tights].mean(1)
    shirt = _is_shirt(mesh, centres)
    trousers = (centres[:, 2] <= _waist(mesh)) & (centres[:, 2] > mesh.centre("joint-l-ankle")[2] - 0.01)
    dressed = [(tights[shirt], clothes.shirt), (tights[trousers], clothes.trousers)]
    dressed += _paint_body(mesh, clothes)
    for side in ("l", "r"):
        eye = mesh.groups[f"helper-{side}-eye"]
        iris = _is_iris(mesh, side, mesh.vertices[eye].mean(1))
        dressed += [(eye[iris], _IRIS), (eye[~iris], _EYE_WHITE)]
    return dressed


def _waist(mesh: BaseMesh) -> float:
    return float(mesh.centre("joint-pelvis")[2]) + 0.06


def _collar(mesh: BaseMesh) -> float:
    return float(mesh.centre("joint-neck")[2]) + 0.01


def _sleeve_end(mesh: BaseMesh) -> float:
    """Metres from the middle of the body, arms as they rest."""
    return float((mesh.centre("joint-l-shoulder") + 2 * mesh.centre("joint-l-elbow"))[0]) / 3


def _is_shirt(mesh: BaseMesh, centres: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Above the waist, below the collar, down to the middle of the upper arms."""
    x, _, z = centres.T
    shirt: NDArray[np.bool_] = (z > _waist(mesh)) & (z < _collar(mesh)) & (np.abs(x) < _sleeve_end(mesh))
    return shirt


def _is_iris(mesh: BaseMesh, side: str, centres: NDArray[np.float64]) -> NDArray[np.bool_]:
    offset = centres - mesh.centre(f"joint-{side}-eye")
    iris: NDArray[np.bool_] = (np.hypot(offset[:, 0], offset[:, 2]) < 0.006) & (offset[:, 1] < 0)
    return iris


def _paint_body(mesh: BaseMesh, clothes: Clothes) -> list[tuple[NDArray[np.int64], Colour]]:
    body = mesh.groups["body"]
    x, y, z = mesh.vertices[body].mean(1).T
    _, eye_y, eye_z = mesh.centre("joint-l-eye")
    _, mouth_y, mouth_z = mesh.centre("joint-mouth")
    brows = (np.abs(z - eye_z - 0.026) < 0.005) & (np.abs(np.abs(x) - 0.033) < 0.021) & (y < eye_y + 0.02)
    hair = (z > eye_z + 0.055) | ((y > eye_y + 0.075) & (z > mouth_z - 0.01)) | brows
    lips = (np.abs(z - mouth_z) < 0.011) & (np.abs(x) < 0.024) & (y < mouth_y + 0.01)
    ankle_z = mesh.centre("joint-l-ankle")[2]
    shoes = z < ankle_z + 0.03
    uncovered = (z > _collar(mesh) - 0.04) | (np.abs(x) > _sleeve_end(mesh) - 0.05) | (z < ankle_z + 0.06)
    skin = uncovered & ~(hair | lips | shoes)
    return [
        (body[skin], clothes.skin),
        (body[hair], clothes.hair),
        (body[lips], _LIPS),
        (body[shoes], clothes.shoes),
    ]
