"""Evaluate weights on Human3.6M: python -m training.evaluate WEIGHTS --data FOLDER [--json FILE].

Prints the errors of Protocols 1 and 2 on S9 and S11 in the columns of the paper, with its own rows beside
them. Several WEIGHTS are models of single actions: each is tested on its own, and they make up one table.
If FOLDER holds motion capture, the weights of the default profile are tested on its held-out subjects with
exact keypoints, and the errors are told by action and by view.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence as Series
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lifting_core.errors import InvalidInput
from lifting_core.lifting.device import choose_device
from lifting_core.lifting.lifter import Lifter
from lifting_core.lifting.weights import LiftingModel, load_model
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.command import command
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.loading import load_human36m
from training.datasets.human36m.names import ACTIONS, TEST_SUBJECTS, TRAINING_SUBJECTS
from training.datasets.human36m.sequence import Sequence
from training.datasets.mocap import holds_motion_capture, read_mocap
from training.evaluation.mocap import Report as CaptureReport
from training.evaluation.mocap import evaluate_clips
from training.evaluation.mocap import table as capture_table
from training.evaluation.pictures import draw_pictures
from training.evaluation.scoring import NOISE_LEVELS, Report, averages, noisy, scores, split_error, table
from training.fitting.record import write_json
from training.options import add_data_options
from training.tasks.human36m import select
from training.tasks.poses import Poses, columns, gather, predict
from training.tasks.simulated import full_body_model, split_by_subject

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Tested:
    """The test set with what weights make of it."""

    poses: Poses
    predicted: Tensor
    """(N, 17, 3) metres from the pelvis."""


class Candidate:
    """Weights to test, of any profile."""

    def __init__(self, path: Path, device: torch.device) -> None:
        self.path = path
        self.model: LiftingModel = load_model(path).to(device)
        recipe: dict[str, Any] = self.model.profile.record.get("recipe", {})
        data: dict[str, Any] = self.model.profile.record.get("data", {})
        self.action: str | None = data.get("action")
        self._flips = bool(recipe.get("flips"))
        self._standardised = recipe.get("scaling") == "standardised"
        self._trained_on = data.get("keypoints")
        self._device = device

    @property
    def reads_pixels(self) -> bool:
        return self.model.profile.input == "pixels"

    def use_statistics_of(self, sequences: Series[Sequence], keypoints: str) -> None:
        """Standardise keypoints of another kind than the weights were trained on by their own statistics.

        So the paper's code does. They are those of the training subjects.
        """
        if not self._standardised or keypoints == self._trained_on:
            return
        own = gather(select(sequences, TRAINING_SUBJECTS, self.action))
        reads = columns(self.model.profile.keypoints)
        deviation, mean = torch.std_mean(own.keypoints[:, reads].flatten(1).double(), dim=0, correction=0)
        self.model.input_mean.copy_(mean)
        self.model.input_deviation.copy_(deviation)
        log.info("%s keypoints are standardised by their own statistics.", keypoints)

    def test(self, sequences: Series[Sequence], noise: float = 0.0) -> Tested:
        """Lift the test subjects' keypoints, with noise of so many pixels."""
        chosen = select(sequences, TEST_SUBJECTS, self.action)
        poses = gather(chosen, self.model.profile.axes == "camera")
        keypoints = noisy(poses.keypoints, noise) if noise else poses.keypoints
        if self.reads_pixels:
            lacking = poses.lacking & set(self.model.profile.keypoints)
            if lacking:
                raise InvalidInput(
                    f"{self.path} reads keypoints that these lack: {', '.join(sorted(lacking))}.",
                    "Choose other --keypoints.",
                )
            return Tested(poses, predict(self.model, keypoints, self._flips))
        return Tested(poses, self._lift_views(chosen, keypoints))

    def _lift_views(self, sequences: list[Sequence], keypoints: Tensor) -> Tensor:
        """What the engine makes of the keypoints; Human3.6M's neck/nose is a detector's nose."""
        lifter = Lifter(self.model, self._device)
        names = ["nose" if name == "neck" else name for name in HUMAN36M_JOINTS]
        predicted, start = [], 0
        for sequence in sequences:
            points = keypoints[start : start + len(sequence.joints)].numpy()
            start += len(points)
            camera = published_calibration()[sequence.subject, sequence.camera]
            matrix = np.diag([*camera.focal, 1.0])
            matrix[:2, 2] = camera.principal_point
            predicted.append(lifter.lift(names, points, np.isfinite(points).all(-1), matrix).joints)
        return torch.from_numpy(np.concatenate(predicted))


