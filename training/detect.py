"""Find the 2D joints in the videos of Human3.6M with a detector of the engine.

python -m training.detect --data FOLDER --out FILE; then train with --keypoints FILE. The videos are those of
the official download, S#/Videos/<Action>[ n].<camera>.mp4, or folders of their frames, named alike without
.mp4. What a run has found stays in a folder beside FILE until FILE is whole, so that a run that was ended
goes on where it was. The paper's detections: --detector hourglass --detector-weights WEIGHTS --boxes truth.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from lifting_core.detection import DETECTORS, DetectorOptions, detections, open_detector
from lifting_core.detection.detector import Detector, Person
from lifting_core.detection.hourglass.detector import open_keypoints
from lifting_core.detection.joint_sets import HUMAN36M_16, MPII
from lifting_core.detection.poses import size
from lifting_core.detection.topdown import TopDownDetector
from lifting_core.errors import InvalidInput
from lifting_core.files import check_writable, written_whole
from lifting_core.media.opening import open_media
from lifting_core.motion.gaps import fill
from lifting_core.settings import DEVICES
from training.command import command
from training.datasets.human36m.boxes import TrueBoxes, projected_joints
from training.datasets.human36m.detections import Detections, to_human36m, write_detections
from training.datasets.human36m.names import VideoName, video_files

log = logging.getLogger(__name__)

Opener = Callable[[VideoName], Detector]
"""Gives a detector for one video."""


def detect_videos(videos: dict[VideoName, Path], parts: Path, open_for: Opener) -> Detections:
    """Joints in every frame of every video; `parts` keeps those of the videos that are done.

    Raises InvalidInput when a video cannot be read or shows nobody.
    """
    parts.mkdir(parents=True, exist_ok=True)
    found: Detections = {}
    for name, path in tqdm(videos.items(), unit="video"):
        part = parts / f"{'-'.join(map(str, name))}.npy"
        if not part.exists():
            joints = detect_video(path, open_for(name))
            with written_whole(part) as temporary:
                np.save(temporary, joints)
        found[name] = np.load(part)
    return found


def detect_video(path: Path, detector: Detector) -> NDArray[np.float32]:
    """(T, 17, 2) px of `skeleton.HUMAN36M_JOINTS` of the largest person; NaN where the detector has none.

    Frames in which nobody is found are interpolated and told in the log. The detector is closed in the end.
    """
    with detector as finder:
        names = finder.keypoint_names
        keypoints = [_largest(people, len(names)) for _, people in detections(finder, open_media(path))]
    found = np.stack(keypoints)
    seen = np.isfinite(found).all((1, 2))
    if not seen.any():
        raise InvalidInput(
            f"The detector finds nobody in {path}.", "Check the video, or use another detector."
        )
    if not seen.all():
        log.warning("%s: nobody found in %d of %d frames.", path, (~seen).sum(), len(seen))
    # The paper reads MPII's joints as Human3.6M's in the same order, whatever they were trained on.
    names = HUMAN36M_16 if names == MPII else names
    return to_human36m(fill(np.arange(len(found)), found, seen), names, str(path))


def _largest(people: Iterable[Person], keypoints: int) -> NDArray[np.float32]:
    """(K, 2) px, NaN when there is nobody."""
    people = list(people)
    return max(people, key=size).keypoints if people else np.full((keypoints, 2), np.nan, np.float32)


def _opener(options: argparse.Namespace) -> Opener:
    choices = DetectorOptions(options.detector_weights, options.boxes, options.device)
    if options.boxes != "truth":
        return lambda name: open_detector(options.detector, options=choices)
    if options.detector != "hourglass":
        raise InvalidInput("Only the detector hourglass takes true boxes.", "Use --detector hourglass.")
    model, joints = open_keypoints(choices), projected_joints(options.data)

    def open_for(name: VideoName) -> Detector:
        if name not in joints:
            raise InvalidInput(f"There are no joints of the video {' '.join(map(str, name))}.", "Add them.")
        return TopDownDetector(TrueBoxes(joints[name]), model, trust_boxes=True)

    return open_for


@command
def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    videos = video_files(options.data, "Videos", ".mp4") or video_files(options.data, "Videos", "")
    if not videos:
        raise InvalidInput(f"{options.data} holds no videos S1/Videos/*.mp4.", "Name another folder.")
    check_writable(options.out)
    parts = options.out.with_name(f"{options.out.name}.{options.detector}-parts")
    write_detections(options.out, detect_videos(videos, parts, _opener(options)))
    shutil.rmtree(parts)
    log.info("%s holds the joints of %d videos.", options.out, len(videos))


def _parser() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m training.detect", description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with S1/Videos, S5/Videos and so on")
    parser.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    parser.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0])
    parser.add_argument("--detector-weights", type=Path, metavar="FILE", help="what the detector reads")
    parser.add_argument(
        "--boxes",
        default="mediapipe",
        metavar="WHO",
        help="where people are: mediapipe (default), centre, or truth, the paper's 440 px around the joints",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
