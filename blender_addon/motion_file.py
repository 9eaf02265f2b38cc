"""Reads the part of a Motion file that Blender needs (docs/architecture.md lists all of it)."""

from __future__ import annotations

import dataclasses
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidInput

_FORMAT = "lift-pose-motion"
_VERSION = 1
_LARGEST = 2**31  # bytes of one array; a clip of a week needs less
_SHORTEST_BONE = 1e-4  # metres; Blender deletes bones without a length

# Shapes in terms of frames T, joints J and bones B.
_SHAPES: dict[str, tuple[str | int, ...]] = {
    "time": ("T",),
    "image_size": (2,),
    "camera_matrix": (3, 3),
    "camera_from_world": (4, 4),
    "bone_names": ("B",),
    "bone_parents": ("B",),
    "bone_heads": ("B",),
    "bone_tails": ("B",),
    "rest_rotations": ("B", 4),
    "rest_joints": ("J", 3),
    "rotations": ("T", "B", 4),
    "root_translation": ("T", 3),
    "joint_confidence": ("T", "J"),
    "contacts": ("T", 2),
}
_SCALARS = ("fps", "source")


@dataclasses.dataclass(frozen=True, eq=False)
class Motion:
    """One person's motion: frames T, joints J, bones B; metres, seconds, pixels, quaternions w, x, y, z."""

    fps: float
    source: str
    """Name of the clip's file."""
    time: NDArray[np.float64]
    """(T,) seconds from the start of the source."""
    image_size: tuple[int, int]
    """Width and height of the upright picture."""
    camera_matrix: NDArray[np.float64]
    """(3, 3) intrinsics."""
    camera_from_world: NDArray[np.float64]
    """(4, 4) world to camera axes (x right, y down, z forward)."""
    bone_names: tuple[str, ...]
    bone_parents: NDArray[np.int64]
    """(B,) index of the parent, -1 for the root, which comes first; parents precede their children."""
    bone_heads: NDArray[np.int64]
    """(B,) index of the joint where the bone starts."""
    bone_tails: NDArray[np.int64]
    """(B,) index of the joint where the bone ends."""
    rest_rotations: NDArray[np.float64]
    """(B, 4) world orientation at rest; the y axis runs along the bone."""
    rest_joints: NDArray[np.float64]
    """(J, 3) world positions at rest."""
    rotations: NDArray[np.float64]
    """(T, B, 4) local to the parent, relative to rest; NaN without a person."""
    root_translation: NDArray[np.float64]
    """(T, 3) world position of the root joint; NaN without a person."""
    joint_confidence: NDArray[np.float64]
    """(T, J) how well each joint was seen, 0 to 1."""
    contacts: NDArray[np.float64]
    """(T, 2) how surely the left and the right foot are on the floor, 0 to 1; 0 without a person."""
    step: int = 1
    """Every so many frames of the clip were lifted."""
    path: Path | None = None
    """The file that it was read from."""

    @property
    def clip_fps(self) -> float:
        """Frames a second of the clip itself."""
        return self.fps * self.step

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,) frames in which the person's pose is known."""
        numbers = np.concatenate([self.rotations.reshape(len(self.time), -1), self.root_translation], axis=1)
        known: NDArray[np.bool_] = np.isfinite(numbers).all(axis=1)
        return known

    def nearest(self, frame: int) -> Motion:
        """The one pose that is nearest to a frame of the clip, counted from 0.

        Raises InvalidInput when nobody is in the motion.
        """
        if not self.present.any():
            raise InvalidInput(f"Nobody was found in {self.source}.", "Choose another clip or range.")
        away = np.where(self.present, abs(self.time - frame / self.clip_fps), np.inf)
        index = int(away.argmin())
        over_time: dict[str, Any] = {
            name: getattr(self, name)[index : index + 1] for name, shape in _SHAPES.items() if shape[0] == "T"
        }
        return dataclasses.replace(self, **over_time)


