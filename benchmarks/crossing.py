"""Whether two people who cross keep their identities: `crossing.py VIDEO`.

The video shows one person walking through a still scene, as the demo clip does. The person's mirror image,
shifted in time and place in several ways, is put in front of them, so that one hides the other on the way.
For each way the script tells the share of frames in which each has a track, and whether they were swapped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice, product

import cv2
import numpy as np
from numpy.typing import NDArray

from lifting_core.detection import detections, open_detector
from lifting_core.media import Frame, open_media
from lifting_core.tracking import Track, track

Image = NDArray[np.uint8]


def cutouts(images: Sequence[Image]) -> Iterator[tuple[Image, NDArray[np.bool_]]]:
    """Mirrored pictures and where the person is in them, found as what differs from the still scene."""
    scene = np.median(images, axis=0)
    for image in images:
        differs = (np.abs(image - scene).max(axis=2) > 30).astype(np.uint8)
        person = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        yield image[:, ::-1], person[:, ::-1] > 0


def crossing(images: Sequence[Image], delay: int, shift: int) -> Iterator[Frame]:
    """The clip with the mirror image in front, `delay` frames later and `shift` pixels to the right."""
    people = list(cutouts(images))
    for i in range(delay, len(images)):
        mirrored, person = people[i - delay]
        front, mask = np.roll(mirrored, shift, axis=1), np.roll(person, shift, axis=1)
        yield Frame(i - delay, (i - delay) / 30, np.where(mask[..., None], front, images[i]))


def middle(one: Track, end: int) -> float:
    return float(one.boxes[end, 0] + one.boxes[end, 2] / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--frames", type=int, default=66, help="while the person walks (default 66)")
    options = parser.parse_args()
    images = [frame.image for frame in islice(open_media(options.video), options.frames)]
    print("delay  shift  tracks  seen       swapped")
    for delay, shift in product((0, 4, 8), (-60, -30, 0, 30, 60)):
        frames = list(crossing(images, delay, shift))
        with open_detector("mediapipe") as detector:
            people = ((frame.time, found) for frame, found in detections(detector, frames))
            tracks = track(people, detector.keypoint_names)
        longest = sorted(tracks, key=lambda one: -len(one.frames))[:2]
        seen = " ".join(f"{len(one.frames) / len(frames):4.0%}" for one in longest)
        swapped = (middle(longest[0], 0) < middle(longest[1], 0)) == (
            middle(longest[0], -1) < middle(longest[1], -1)
        )
        print(f"{delay:5} {shift:6} {len(tracks):7}  {seen}  {'yes' if swapped else 'no':>7}", flush=True)


if __name__ == "__main__":
    main()
