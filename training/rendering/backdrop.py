"""What is behind people, and in front: rooms, skies and things, all drawn by numbers.

Renders are to show how a detector errs on footage, so colours and contrasts are those of places where people
film each other: mostly muted, seldom busy.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.filming import Camera

Picture = NDArray[np.float32]
"""(height, width, 3) RGB, 0 to 1."""

_ROOM_HEIGHT = (2.3, 5.0)
_ROOM_REACH = (2.0, 9.0)
# Colours between which skies, horizons and the ground lie.
_SKIES = ((0.25, 0.45, 0.80), (0.55, 0.70, 0.90), (0.70, 0.72, 0.75))
_HORIZONS = ((0.75, 0.82, 0.90), (0.85, 0.85, 0.83), (0.95, 0.85, 0.72))
_GROUNDS = (
    (0.30, 0.38, 0.18),
    (0.45, 0.40, 0.33),
    (0.42, 0.42, 0.42),
    (0.60, 0.52, 0.40),
    (0.25, 0.24, 0.23),
)


def draw_backdrop(rng: np.random.Generator, camera: Camera) -> Picture:
    """The picture of the camera without people."""
    kinds: tuple[Callable[[np.random.Generator, Camera], Picture], ...] = (_room, _room, _open_air)
    picture = kinds[rng.integers(len(kinds))](rng, camera)
    return np.clip(_with_things(rng, picture, rng.integers(0, 6)), 0, 1)


def draw_obstacle(rng: np.random.Generator, camera: Camera) -> Picture:
    """(height, width, 4) RGBA of something that stands before the people: a board or a post."""
    height, width = camera.height, camera.width
    cover = np.zeros((height, width, 4), np.float32)
    centre = rng.uniform(0.15, 0.85, 2) * [width, height]
    size = rng.uniform(0.08, 0.35, 2) * [width, height]
    if rng.random() < 0.5:
        centre[1], size[1] = height - size[1] / 2, rng.uniform(0.2, 0.5) * height  # furniture stands below
    box = cv2.boxPoints((tuple(centre), tuple(size), float(rng.normal(0, 8))))
    cv2.fillPoly(cover, [box.astype(np.int32)], (1.0, 1.0, 1.0, 1.0))
    cover[..., :3] *= _texture(rng, (height, width))
    return cover


def _room(rng: np.random.Generator, camera: Camera) -> Picture:
    """Floor, ceiling and four walls around the camera, tiled, papered or plain."""
    rays = _rays(camera)
    reach = np.array([[rng.uniform(*_ROOM_REACH) for _ in range(2)] for _ in range(2)])
    low = np.array([*np.minimum(-reach[0], camera.position[:2] - 0.5), min(0.0, camera.position[2] - 0.3)])
    top = max(rng.uniform(*_ROOM_HEIGHT), camera.position[2] + 0.3)
    high = np.array([*np.maximum(reach[1], camera.position[:2] + 0.5), top])
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where(rays > 0, high - camera.position, low - camera.position) / rays
    along[~np.isfinite(along)] = np.inf
    axis = along.argmin(-1)
    hit = camera.position + rays * along.min(-1)[..., None]
    picture = np.zeros((*axis.shape, 3), np.float32)
    for number in range(3):
        for positive in (False, True):
            there = (axis == number) & ((rays[..., number] > 0) == positive)
            others = [other for other in range(3) if other != number]
            picture[there] = _surface(rng, hit[there][:, others])
    darker_far_away = 0.75 + 0.25 / (1 + 0.1 * along.min(-1))
    shaded: Picture = (picture * darker_far_away[..., None]).astype(np.float32)
    return shaded


def _surface(rng: np.random.Generator, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) colours of places (N, 2) in metres on a wall or a floor."""
    base = _muted(rng)
    pattern = rng.integers(4)
    if pattern == 0:
        return np.tile(base, (len(places), 1))
    if pattern == 1:
        cell = np.floor(places / rng.uniform(0.15, 0.9, 2)).astype(int)
        shade = np.random.default_rng(rng.integers(2**31)).random(997)[(cell @ [57, 131]) % 997]
    elif pattern == 2:
        shade = 0.5 + 0.5 * np.sin(places @ rng.normal(0, 12, 2))
    else:
        waves = sum(np.sin(places @ rng.normal(0, 3 * 1.7**octave, 2) + octave) for octave in range(4))
        shade = 0.5 + 0.12 * np.asarray(waves)
    colours: NDArray[np.float64] = base * (1 - rng.uniform(0.05, 0.5) * shade[:, None])
    return colours


def _open_air(rng: np.random.Generator, camera: Camera) -> Picture:
    """A sky over a plain; from above, the plain alone."""
    rays = _rays(camera)
    rise = rays[..., 2:] / np.linalg.norm(rays, axis=-1, keepdims=True)
    zenith, horizon, ground = (_between(rng, colours) for colours in (_SKIES, _HORIZONS, _GROUNDS))
    sky = horizon + (zenith - horizon) * np.sqrt(rise.clip(0, 1))
    near = camera.position[2] / np.maximum(-rays[..., 2:], 1e-3)
    places = (camera.position + rays * near)[..., :2]
    plain = _surface(rng, places.reshape(-1, 2)).reshape(rays.shape) * 0.5 + ground * 0.5
    haze = np.exp(-near / 30)
    return np.where(rise > 0, sky, plain * haze + horizon * (1 - haze)).astype(np.float32)


def _muted(rng: np.random.Generator) -> NDArray[np.float64]:
    """(3,) a colour of paint, wood or cloth: any brightness, little saturation."""
    tint = 1 - 0.6 * rng.random() ** 2 * rng.random(3)
    colour: NDArray[np.float64] = rng.beta(1.5, 1.2) * tint
    return colour


def _between(rng: np.random.Generator, colours: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    """(3,) a random mixture."""
    mixture: NDArray[np.float64] = rng.dirichlet(np.ones(len(colours))) @ np.array(colours)
    return mixture


def _texture(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Noise of several octaves."""
    picture = np.broadcast_to(_muted(rng).astype(np.float32), (*size, 3)).copy()
    for octave in range(1, 6):
        grain = rng.normal(0, rng.uniform(0.01, 0.15) / octave, (2**octave + 1, 2**octave + 1))
        smooth = cv2.resize(grain.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
        picture += smooth[..., None]
    return np.clip(picture, 0, 1)


def _with_things(rng: np.random.Generator, picture: Picture, count: int) -> Picture:
    """Boxes, discs and poles of one colour each, on the walls or far away."""
    height, width = picture.shape[:2]
    for _ in range(count):
        colour = tuple(_muted(rng).tolist())
        centre = (rng.random(2) * [width, height]).astype(int)
        size = (rng.uniform(0.02, 0.3, 2) * [width, height]).astype(int) + 1
        if rng.random() < 0.3:
            cv2.ellipse(
                picture, tuple(centre.tolist()), tuple((size // 2 + 1).tolist()), 0, 0, 360, colour, -1
            )
        else:
            corner = (centre - size // 2).tolist(), (centre + size // 2).tolist()
            cv2.rectangle(picture, tuple(corner[0]), tuple(corner[1]), colour, -1)
    return picture


def _rays(camera: Camera) -> NDArray[np.float64]:
    """(height, width, 3) directions in the world of the middles of the pixels."""
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    seen = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(camera.matrix()).T
    rays: NDArray[np.float64] = seen @ camera.rotation
    return rays