@command
def main(arguments: Series[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if holds_motion_capture(options.data):
        found = evaluate_on_capture(options)
        sys.stdout.write(capture_table(found) + "\n")
        if options.json:
            write_json(options.json, found.as_json())
        return
    report, tested = evaluate_weights(options)
    sys.stdout.write(table(report) + "\n")
    if options.json:
        write_json(options.json, report.as_json())
    if options.pictures:
        draw_pictures(report, tested.poses, tested.predicted, options.weights[0].parent, options.pictures)


def evaluate_on_capture(options: argparse.Namespace) -> CaptureReport:
    """Errors on held-out subjects of motion capture. Raises InvalidInput when something cannot be used."""
    if len(options.weights) > 1:
        raise InvalidInput("Motion capture tests one file of weights at a time.", "Name a single one.")
    model = full_body_model(options.weights[0])
    _, held_out = split_by_subject(read_mocap(options.data))
    if not held_out:
        raise InvalidInput(f"{options.data} has too few subjects to hold any out.", "Give four or more.")
    return evaluate_clips(Lifter(model, choose_device(options.device)), held_out)


def evaluate_weights(options: argparse.Namespace) -> tuple[Report, Tested]:
    """Everything that the options ask for. Raises InvalidInput when data and weights do not fit."""
    keypoints = str(options.keypoints)
    candidates = [Candidate(path, choose_device(options.device)) for path in options.weights]
    _check_actions(candidates)
    sequences = load_human36m(options.data, options.keypoints, options.partial)
    drop = options.drop_remainder
    on_truth = None
    if keypoints != "gt":
        truth = load_human36m(options.data, "gt", options.partial)
        on_truth = averages(*_joined(candidates, truth), drop)
        if not options.model_statistics:
            for candidate in candidates:
                candidate.use_statistics_of(sequences, keypoints)
    predicted, poses = _joined(candidates, sequences)
    report = Report(
        weights=[str(path) for path in options.weights],
        keypoints=keypoints,
        frames=len(poses),
        scores=scores(predicted, poses, keypoints, drop),
        noise={level: averages(*_joined(candidates, sequences, level), drop) for level in NOISE_LEVELS}
        if options.noise
        else {},
        detection=split_error(averages(predicted, poses, drop), on_truth) if on_truth else {},
    )
    return report, Tested(poses, predicted)


def _joined(
    candidates: list[Candidate], sequences: Series[Sequence], noise: float = 0.0
) -> tuple[Tensor, Poses]:
    """The predictions of all candidates, each on its own action, and the truth."""
    tested = [candidate.test(sequences, noise) for candidate in candidates]
    poses = [one.poses for one in tested]
    together = Poses(
        *(torch.cat([getattr(p, name) for p in poses]) for name in ("keypoints", "joints", "actions"))
    )
    return torch.cat([one.predicted for one in tested]), together


def _check_actions(candidates: list[Candidate]) -> None:
    actions = [candidate.action for candidate in candidates]
    if len(candidates) > 1 and (None in actions or len(set(actions)) < len(actions)):
        raise InvalidInput(
            "Several weights make one table only if each is of a single action, and of another.",
            "Evaluate the others by themselves.",
        )
    candidates.sort(key=lambda candidate: ACTIONS.index(candidate.action or ACTIONS[0]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("weights", nargs="+", type=Path, metavar="WEIGHTS")
    add_data_options(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="write pictures of the errors there")
    parser.add_argument("--noise", action="store_true", help="test with 0 to 20 px of noise as well")
    parser.add_argument(
        "--drop-remainder",
        action="store_true",
        help="leave out the last n mod 64 frames of every action, as the paper's code does",
    )
    parser.add_argument(
        "--model-statistics",
        action="store_true",
        help="standardise detections by the statistics the weights were trained with, not by their own",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
