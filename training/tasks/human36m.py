"""What there is to train on in a copy of Human3.6M."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence as Series

import torch
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.weights import LiftingModel, Profile
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.names import ACTIONS, TEST_SUBJECTS, TRAINING_SUBJECTS
from training.datasets.human36m.sequence import Sequence
from training.fitting.batches import Shuffled
from training.fitting.model import new_model, standardise
from training.fitting.processes import ALONE, Processes
from training.fitting.recipe import Recipe
from training.fitting.run import Task, TestError
from training.metrics.distances import distances
from training.metrics.protocols import evaluate
from training.tasks.poses import IMAGE_WIDTH, Poses, columns, gather, mirror_for, predict

STATURE = 1.70
"""Metres: of the mean skeleton of the training subjects, from crown to sole."""
_RUNNING_TEST = 1 << 16
"""Test poses, at most, of the error after every epoch; `training.evaluate` takes them all."""


def select(sequences: Series[Sequence], subjects: Series[str], action: str | None) -> list[Sequence]:
    """The sequences of some subjects, of one action or all."""
    return [s for s in sequences if s.subject in subjects and action in (None, s.action)]


def human36m_task(
    sequences: Series[Sequence],
    recipe: Recipe,
    seed: int,
    device: torch.device,
    processes: Processes = ALONE,
    action: str | None = None,
    source: str = "gt",
) -> Task:
    """Train on S1, S5, S6, S7 and S8, of one action or all; test on S9 and S11.

    `source` names the keypoints in the record. Raises InvalidInput when there is too little to train on.
    """
    if action is not None and action not in ACTIONS:
        raise InvalidInput(f"There is no action {action}.", f"Choose one of {', '.join(ACTIONS)}.")
    poses = gather(select(sequences, TRAINING_SUBJECTS, action), recipe.camera_frame)
    test = gather(select(sequences, TEST_SUBJECTS, action), recipe.camera_frame)
    if len(poses) < recipe.batch_size * processes.count:
        raise InvalidInput(
            f"{len(poses)} poses do not fill a batch of {recipe.batch_size * processes.count}.",
            "Train on more, or in smaller batches.",
        )
    model = _model(poses, recipe, seed).to(device)
    batches = Shuffled(
        poses.keypoints[:, columns(model.profile.keypoints)].to(device),
        poses.joints[:, columns(model.profile.joints)].to(device),
        recipe.batch_size,
        seed,
        mirror_for(model) if recipe.flips else None,
        processes,
    )
    record: dict[str, object] = {
        "set": "human36m",
        "keypoints": source,
        "action": action,
        "training_poses": len(poses),
        "test_poses": len(test),
        "digest": _digest(poses, test),
    }
    return Task(
        model, batches, batches.steps_per_epoch, _test_error(model, test, recipe), record, torch.float32
    )


def _model(poses: Poses, recipe: Recipe, seed: int) -> LiftingModel:
    lacking = poses.lacking | (frozenset() if recipe.neck else {"neck"})
    names = tuple(name for name in HUMAN36M_JOINTS if name not in lacking)
    profile = Profile(
        names, HUMAN36M_JOINTS[1:], STATURE, {}, "pixels", "camera" if recipe.camera_frame else "world"
    )
    torch.manual_seed(seed)
    model = new_model(profile, recipe)
    if recipe.scaling == "standardised":
        standardise(model, poses.keypoints[:, columns(names)], poses.joints[:, 1:])
    else:
        model.input_mean.fill_(IMAGE_WIDTH / 2)
        model.input_deviation.fill_(IMAGE_WIDTH / 2)
    return model


def _test_error(model: LiftingModel, test: Poses, recipe: Recipe) -> TestError:
    few = test.subset(slice(None, None, -(-len(test) // _RUNNING_TEST)))

    def error() -> float:
        predicted = predict(model, few.keypoints, recipe.flips)
        return evaluate(predicted, few.joints, few.actions, distances).average

    return error


def _digest(*sets: Poses) -> str:
    """Tells whether two runs saw the same data."""
    digest = hashlib.blake2b(digest_size=16)
    for poses in sets:
        tensors: tuple[Tensor, ...] = (poses.keypoints, poses.joints, poses.actions)
        for tensor in tensors:
            digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()
