"""Convert weights: python -m training.convert CHECKPOINT OUT.

Checkpoints of two public implementations of the paper become our weights: those of
weigq/3d_pose_baseline_pytorch and of MMPose (simplebaseline3d). With OUT ending in .onnx, these, or weights
of our own, become a model for ONNX Runtime. The outputs stay the same to 1e-5. Checkpoints of stacked
hourglasses (bearpaw/pytorch-pose, princeton-vl/pytorch_stacked_hourglass) become weights of that detector.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from lifting_core.detection.hourglass.checkpoints import holds_hourglass, read_checkpoint
from lifting_core.detection.hourglass.weights import save_hourglass
from lifting_core.detection.joint_sets import JOINT_SETS, MPII, joint_set
from lifting_core.errors import InvalidInput
from lifting_core.files import check_writable, written_whole
from lifting_core.lifting.weights import LiftingModel, load_model, save_model
from training.command import command
from training.foreign import read_foreign, read_statistics

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    convert(options.checkpoint, options.out, options.statistics, joint_set(options.joints))


def convert(
    checkpoint: Path, out: Path, statistics: Path | None = None, joints: tuple[str, ...] = MPII
) -> None:
    """Convert one file into another, by their kinds; `joints` are those that a stacked hourglass finds.

    Raises InvalidInput when the checkpoint is of no known kind or `out` of none that can be written.
    """
    if out.suffix not in (SUFFIX, ".onnx"):
        raise InvalidInput(f"{out} has the wrong ending.", f"Name a file ending in {SUFFIX} or .onnx.")
    check_writable(out)
    if checkpoint.suffix != SUFFIX and out.suffix == SUFFIX and holds_hourglass(checkpoint):
        save_hourglass(read_checkpoint(checkpoint, joints), out)
        log.info("Wrote %s, weights for --detector hourglass.", out)
        return
    if checkpoint.suffix == SUFFIX:
        model = load_model(checkpoint)
    else:
        model = read_foreign(checkpoint, read_statistics(statistics))
    if out.suffix == ".onnx":
        write_onnx(model, out)
    else:
        save_model(model, out, torch.float32)
    log.info("Wrote %s.", out)


def write_onnx(model: LiftingModel, path: Path) -> None:
    """Write a model for ONNX Runtime, normalisations included.

    Its input `keypoints` is (N, K, 2) pixels or (N, F) features of `view.PersonView`, its output `joints`
    (N, J, 3) metres from the pelvis; the profile is in the metadata.
    """
    import onnx

    profile = model.profile
    shape = (len(profile.keypoints), 2) if profile.input == "pixels" else (profile.features,)
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)  # it warns of packages that nothing here needs
    try:
        program = torch.onnx.export(
            model.eval(),
            (torch.zeros(2, *shape),),
            input_names=["keypoints"],
            output_names=["joints"],
            dynamic_shapes=({0: torch.export.Dim("poses")},),
            dynamo=True,
            verbose=False,
        )
    finally:
        exporter.setLevel(level)
    assert program is not None
    proto = program.model_proto
    onnx.helper.set_model_props(proto, {"profile": json.dumps(asdict(profile))})
    with written_whole(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.convert", description=__doc__)
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("out", type=Path, metavar="OUT", help=f"file ending in {SUFFIX} or .onnx")
    parser.add_argument(
        "--statistics",
        type=Path,
        metavar="FILE",
        help="mean and deviation that a foreign checkpoint was trained with: JSON with keypoints_mean, "
        "keypoints_std (pixels), joints_mean, joints_std (metres), or stat_3d.pth.tar; else Human3.6M's own",
    )
    parser.add_argument(
        "--joints",
        choices=JOINT_SETS,
        default="mpii-16",
        metavar="SET",
        help="what a stacked hourglass finds: %(default)s, or human36m-16 after fine-tuning on Human3.6M",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
