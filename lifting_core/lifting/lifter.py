"""Keypoints of a whole clip to joints: the model at work."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.camera import rays
from lifting_core.lifting.device import choose_device, device_name
from lifting_core.lifting.human36m import human36m_keypoints
from lifting_core.lifting.view import CONFIDENT, PersonView
from lifting_core.lifting.virtual_camera import VirtualCamera
from lifting_core.lifting.weights import DEFAULT_WEIGHTS, LiftingModel, load_model
from lifting_core.progress import Progress, silent
from lifting_core.skeleton import JOINT_KEYPOINTS, JOINTS, mirrored

_log = logging.getLogger(__name__)

_BATCH = 1024  # poses; more at a time are no faster on a CPU, and take memory
_LEAST_KEYPOINTS = 4
"""A pose seen by fewer keypoints is not lifted."""

# What a joint's confidence rests on where the model reads no keypoint of its name: those of these it reads.
_EVIDENCE = JOINT_KEYPOINTS | {
    "spine": ("left_hip", "right_hip", "left_shoulder", "right_shoulder"),
    "neck": ("nose", "thorax", "head"),
    "head": ("nose",),
}


@dataclass(frozen=True, eq=False)
class Lifted:
    """Joints of one person in every frame."""

    joints: NDArray[np.float32]
    """(T, 28, 3) metres from the pelvis, camera axes; NaN where the person is absent, and joints that the
    weights do not give."""
    confidence: NDArray[np.float32]
    """(T, 28) how well the keypoints behind a joint were seen, 0 to 1."""


class Lifter:
    """A lifting model on a device."""

    def __init__(self, model: LiftingModel, device: torch.device) -> None:
        self.profile = model.profile
        self._model = model.to(device)
        self._device = device
        joints = model.profile.joints
        keypoints = model.profile.keypoints
        self._input = (
            PersonView(keypoints, model.profile.apparent_size)
            if model.profile.input == "view"
            else VirtualCamera(keypoints)
        )
        self._mirror_joints = [joints.index(mirrored(name)) for name in joints]

    @classmethod
    def load(cls, weights: str | os.PathLike[str] | None = None, device: str = "auto") -> Lifter:
        """Load weights (None: those that ship) onto a device (`device.DEVICES`).

        Raises InvalidInput when the weights cannot be used or the device is absent.
        """
        model = load_model(DEFAULT_WEIGHTS if weights is None else weights)
        if model.profile.axes != "camera":
            raise InvalidInput(
                f"The weights {weights} do not give joints in the camera's axes.",
                "Use weights that were trained with the camera frame.",
            )
        lifter = cls(model, choose_device(device))
        _log.info("Lifting on %s.", lifter.device)
        return lifter

    @property
    def device(self) -> str:
        """The device in use, in words."""
        return f"{self._device.type} ({device_name(self._device)})"

    def lift(
        self,
        keypoint_names: Sequence[str],
        keypoints: NDArray[Any],
        confidence: NDArray[Any],
        camera_matrix: NDArray[Any],
        progress: Progress = silent,
    ) -> Lifted:
        """Lift one person's keypoints.

        Arguments: keypoints (T, K, 2) pixels of the upright image, confidence (T, K), camera_matrix
        (3, 3). Weights that read pixels, as the paper's do, get Human3.6M's 2D joints as its camera would see
        them (`human36m_keypoints`, `VirtualCamera`). Frames in which fewer than four of the model's keypoints
        are known come out as NaN.
        Raises InvalidInput when the detector gives too few of the keypoints that the model reads.
        """
        if self.profile.input == "pixels":
            keypoints, confidence = human36m_keypoints(keypoint_names, keypoints, confidence)
            keypoint_names = JOINTS
        known, columns = self._columns(keypoint_names)
        seen = np.zeros((len(keypoints), len(self.profile.keypoints)), np.float32)
        seen[:, known] = np.nan_to_num(confidence[:, columns])
        directions = np.zeros((*seen.shape, 3), np.float32)
        directions[:, known] = np.nan_to_num(rays(keypoints[:, columns], camera_matrix))
        joints = np.full((len(seen), len(JOINTS), 3), np.nan, np.float32)
        present = np.flatnonzero((seen >= CONFIDENT).sum(1) >= _LEAST_KEYPOINTS)
        outputs = [JOINTS.index(name) for name in self.profile.joints]
        for start in range(0, len(present), _BATCH):
            progress("lifting", start, len(present))
            batch = present[start : start + _BATCH]
            joints[batch, 0] = 0.0
            joints[batch[:, None], outputs] = self._lift_batch(directions[batch], seen[batch])
        progress("lifting", len(present), len(present))
        return Lifted(joints, self._joint_confidence(seen))

    def _columns(self, names: Sequence[str]) -> tuple[list[int], list[int]]:
        """Where the model's keypoints are among its own and among the detector's."""
        pairs = [(i, names.index(name)) for i, name in enumerate(self.profile.keypoints) if name in names]
        if len(pairs) < _LEAST_KEYPOINTS:
            raise InvalidInput(
                "The detector's keypoints are not those that the weights read.",
                f"Use a detector that finds {', '.join(self.profile.keypoints)}.",
            )
        return [own for own, _ in pairs], [theirs for _, theirs in pairs]

    def _lift_batch(
        self, directions: NDArray[np.float32], confidence: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        try:
            return self._infer(directions, confidence)
        except torch.OutOfMemoryError:
            _log.warning("The memory of %s is full: lifting goes on on the CPU.", self.device)
            self._device = torch.device("cpu")
            self._model = self._model.to(self._device)
            return self._infer(directions, confidence)

    @torch.inference_mode()
    def _infer(self, directions: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of the pose as seen and of its mirror image mirrored back, in camera axes."""
        features, rotation = self._input.features(
            torch.from_numpy(directions).to(self._device), torch.from_numpy(confidence).to(self._device)
        )
        mirror = torch.tensor([-1.0, 1.0, 1.0], device=self._device)
        flipped = self._model(self._input.mirrored(features))
        joints: Tensor = (self._model(features) + flipped[:, self._mirror_joints] * mirror) / 2
        turned: NDArray[np.float32] = (joints @ rotation).float().cpu().numpy()
        return turned

    def _joint_confidence(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        names = self.profile.keypoints
        given = {"pelvis", *self.profile.joints}
        sources = [(joint,) if joint in names else _EVIDENCE.get(joint, ()) for joint in JOINTS]
        evidence = [some if joint in given else () for joint, some in zip(JOINTS, sources, strict=True)]
        columns = [[names.index(keypoint) for keypoint in some if keypoint in names] for some in evidence]
        return np.stack([seen[:, c].min(1) if c else np.zeros(len(seen), np.float32) for c in columns], 1)
