"""The Motion: one person's motion in one clip, and the file that carries it to Blender.

The file is a `.npz` without pickles; its keys, shapes and units are listed in docs/architecture.md.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import zipfile
import zlib

import numpy as np
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole

FORMAT = "lift-pose-motion"
VERSION = 1

# What zipfile, zlib and numpy raise on broken archives: a changed byte can also claim another compression,
# a password, or an array too large for memory.
_DAMAGES = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

# Shapes in terms of frames T, joints J, keypoints K and bones B; "U" marks text, "i" whole numbers.
_ARRAYS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "time": ("f8", ("T",)),
    "image_size": ("i4", (2,)),
    "joint_names": ("U", ("J",)),
    "joint_parents": ("i4", ("J",)),
    "joints_camera": ("f4", ("T", "J", 3)),
    "joints_world": ("f4", ("T", "J", 3)),
    "joint_confidence": ("f4", ("T", "J")),
    "keypoint_names": ("U", ("K",)),
    "keypoints_2d": ("f4", ("T", "K", 2)),
    "keypoint_confidence": ("f4", ("T", "K")),
    "camera_matrix": ("f8", (3, 3)),
    "camera_from_world": ("f8", (4, 4)),
    "bone_names": ("U", ("B",)),
    "bone_parents": ("i4", ("B",)),
    "bone_heads": ("i4", ("B",)),
    "bone_tails": ("i4", ("B",)),
    "rest_rotations": ("f4", ("B", 4)),
    "rest_joints": ("f4", ("J", 3)),
    "rotations": ("f4", ("T", "B", 4)),
    "root_translation": ("f4", ("T", 3)),
    "contacts": ("f4", ("T", 2)),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Motion:
    """One person's motion; the fields are the keys of the Motion file (see docs/architecture.md).

    Raises ValueError when shapes contradict each other.
    """

    time: NDArray[np.float64]
    fps: float
    source: str
    image_size: NDArray[np.int32]
    joint_names: NDArray[np.str_]
    joint_parents: NDArray[np.int32]
    joints_camera: NDArray[np.float32]
    joints_world: NDArray[np.float32]
    joint_confidence: NDArray[np.float32]
    keypoint_names: NDArray[np.str_]
    keypoints_2d: NDArray[np.float32]
    keypoint_confidence: NDArray[np.float32]
    camera_matrix: NDArray[np.float64]
    camera_from_world: NDArray[np.float64]
    bone_names: NDArray[np.str_]
    bone_parents: NDArray[np.int32]
    bone_heads: NDArray[np.int32]
    bone_tails: NDArray[np.int32]
    rest_rotations: NDArray[np.float32]
    rest_joints: NDArray[np.float32]
    rotations: NDArray[np.float32]
    root_translation: NDArray[np.float32]
    contacts: NDArray[np.float32]
    step: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "fps", float(self.fps))
        object.__setattr__(self, "step", int(self.step))
        object.__setattr__(self, "source", str(self.source))
        sizes: dict[str, int] = {}
        for name, (kind, shape) in _ARRAYS.items():
            array = np.asarray(getattr(self, name))
            array = array.astype(np.str_) if kind == "U" else np.ascontiguousarray(array, kind)
            if array.ndim != len(shape):
                raise ValueError(f"{name} has {array.ndim} dimensions instead of {len(shape)}")
            for length, expected in zip(array.shape, shape, strict=True):
                wanted = sizes.setdefault(expected, length) if isinstance(expected, str) else expected
                if length != wanted:
                    raise ValueError(f"{name} has shape {array.shape}, which does not fit {shape}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T,) frames in which the person's pose is known."""
        present: NDArray[np.bool_] = np.isfinite(self.joints_world).all(axis=(1, 2))
        return present

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the Motion file; it appears whole or not at all.

        Raises LiftPoseError when the file cannot be written.
        """
        header = {"format": FORMAT, "version": VERSION, "fps": self.fps, "step": self.step}
        header["source"] = self.source
        arrays = {name: np.asarray(value) for name, value in header.items()}
        arrays |= {name: getattr(self, name) for name in _ARRAYS}
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Motion:
        """Read a Motion file. Raises InvalidInput when it is missing, broken or of another kind."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if "format" not in file or str(file["format"]) != FORMAT:
                    raise InvalidInput(f"{path} is not a Motion file.", "Choose a file that Lift Pose wrote.")
                if int(file["version"]) > VERSION:
                    raise InvalidInput(
                        f"{path} was written by a newer Lift Pose (format {int(file['version'])}).",
                        "Update Lift Pose.",
                    )
                names = (*_ARRAYS, "fps", "source")
                missing = [name for name in names if name not in file]
                if missing:
                    raise InvalidInput(f"{path} lacks {', '.join(missing)}.", "Lift the clip again.")
                step = file["step"] if "step" in file else 1  # noqa: SIM401 - no dict; older files lack it
                return cls(**{name: file[name] for name in names}, step=step)
        except FileNotFoundError as error:
            raise InvalidInput(f"{path} does not exist.", "Choose a Motion file.") from error
        except _DAMAGES as error:
            raise InvalidInput(f"{path} is damaged: {error}.", "Lift the clip again.") from error
