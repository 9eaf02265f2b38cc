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

from lifting_core.camera.pinhole import rays
from lifting_core.errors import InvalidInput
from lifting_core.lifting.device import choose_device, device_name
from lifting_core.lifting.folding import folded
from lifting_core.lifting.human36m import human36m_keypoints
from lifting_core.lifting.trust import confidence_of
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


_Guess = tuple[NDArray[np.float32], NDArray[np.float32] | None]
"""Joints (N, J, 3) in camera axes, and by how many metres each may be off (N, J), if the model tells."""


class Lifter:
    """A lifting model on a device."""

    def __init__(self, model: LiftingModel, device: torch.device) -> None:
        self.profile = model.profile
        self._model = folded(model).to(device)
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
        """Load weights (None: those that ship) onto a device (`settings.DEVICES`).

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
        (3, 3).
        Weights that read pixels, as the paper's do, get Human3.6M's 2D joints as its camera would see them
        (`human36m_keypoints`, `VirtualCamera`). Frames in which fewer than four of the model's keypoints are
        known come out as NaN.
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
        present = np.flatnonzero((seen >= CONFIDENT).sum(1) >= _LEAST_KEYPOINTS)
        lifted, spread = self._in_batches(directions[present], seen[present], progress)
        joints = np.full((len(seen), len(JOINTS), 3), np.nan, np.float32)
        joints[present, 0] = 0.0
        joints[present[:, None], [JOINTS.index(name) for name in self.profile.joints]] = lifted
        confidence_of_joints = self._evidence(seen)
        if spread is not None:
            confidence_of_joints[present] = self._trust(spread)
        return Lifted(joints, confidence_of_joints)

    def _columns(self, names: Sequence[str]) -> tuple[list[int], list[int]]:
        """Where the model's keypoints are among its own and among the detector's."""
        pairs = [(i, names.index(name)) for i, name in enumerate(self.profile.keypoints) if name in names]
        if len(pairs) < _LEAST_KEYPOINTS:
            raise InvalidInput(
                "The detector's keypoints are not those that the weights read.",
                f"Use a detector that finds {', '.join(self.profile.keypoints)}.",
            )
        return [own for own, _ in pairs], [theirs for _, theirs in pairs]

    def _in_batches(
        self, directions: NDArray[np.float32], confidence: NDArray[np.float32], progress: Progress
    ) -> _Guess:
        count = len(directions)
        joints = np.empty((count, len(self.profile.joints), 3), np.float32)
        spreads = []
        for start in range(0, count, _BATCH):
            progress("lifting", start, count)
            part = slice(start, start + _BATCH)
            joints[part], spread = self._retried(directions[part], confidence[part])
            spreads += [] if spread is None else [spread]
        progress("lifting", count, count)
        return joints, np.concatenate(spreads) if spreads else None

    def _retried(self, directions: NDArray[np.float32], confidence: NDArray[np.float32]) -> _Guess:
        """On the CPU, when the memory of another device does not suffice."""
        try:
            return self._guess(directions, confidence)
        except torch.OutOfMemoryError:
            _log.warning("The memory of %s is full: lifting goes on on the CPU.", self.device)
            self._device = torch.device("cpu")
            self._model = self._model.to(self._device)
            return self._guess(directions, confidence)

    @torch.inference_mode()
    def _guess(self, directions: NDArray[np.float32], confidence: NDArray[np.float32]) -> _Guess:
        """Every pose on its own: the mean of it as seen and of its mirror image mirrored back."""
        features, rotation = self._input.features(
            torch.from_numpy(directions).to(self._device), torch.from_numpy(confidence).to(self._device)
        )
        mirror = torch.tensor([-1.0, 1.0, 1.0], device=self._device)
        seen, spread = self._model.with_spread(features)
        flipped, flipped_spread = self._model.with_spread(self._input.mirrored(features))
        joints = (seen + flipped[:, self._mirror_joints] * mirror) / 2
        if spread is not None and flipped_spread is not None:
            spread = (spread + flipped_spread[:, self._mirror_joints]) / 2
        return _array(joints @ rotation), None if spread is None else _array(spread)

    def _trust(self, spread: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, J) metres by which the model's joints may be off to (T, 28) confidence.

        Joints that the model does not give count as the pelvis: as the surer one of the hips.
        """
        trust = confidence_of(spread)
        names = self.profile.joints
        columns = {name: trust[:, names.index(name)] for name in names}
        hips = np.maximum(columns["left_hip"], columns["right_hip"])
        return np.stack([columns.get(name, hips) for name in JOINTS], 1)

    def _evidence(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, 28) confidence by how well the keypoints behind a joint were seen."""
        names = self.profile.keypoints
        evidence = [(joint,) if joint in names else _EVIDENCE.get(joint, ()) for joint in JOINTS]
        columns = [[names.index(keypoint) for keypoint in some if keypoint in names] for some in evidence]
        return np.stack([seen[:, c].min(1) if c else np.zeros(len(seen), np.float32) for c in columns], 1)


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array
