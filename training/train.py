"""Train the lifting network: python -m training.train --data FOLDER --out RUN."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifting_core import __version__
from lifting_core.errors import LiftPoseError
from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.weights import LiftingModel, Profile, save_model
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import Clip, read_mocap, scaled_to_stature
from training.fitting import Batch, Fit
from training.recipe import SIMULATED, Recipe
from training.views import KEYPOINTS, ViewSampler

log = logging.getLogger(__name__)

STATURE = 1.70
_CHECKPOINT_EVERY = 500


def split_by_subject(clips: list[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Training and held-out clips: every eighth subject, by name, is never trained on."""
    subjects = sorted({clip.subject for clip in clips})
    held_out = set(subjects[3::8])
    return (
        [clip for clip in clips if clip.subject not in held_out],
        [clip for clip in clips if clip.subject in held_out],
    )


def sampling_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """(N,) chance of every frame: subjects count by the square root of their frames, so none dominates."""
    frames: dict[str, int] = {}
    for clip in clips:
        frames[clip.subject] = frames.get(clip.subject, 0) + len(clip.points)
    weights = np.concatenate([np.full(len(clip.points), frames[clip.subject] ** -0.5) for clip in clips])
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances


def new_model(recipe: Recipe, record: dict[str, object]) -> LiftingModel:
    """An untrained model of the default profile."""
    profile = Profile(KEYPOINTS, JOINTS[1:], STATURE, record)
    shape = NetworkShape(
        inputs=profile.features,
        outputs=3 * len(profile.joints),
        width=recipe.width,
        blocks=recipe.blocks,
        dropout=recipe.dropout,
        batch_norm=recipe.batch_norm,
        residual=recipe.residual,
        max_norm=recipe.max_norm,
    )
    return LiftingModel(profile, shape)


def standardise(model: LiftingModel, features: Tensor, joints: Tensor) -> None:
    """Set the model's normalisation to the mean and standard deviation of a sample of the data."""
    for name, values in (("input", features.flatten(1)), ("output", joints.flatten(1))):
        getattr(model, f"{name}_mean").copy_(values.mean(0))
        getattr(model, f"{name}_deviation").copy_(values.std(0).clamp(min=1e-6))


def held_out_error(model: LiftingModel, sampler: ViewSampler, bodies: int, seed: int = 0) -> float:
    """Millimetres of MPJPE over 17 joints (the pelvis counts, as in Protocol 1) on 8,192 simulated views."""
    model.eval()
    chosen = torch.randint(bodies, (8192,), generator=torch.Generator().manual_seed(seed))
    features, joints = sampler.sample(chosen, augment=False)
    with torch.no_grad():
        return float((model(features) - joints).norm(dim=-1).sum(1).mean() / 17 * 1000)


def train_on_mocap(data: Path, out: Path, epochs: int, recipe: Recipe, seed: int) -> None:
    """Train the default profile on motion capture seen by random cameras.

    Writes `out`/weights.safetensors at every checkpoint.
    """
    training, held_out = split_by_subject(read_mocap(data))
    points = torch.from_numpy(np.concatenate([scaled_to_stature(clip, STATURE) for clip in training]))
    unseen = torch.from_numpy(np.concatenate([scaled_to_stature(clip, STATURE) for clip in held_out]))
    chances = torch.from_numpy(sampling_weights(training))
    log.info("%d frames to train on, %d of other subjects to test on.", len(points), len(unseen))

    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sampler = ViewSampler(points, generator)

    def draw(size: int = recipe.batch_size) -> Batch:
        return sampler.sample(torch.multinomial(chances, size, replacement=True, generator=generator))

    steps = max(1, epochs * len(points) // recipe.batch_size)
    record: dict[str, object] = {
        "version": __version__,
        "recipe": asdict(recipe),
        "epochs": epochs,
        "seed": seed,
        "frames": len(points),
        "held_out_subjects": sorted({clip.subject for clip in held_out}),
    }
    model = new_model(recipe, record)
    standardise(model, *draw(65536))
    fit = Fit(model, recipe, steps, generator)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        fit.resume(checkpoint)
    while fit.step < steps:
        loss = fit.run(draw, min(_CHECKPOINT_EVERY, steps - fit.step))
        fit.save(checkpoint)
        test = ViewSampler(unseen, torch.Generator().manual_seed(seed))
        error = held_out_error(model, test, len(unseen))
        log.info("step %d of %d: loss %.4f, held-out MPJPE %.1f mm", fit.step, steps, loss, error)
        record |= {"step": fit.step, "held_out_mpjpe_mm": round(error, 2)}
        save_model(model, out / "weights.safetensors")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of motion capture (BVH, C3D)")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and checkpoints")
    parser.add_argument("--epochs", type=int, default=400, help="passes over the frames (default 400)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--float32", action="store_true", help="train in single precision")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        recipe = replace(SIMULATED, bfloat16=not options.float32)
        train_on_mocap(options.data, options.out, options.epochs, recipe, options.seed)
    except LiftPoseError as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