def read_motion(path: str | os.PathLike[str]) -> Motion:
    """Read and check a Motion file. Raises InvalidInput when it is missing, damaged or of another kind."""
    name = Path(path).name
    try:
        with zipfile.ZipFile(path) as archive:
            if max((entry.file_size for entry in archive.infolist()), default=0) > _LARGEST:
                raise InvalidInput(f"{name} is too large to be a Motion file.", "Lift a shorter range.")
        with np.load(path, allow_pickle=False) as file:
            _check_format(name, file)
            arrays = {key: file[key] for key in (*_SCALARS, *_SHAPES)}
            arrays["step"] = np.array(step_of(file))
        return dataclasses.replace(_motion(arrays), path=Path(path).resolve())
    except FileNotFoundError as error:
        raise InvalidInput(f"{name} does not exist.", "Choose a Motion file.") from error
    except zipfile.BadZipFile as error:
        raise InvalidInput(f"{name} is not a Motion file.", "Choose an .npz that Lift Pose wrote.") from error
    except KeyError as error:
        raise InvalidInput(f"{name} is damaged: it lacks {error}.", "Lift the clip again.") from error
    except (OSError, ValueError, TypeError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{name} is damaged: {error}.", "Lift the clip again.") from error


def step_of(file: Any) -> int:
    """Every so many frames of the clip are in an open Motion file; those of earlier versions do not tell."""
    return int(file["step"]) if "step" in file else 1


def _check_format(name: str, file: Any) -> None:
    if "format" not in file or str(file["format"]) != _FORMAT:
        raise InvalidInput(f"{name} is not a Motion file.", "Choose an .npz that Lift Pose wrote.")
    version = int(file["version"])
    if version > _VERSION:
        raise InvalidInput(
            f"{name} was written by a newer Lift Pose (format {version}).", "Update the add-on."
        )


def _motion(arrays: dict[str, NDArray[Any]]) -> Motion:
    """Raises ValueError or TypeError when the arrays contradict each other."""
    _check_shapes(arrays)
    whole = ("bone_parents", "bone_heads", "bone_tails")
    names = ("image_size", "bone_names")
    real = [name for name in _SHAPES if name not in (*whole, *names)]
    numbers: dict[str, Any] = {name: arrays[name].astype(np.int64) for name in whole}
    numbers |= {name: arrays[name].astype(np.float64) for name in real}
    motion = Motion(
        fps=float(arrays["fps"]),
        source=str(arrays["source"]),
        step=int(arrays["step"]),
        image_size=(int(arrays["image_size"][0]), int(arrays["image_size"][1])),
        bone_names=tuple(str(name) for name in arrays["bone_names"]),
        **numbers,
    )
    _check_clip(motion)
    _check_skeleton(motion)
    return motion


def _check_shapes(arrays: dict[str, NDArray[Any]]) -> None:
    sizes: dict[str, int] = {}
    for name, wanted in _SHAPES.items():
        shape = arrays[name].shape
        fits = len(shape) == len(wanted) and all(
            length == (sizes.setdefault(size, length) if isinstance(size, str) else size)
            for length, size in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise ValueError(f"{name} has shape {shape}, which does not fit {wanted}")


def _check_clip(motion: Motion) -> None:
    matrix = motion.camera_matrix
    facts = {
        "its frame rate is not a positive number": np.isfinite(motion.fps) and motion.fps > 0,
        "its step is not a positive number": motion.step > 0,
        "its times do not increase": np.isfinite(motion.time).all() and (np.diff(motion.time) > 0).all(),
        "its image has no size": min(motion.image_size) > 0,
        "its contacts are not between 0 and 1": bool(((motion.contacts >= 0) & (motion.contacts <= 1)).all()),
        "its camera is impossible": np.isfinite(matrix).all()
        and min(matrix[0, 0], matrix[1, 1]) > 0
        and np.isfinite(motion.camera_from_world).all()
        and abs(np.linalg.det(motion.camera_from_world[:3, :3]) - 1) < 1e-3,
    }
    _raise_unless(facts)


def _check_skeleton(motion: Motion) -> None:
    parents, bones = motion.bone_parents, len(motion.bone_names)
    ends = np.concatenate([motion.bone_heads, motion.bone_tails])
    _raise_unless(
        {
            "it has no bones": bones > 0,
            "two bones have one name": len(set(motion.bone_names)) == bones,
            "its bones do not hang on one root": bones > 0
            and parents[0] == -1
            and bool(((parents[1:] >= 0) & (parents[1:] < np.arange(1, bones))).all()),
            "its bones lead to joints that it lacks": bool(
                ((ends >= 0) & (ends < len(motion.rest_joints))).all()
            ),
        }
    )
    along = motion.rest_joints[motion.bone_tails] - motion.rest_joints[motion.bone_heads]
    _raise_unless(
        {
            "a bone has no length": bool((np.linalg.norm(along, axis=1) > _SHORTEST_BONE).all()),
            "its rest rotations are not unit quaternions": bool(
                (abs(np.linalg.norm(motion.rest_rotations, axis=1) - 1) < 1e-3).all()
            ),
        }
    )


def _raise_unless(facts: dict[str, Any]) -> None:
    for complaint, holds in facts.items():
        if not holds:
            raise ValueError(complaint)
