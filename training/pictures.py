"""Cut the pictures out of Human3.6M that a stacked hourglass is fine-tuned on.

python -m training.pictures --data FOLDER --out PICTURES writes crops around the person to PICTURES/images,
and the joints in them to train.json (S1, S5, S6, S7, S8) and valid.json (S9, S11), for training.hourglass
with --recipe human36m. FOLDER holds the data set with its videos, as for training.detect.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from lifting_core.detection.joint_sets import HUMAN36M_16
from lifting_core.detection.regions import Region
from lifting_core.errors import InvalidInput
from lifting_core.files import written_whole
from lifting_core.media.opening import open_media
from lifting_core.skeleton import JOINTS
from training.command import command
from training.datasets.human36m.boxes import SIDE, projected_joints, square
from training.datasets.human36m.names import TEST_SUBJECTS, VideoName, video_files
from training.datasets.mpii import AnnotatedPerson, entry_of
from training.folders import make_folder

log = logging.getLogger(__name__)

_CROP = 680
"""Pixels: room for the squares that augmentation turns by 30 degrees or scales by 1.25."""
_QUALITY = 92
_COLUMNS = [JOINTS.index(name) for name in HUMAN36M_16]


def cut_out(folder: Path, out: Path, every: int) -> dict[str, int]:
    """Write the pictures and their joints; returns the numbers of pictures to train and to test on.

    Raises InvalidInput when the folder lacks joints or videos.
    """
    videos = video_files(folder, "Videos", ".mp4") or video_files(folder, "Videos", "")
    if not videos:
        raise InvalidInput(f"{folder} holds no videos S1/Videos/*.mp4.", "Name another folder.")
    joints = projected_joints(folder)
    make_folder(out / "images")
    entries: dict[str, list[dict[str, Any]]] = {"train": [], "valid": []}
    for name, path in tqdm(videos.items(), unit="video"):
        if name not in joints:
            log.warning("There are no joints of the video %s.", path)
            continue
        part = entries["valid" if name[0] in TEST_SUBJECTS else "train"]
        part += [entry_of(person) for person in _people(name, path, joints[name], out / "images", every)]
    for kind, some in entries.items():
        with written_whole(out / f"{kind}.json") as temporary:
            temporary.write_text(json.dumps(some), encoding="utf-8")
    return {kind: len(some) for kind, some in entries.items()}


def _people(
    name: VideoName, video: Path, joints: NDArray[np.float64], images: Path, every: int
) -> Iterator[AnnotatedPerson]:
    """The person in every picture that is taken of a video, once it is written."""
    for frame in open_media(video, step=every):
        if frame.index >= len(joints):
            return
        seen = joints[frame.index]
        box = square(seen)
        # Whole pixels, so that nothing is resampled.
        x, y = round(box.left + SIDE / 2), round(box.top + SIDE / 2)
        crop = Region(x, y, _CROP, _CROP).crop(frame.image, (_CROP, _CROP))
        path = images / f"{'-'.join(map(str, name))}-{frame.index:06d}.jpg"
        with written_whole(path) as temporary:
            Image.fromarray(crop).save(temporary, "JPEG", quality=_QUALITY)
        in_crop = (seen[_COLUMNS] - (x, y) + _CROP / 2).astype(np.float32)
        yield AnnotatedPerson(path, Region(_CROP / 2, _CROP / 2, SIDE, SIDE), in_crop, float("nan"))


@command
def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.pictures", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with S1/Videos and so on")
    parser.add_argument("--out", type=Path, required=True, metavar="PICTURES", help="folder to write")
    parser.add_argument(
        "--every", type=int, default=20, metavar="FRAMES", help="from one picture to the next (20)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    counts = cut_out(options.data, options.out, options.every)
    log.info("%s holds %d pictures to train on and %d to test on.", options.out, *counts.values())


if __name__ == "__main__":
    raise SystemExit(main())
