"""Find the 2D joints in the videos of Human3.6M with a detector of the engine.

python -m training.detect --data FOLDER --out FILE; then train with --keypoints FILE. The videos are those of
the official download, S#/Videos/<Action>[ n].<camera>.mp4. What a run has found stays in a folder beside FILE
until FILE is whole, so that a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from lifting_core.detection import DETECTORS, open_detector
from lifting_core.detection.detector import Person
from lifting_core.detection.poses import size
from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.files import check_writable, written_whole
from lifting_core.media.opening import open_media
from lifting_core.motion.gaps import fill
from training.datasets.human36m.detections import Detections, to_human36m, write_detections
from training.datasets.human36m.names import VideoName, video_files

log = logging.getLogger(__name__)


def detect_videos(videos: dict[VideoName, Path], parts: Path, detector: str) -> Detections:
    """Joints in every frame of every video; `parts` keeps those of the videos that are done.

    Raises InvalidInput when a video cannot be read or shows nobody.
    """
    parts.mkdir(parents=True, exist_ok=True)
    detections: Detections = {}
    for name, path in tqdm(videos.items(), unit="video"):
        part = parts / f"{'-'.join(map(str, name))}.npy"
        if not part.exists():
            joints = detect_video(path, detector)
            with written_whole(part) as temporary:
                np.save(temporary, joints)
        detections[name] = np.load(part)
    return detections


def detect_video(path: Path, detector: str) -> NDArray[np.float32]:
    """(T, 17, 2) px of `skeleton.HUMAN36M_JOINTS` of the largest person; NaN where the detector has none.

    Frames in which nobody is found are interpolated and told in the log.
    """
    with open_detector(detector) as finder:
        keypoints = [_largest(finder.detect(frame), len(finder.keypoint_names)) for frame in open_media(path)]
        names = finder.keypoint_names
    found = np.stack(keypoints)
    seen = np.isfinite(found).all((1, 2))
    if not seen.any():
        raise InvalidInput(f"{detector} finds nobody in {path}.", "Check the video, or use another detector.")
    if not seen.all():
        log.warning("%s: nobody found in %d of %d frames.", path, (~seen).sum(), len(seen))
    return to_human36m(fill(np.arange(len(found)), found, seen), names, str(path))


def _largest(people: Iterable[Person], keypoints: int) -> NDArray[np.float32]:
    """(K, 2) px, NaN when there is nobody."""
    people = list(people)
    return max(people, key=size).keypoints if people else np.full((keypoints, 2), np.nan, np.float32)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m training.detect", description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with S1/Videos, S5/Videos and so on")
    parser.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    parser.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0])
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        videos = video_files(options.data, "Videos", ".mp4")
        if not videos:
            raise InvalidInput(f"{options.data} holds no videos S1/Videos/*.mp4.", "Name another folder.")
        check_writable(options.out)
        parts = options.out.with_name(f"{options.out.name}.{options.detector}-parts")
        write_detections(options.out, detect_videos(videos, parts, options.detector))
        shutil.rmtree(parts)
    except LiftPoseError as error:
        log.error("%s", error)
        return 2
    log.info("%s holds the joints of %d videos.", options.out, len(videos))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
