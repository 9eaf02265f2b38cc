"""Render people whose 3D joints are known exactly, and keep what the detector sees of them.

python -m training.render --motion FOLDER --figure FOLDER --out FOLDER [--scenes N] [--clips]

Every scene becomes one file (.npz) of detections and truth (`training.datasets.renders`); pictures are not
kept, but for every so many scenes one to look at. A run goes on where an earlier one ended. Every sixth scene
is held out from training: its people move as subjects do whom no other scene shows. With --clips every scene
is held out, and is one video of two seconds, filmed as animators film themselves.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.pinhole import project
from lifting_core.detection import DETECTORS
from lifting_core.detection.mediapipe_model import MODELS
from lifting_core.files import written_whole
from training.command import command
from training.datasets.mocap import Clip, read_mocap
from training.datasets.renders import Renders, joined, write_renders
from training.folders import make_folder
from training.rendering.makehuman import complete_data
from training.rendering.observing import Observation, observe
from training.rendering.scenes import CLIPS, GLIMPSES, Actor, Programme, Shot, cast, film
from training.tasks.simulated import split_by_subject

_HELD_OUT_EVERY = 6
_PICTURE_EVERY = 7

log = logging.getLogger(__name__)


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.render", description=__doc__)
    parser.add_argument("--motion", type=Path, required=True, metavar="FOLDER", help="motion capture")
    parser.add_argument(
        "--figure", type=Path, required=True, metavar="FOLDER", help="MakeHuman's data, mpfb2"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the scenes go")
    parser.add_argument("--scenes", type=int, default=1000, metavar="N", help="how many (1000)")
    parser.add_argument("--clips", action="store_true", help="videos to test finished motions on")
    parser.add_argument("--detector", choices=list(MODELS), default=DETECTORS[0], help="(%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    make_folder(options.out)
    production = Production(options.figure, CLIPS if options.clips else GLIMPSES, options.detector)
    render_scenes(production, read_mocap(options.motion), options.out, options.scenes)


@dataclass(frozen=True)
class Production:
    """What all scenes have in common."""

    figure_data: Path
    """MakeHuman's data, mpfb2."""
    programme: Programme
    detector: str
    """Which of the project's detectors looks at the pictures."""


def render_scenes(production: Production, clips: Sequence[Clip], folder: Path, count: int) -> None:
    """Render those of the first `count` scenes that `folder` does not hold yet.

    Raises InvalidInput when the figure's data is missing, LiftPoseError when a file cannot be written.
    """
    training, held_out = split_by_subject(list(clips))
    for number in range(count):
        path = folder / f"scene_{number:06}.npz"
        if path.exists():
            continue
        started = time.perf_counter()
        is_held_out = production.programme.held_out or number % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1
        chosen = held_out if is_held_out else training
        scene = _render(production, number, chosen, is_held_out, path)
        write_renders(path, scene)
        log.info("%s: %d people in %.1f s.", path.name, len(scene), time.perf_counter() - started)


def _render(production: Production, number: int, clips: list[Clip], held_out: bool, path: Path) -> Renders:
    rng = np.random.default_rng(number)
    with complete_data(production.figure_data):
        actors = cast(rng, production.figure_data, production.programme)
    rows = []
    for index, shot in enumerate(film(rng, actors, clips, production.programme)):
        observation = observe(shot, production.detector, with_world=held_out)
        rows.append(_rows(100 * number + index, shot, observation, actors, held_out))
        if number % _PICTURE_EVERY == 0 and index % 3 == 0:
            _draw(path.with_name(f"{path.stem}_{index:02}.jpg"), shot, observation)
    return joined(rows)


def _rows(number: int, shot: Shot, seen: Observation, actors: Sequence[Actor], held_out: bool) -> Renders:
    """The shot's people, one after the other."""
    frames, people = seen.confidence.shape[:2]
    camera = shot.camera

    def each(values: Any) -> NDArray[Any]:
        """(F, A, ...) to rows by person."""
        array = np.asarray(values)
        return array.swapaxes(0, 1).reshape(frames * people, *array.shape[2:])

    def all_alike(value: Any) -> NDArray[Any]:
        return np.repeat(np.asarray(value)[None], frames * people, axis=0)

    def by_person(values: Any) -> NDArray[Any]:
        return np.repeat(np.asarray(values), frames)

    return Renders(
        keypoints=each(seen.keypoints),
        confidence=each(seen.confidence),
        world=each(seen.world),
        points=each(shot.points.astype(np.float32)),
        camera_matrix=all_alike(camera.matrix().astype(np.float32)),
        camera_from_world=all_alike(camera.from_world().astype(np.float32)),
        image_size=all_alike(np.array([camera.width, camera.height], np.int32)),
        shot=all_alike(np.int64(number)),
        person=by_person(np.arange(people, dtype=np.int32)),
        time=np.tile(shot.times.astype(np.float32), people),
        sex=by_person(np.array([actor.person.sex for actor in actors], np.float32)),
        age=by_person(np.array([actor.person.age for actor in actors], np.float32)),
        stature=by_person(np.array([actor.stature for actor in actors], np.float32)),
        subject=by_person([clip.subject for clip in shot.clips]),
        clip=by_person([clip.name for clip in shot.clips]),
        held_out=all_alike(np.bool_(held_out)),
    )


def _draw(path: Path, shot: Shot, seen: Observation) -> None:
    """The shot's first and last picture, the true joints as rings, the keypoints as dots."""
    panels = []
    for frame in sorted({0, len(shot.pictures) - 1}):
        panel = shot.pictures[frame].copy()
        for x, y in project(shot.points[frame], shot.camera.matrix()).reshape(-1, 2):
            cv2.circle(panel, (round(x), round(y)), 3, (0, 255, 0), 1, cv2.LINE_AA)
        found = seen.confidence[frame] > 0
        for (x, y), sure in zip(seen.keypoints[frame][found], seen.confidence[frame][found], strict=True):
            cv2.circle(panel, (round(x), round(y)), 2, (255, round(255 * sure), 0), -1, cv2.LINE_AA)
        panels.append(panel)
    with written_whole(path) as temporary:
        cv2.imwrite(str(temporary), np.concatenate(panels, 1)[..., ::-1])


if __name__ == "__main__":
    raise SystemExit(main())
