"""Rotations in bulk: unit quaternions w, x, y, z as arrays (..., 4), and the rotation modes of Blender."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Quaternions = NDArray[np.float64]
Vectors = NDArray[np.float64]

IDENTITY: Quaternions = np.array([1.0, 0, 0, 0])
UP: Vectors = np.array([0, 0, 1.0])
"""Of the world, and of anything whose z axis points up."""
_NOTHING = 1e-7


def multiply(a: Quaternions, b: Quaternions) -> Quaternions:
    """The rotation `b` followed by `a`, both in the same axes."""
    aw, ax, ay, az = (a[..., i] for i in range(4))
    bw, bx, by, bz = (b[..., i] for i in range(4))
    product = np.empty(np.broadcast_shapes(a.shape, b.shape))
    product[..., 0] = aw * bw - ax * bx - ay * by - az * bz
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def inverse(quaternions: Quaternions) -> Quaternions:
    """The rotation back."""
    back: Quaternions = quaternions * np.array([1.0, -1, -1, -1])
    return back


def rotate(quaternions: Quaternions, vectors: Vectors) -> Vectors:
    """(..., 3) the turned vectors."""
    w, axis = quaternions[..., :1], quaternions[..., 1:]
    across = 2 * np.cross(axis, vectors)
    turned: Vectors = vectors + w * across + np.cross(axis, across)
    return turned


def shortest_turn(start: Vectors, end: Vectors) -> Quaternions:
    """(..., 4) the rotation about the common normal that takes the direction `start` (..., 3) to `end`."""
    start, end = unit(start), unit(end)
    across, along = np.cross(start, end), (start * end).sum(-1, keepdims=True)
    # Opposite directions have no common normal: any axis across them will do.
    spare = np.cross(start, np.where(abs(start[..., :1]) < 0.6, [1.0, 0, 0], [0, 1.0, 0]))
    opposite = along < _NOTHING**2 - 1
    return unit(np.concatenate([np.where(opposite, 0, 1 + along), np.where(opposite, spare, across)], -1))


def to_matrices(quaternions: Quaternions) -> NDArray[np.float64]:
    """(..., 3, 3) whose columns are the turned axes."""
    columns = [rotate(quaternions, axis) for axis in np.eye(3)]
    return np.stack(columns, axis=-1)


def from_matrix(matrix: Any) -> Quaternions:
    """(4,) the rotation of a (3, 3) matrix whose columns are at right angles and of any length.

    Shepperd (1978), "Quaternion from rotation matrix".
    """
    m = np.array(matrix, np.float64)[:3, :3]
    m = m / np.linalg.norm(m, axis=0)
    squares = np.array([m.trace(), *m.diagonal()])
    largest = int(squares.argmax())
    if largest == 0:
        q = [1 + squares[0], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]]
    else:
        i = largest - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        q = [m[k, j] - m[j, k], 0, 0, 0]
        q[1 + i] = 1 + m[i, i] - m[j, j] - m[k, k]
        q[1 + j], q[1 + k] = m[j, i] + m[i, j], m[k, i] + m[i, k]
    return unit(np.array(q))


def unit(vectors: NDArray[Any]) -> Vectors:
    """The vectors at length 1."""
    normed: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-300)
    return normed


def power(quaternions: Quaternions, share: float | NDArray[np.float64]) -> Quaternions:
    """The same turns by the shorter way, to a `share` of their angles: one, or one a turn (..., 1)."""
    short = quaternions * np.where(quaternions[..., :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(short[..., 1:], axis=-1, keepdims=True)
    angle = share * np.arctan2(sine, short[..., :1])
    axis = short[..., 1:] / np.maximum(sine, 1e-300)
    return np.concatenate([np.cos(angle), np.sin(angle) * axis], -1)


def twist_angle(quaternions: Quaternions, axis: Vectors) -> NDArray[np.float64]:
    """(T,) how far turns (T, 4) go about an `axis` (3,) of theirs, after a swing; continuous over time."""
    about = quaternions[..., 1:] @ axis
    angle: NDArray[np.float64] = np.unwrap(2 * np.arctan2(about, quaternions[..., 0]))
    angle -= 2 * np.pi * np.round(angle[0] / (2 * np.pi))
    return angle


def about(axis: Vectors, angle: NDArray[np.float64]) -> Quaternions:
    """(T, 4) turns by `angle` (T,) about a unit `axis` (3,)."""
    half = angle[:, None] / 2
    return np.concatenate([np.cos(half), np.sin(half) * axis], -1)


def continuous(quaternions: Quaternions, before: Quaternions = IDENTITY) -> Quaternions:
    """(T, 4) with the signs that keep each near its predecessor, the first near `before`."""
    previous = np.concatenate([before[None], quaternions[:-1]])
    flips = np.cumsum((quaternions * previous).sum(-1) < 0) % 2
    signed: Quaternions = quaternions * (1 - 2 * flips)[:, None]
    return signed


def to_axis_angle(quaternions: Quaternions) -> NDArray[np.float64]:
    """(T, 4) angle in radians and axis, both continuous, of quaternions that are continuous."""
    sine = np.linalg.norm(quaternions[:, 1:], axis=1)
    turned = sine > _NOTHING
    if not turned.any():
        return np.tile([0.0, 0, 1, 0], (len(quaternions), 1))  # Blender's axis for no rotation is y
    axes = (quaternions[:, 1:] / np.maximum(sine, 1e-300)[:, None])[_filled(turned)]
    flips = np.cumsum(np.append(False, (axes[1:] * axes[:-1]).sum(1) < 0)) % 2
    axes = axes * (1 - 2 * flips)[:, None]
    angle = np.unwrap(2 * np.arctan2((quaternions[:, 1:] * axes).sum(1), quaternions[:, 0]))
    return np.column_stack([angle, axes])


def from_axis_angle(values: NDArray[np.float64]) -> Quaternions:
    """(T, 4) of angles in radians and axes of any length (T, 4)."""
    half = values[:, :1] / 2
    return np.concatenate([np.cos(half), np.sin(half) * unit(values[:, 1:])], -1)


def to_euler(quaternions: Quaternions, order: str) -> Vectors:
    """(T, 3) angles in radians about x, y and z of quaternions (T, 4), continuous over time.

    `order` is Blender's: the first letter is the axis that is turned about first, in fixed axes. At gimbal
    lock the free angle stays as it was. Bernardes and Viollet (2022), "Quaternion to Euler angles
    conversion", algorithm 1 for three different axes.
    """
    i, j, k = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (i, j, k) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1.0
    w, qi, qj, qk = (quaternions[:, n] for n in (0, 1 + i, 1 + j, 1 + k))
    qk = sign * qk
    a, b, c, d = w - qj, qi + qk, qj + w, qk - qi
    plus, minus = _angle(b, a), _angle(d, c)
    middle = 2 * np.arctan2(np.hypot(c, d), np.hypot(a, b)) - np.pi / 2
    angles = np.empty((len(quaternions), 3))
    angles[:, i], angles[:, j], angles[:, k] = plus - minus, middle, sign * (plus + minus)
    return _nearest_solution(angles, i, j, k)


def from_euler(angles: Vectors, order: str) -> Quaternions:
    """(T, 4) of angles (T, 3) about x, y and z in Blender's `order`."""
    result: Quaternions = IDENTITY
    for letter in order:
        axis = "XYZ".index(letter)
        result = multiply(about(np.eye(3)[axis], angles[:, axis]), result)
    return result


