"""Sequences of Human3.6M as one set of poses, and what a model makes of it."""

from __future__ import annotations

from collections.abc import Sequence as Series
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.weights import LiftingModel
from lifting_core.skeleton import HUMAN36M_JOINTS, mirrored
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.names import ACTIONS
from training.datasets.human36m.sequence import Sequence
from training.fitting.batches import Mirror

IMAGE_WIDTH = 1000
"""Pixels, of all four cameras. Their heights, 1000 and 1002, count as the same."""


@dataclass(frozen=True, eq=False)
class Poses:
    """Poses in the order of their sequences."""

    keypoints: Tensor
    """(N, 17, 2) pixels; NaN where the detector lacks the joint."""
    joints: Tensor
    """(N, 17, 3) metres from the pelvis."""
    actions: Tensor
    """(N,) indices into `ACTIONS`."""

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def lacking(self) -> frozenset[str]:
        """Joints that the detector does not give."""
        absent = self.keypoints.isnan().any(2).any(0)
        return frozenset(name for name, lacks in zip(HUMAN36M_JOINTS, absent.tolist(), strict=True) if lacks)

    def subset(self, rows: Tensor | slice) -> Poses:
        return Poses(self.keypoints[rows], self.joints[rows], self.actions[rows])


def gather(sequences: Series[Sequence], camera_frame: bool = True) -> Poses:
    """All poses of some sequences, in the camera's axes or in those of the world.

    Raises InvalidInput when there are none, or a number among them is none.
    """
    if not sequences:
        raise InvalidInput("There are no poses of these subjects and actions.", "Add them to the data.")
    for sequence in sequences:
        _check_finite(sequence)
    joints = [
        _from_pelvis(sequence) if camera_frame else _from_pelvis(sequence) @ _to_world(sequence)
        for sequence in sequences
    ]
    actions = [np.full(len(s.joints), ACTIONS.index(s.action)) for s in sequences]
    return Poses(
        torch.from_numpy(np.concatenate([sequence.keypoints for sequence in sequences])).float(),
        torch.from_numpy(np.concatenate(joints)).float(),
        torch.from_numpy(np.concatenate(actions)),
    )


def _from_pelvis(sequence: Sequence) -> NDArray[np.float32]:
    return sequence.joints - sequence.joints[:, :1]


def _to_world(sequence: Sequence) -> NDArray[np.float64]:
    """(3, 3) from row vectors in the camera's axes to those in the world's."""
    return published_calibration()[sequence.subject, sequence.camera].rotation


def _check_finite(sequence: Sequence) -> None:
    bad_joints = ~np.isfinite(sequence.joints).all((1, 2))
    finite = np.isfinite(sequence.keypoints).all(2)
    lacking = ~finite.any(0)
    bad_keypoints = ~(finite | lacking).all(1)
    for what, bad in (("joint", bad_joints), ("keypoint", bad_keypoints)):
        if bad.any():
            raise InvalidInput(
                f"Frame {int(bad.argmax())} of {sequence.subject} {sequence.action} take {sequence.take}, "
                f"camera {sequence.camera}, has a {what} that is not a number.",
                "Replace the damaged file.",
            )


def columns(names: Series[str]) -> list[int]:
    """Where names are among `HUMAN36M_JOINTS`."""
    return [HUMAN36M_JOINTS.index(name) for name in names]


def mirror_for(model: LiftingModel) -> Mirror:
    """What mirrors the input and output of a model that reads pixels of Human3.6M's cameras."""
    keypoints, joints = model.profile.keypoints, model.profile.joints
    return Mirror(
        [keypoints.index(mirrored(name)) for name in keypoints],
        [joints.index(mirrored(name)) for name in joints],
        IMAGE_WIDTH / 2,
    )


@torch.inference_mode()
def predict(model: LiftingModel, keypoints: Tensor, flips: bool = False, batch_size: int = 8192) -> Tensor:
    """(N, 17, 2) pixels to (N, 17, 3) metres from the pelvis, on the keypoints' device.

    With flips, the mean of what the pose and its mirror image give. The model reads pixels and is in
    evaluation mode.
    """
    mirror = mirror_for(model)
    reads = columns(model.profile.keypoints)
    joints = torch.zeros(len(keypoints), len(HUMAN36M_JOINTS), 3, device=keypoints.device)
    outputs = columns(model.profile.joints)
    for start in range(0, len(keypoints), batch_size):
        features = keypoints[start : start + batch_size, reads].to(model.input_mean.device)
        given = model(features)
        if flips:
            given = (given + mirror.joints(model(mirror.features(features)))) / 2
        joints[start : start + batch_size, outputs] = given.to(joints.device)
    return joints
