"""Load a copy of Human3.6M, in whichever of its public layouts a folder holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lifting_core.progress import Progress, silent
from training.datasets.human36m.sequence import Sequence

KeypointSource = Literal["gt", "sh", "sh_ft", "cpn"]


def load_human36m(
    folder: Path, keypoints: KeypointSource | Path = "gt", partial: bool = False, progress: Progress = silent
) -> list[Sequence]:
    """Every sequence, by subject (training first), action, take and camera, in the orders of `names`.

    `keypoints` are the projected joints ("gt"), stacked hourglass detections before ("sh") and after ("sh_ft")
    fine-tuning, those of the cascaded pyramid network ("cpn"), or a file of detections in the layout of
    VideoPose3D. Raises InvalidInput when the data are damaged, or incomplete and `partial` is False.
    """
    raise NotImplementedError