def _nearest_solution(angles: Vectors, i: int, j: int, k: int) -> Vectors:
    """Of the two solutions (and their full turns) in each frame, the one near that of the frame before.

    The other solution has i and k half a turn further and j mirrored, so whether to change over depends on
    no earlier choice.
    """
    other = angles + np.pi
    other[:, j] = np.pi - angles[:, j]
    start = np.argmin([abs(_wrapped(solution[0])).sum() for solution in (angles, other)])
    stay = abs(_wrapped(np.diff(angles, axis=0))).sum(1)
    change = abs(_wrapped(other[1:] - angles[:-1])).sum(1)
    choice = (start + np.append(0, np.cumsum(change < stay))) % 2
    chosen = np.where(choice[:, None] == 0, angles, other)
    chosen[0] = _wrapped(chosen[0])
    nearest: Vectors = np.unwrap(chosen, axis=0)
    return nearest


def _angle(sine: NDArray[np.float64], cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) arc tangents; where both are nothing, that of the frame before."""
    known = np.hypot(sine, cosine) > _NOTHING
    angle: NDArray[np.float64] = np.arctan2(sine, cosine)
    return angle[_filled(known)] if known.any() else np.zeros_like(angle)


def _filled(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(T,) the index of the last known frame, or of the first one before there is any."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return np.where(last < 0, known.argmax(), last)


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    wrapped: NDArray[np.float64] = (angle + np.pi) % (2 * np.pi) - np.pi
    return wrapped
