"""The whole way from a photo or a video to a Motion."""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.calibration import Calibration, calibrate
from lifting_core.camera.lines import Glances
from lifting_core.camera.pinhole import camera_matrix
from lifting_core.detection import DetectorOptions, Effort, detections, open_detector
from lifting_core.errors import InvalidInput
from lifting_core.media import Media, MediaInfo, ahead, open_media
from lifting_core.motion.motion import Motion
from lifting_core.motion.solve import Observation, solve
from lifting_core.progress import Progress, silent
from lifting_core.settings import DEFAULT_HEIGHT, LiftSettings
from lifting_core.tracking import Track, Tracker, choose, in_order

if TYPE_CHECKING:
    from lifting_core.lifting.lifter import Lifter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LiftResult:
    """A motion, and how it came about."""

    motion: Motion
    device: str
    """Where the poses were lifted."""
    person: int
    """Whose motion it is: number in order of appearance, from the left where several appear together."""
    people: int
    """Number of people in the clip."""


@dataclass(frozen=True)
class PersonBox:
    """Where somebody is in the first frame with anybody."""

    index: int
    box: tuple[float, float, float, float]
    """Left, top, width and height in pixels."""


@dataclass(frozen=True)
class SourceDescription:
    """What a source is, and who is in it."""

    kind: Literal["image", "video", "sequence"]
    width: int
    height: int
    fps: float
    frames: int | None
    duration: float | None
    people: tuple[PersonBox, ...]


@dataclass(frozen=True)
class DeviceDescription:
    """What lifts, and how fast."""

    device: str
    name: str
    poses_per_second: float
    python: str
    torch: str


@dataclass(frozen=True, eq=False)
class _Detected:
    """All that is kept of a clip's pictures."""

    info: MediaInfo
    keypoint_names: tuple[str, ...]
    time: NDArray[np.float64]
    """(T,) seconds"""
    tracks: Sequence[Track]
    camera: Calibration


def lift(
    source: str | Path,
    settings: LiftSettings = LiftSettings(),  # noqa: B008 (frozen)
    progress: Progress = silent,
) -> Motion:
    """The motion of one person in the photo, video or image sequence `source`.

    Raises InvalidInput when the source or a setting is at fault, LiftPoseError when a part of the engine
    fails, and whatever `progress` raises.
    """
    return Pipeline().lift(source, settings, progress).motion


class Pipeline:
    """Lifts one clip after the other, and keeps the lifter, which is slow to load, for the next."""

    def __init__(self) -> None:
        self._lifter: Lifter | None = None
        self._lifter_choice: tuple[Path | None, str] | None = None

    def warm_up(self) -> None:
        """Load the default detector and lifter, so that the first clip need not wait for them.

        Raises LiftPoseError when one of them cannot be loaded.
        """
        open_detector().close()
        self._loaded_lifter(None, "auto")

    def lift(self, source: str | Path, settings: LiftSettings, progress: Progress = silent) -> LiftResult:
        """As the function `lift`, but tells more."""
        effort: Effort = "least" if settings.person == "largest" else "usual"
        detected = self._detected(source, settings, effort, progress)
        return self._lifted(detected, choose(detected.tracks, settings.person), settings, progress)

    def lift_everybody(
        self, source: str | Path, settings: LiftSettings, progress: Progress = silent
    ) -> list[LiftResult]:
        """Everybody in the clip in order of appearance, after one detection; `settings.person` is ignored.

        People of whom too little is seen are left out, with a warning to the log. Raises as `lift` does, and
        InvalidInput when nobody is left.
        """
        detected = self._detected(source, settings, "usual", progress)
        results = []
        for number, track in enumerate(in_order(detected.tracks)):
            try:
                results.append(self._lifted(detected, track, settings, progress))
            except InvalidInput as error:
                _log.warning("Person %d is left out: %s", number, error.message)
        if not results:  # lifting the largest person raises what is wrong
            return [self._lifted(detected, choose(detected.tracks), settings, progress)]
        return results

    def _detected(
        self, source: str | Path, settings: LiftSettings, effort: Effort, progress: Progress
    ) -> _Detected:
        progress("loading", 0, None)
        media = open_media(source, settings.start, settings.end, settings.step)
        self._loaded_lifter(settings.weights, settings.device)  # better missed now than after the work
        return _detect(media, settings, "most" if media.info.kind == "image" else effort, progress)

    def _lifted(
        self, detected: _Detected, track: Track, settings: LiftSettings, progress: Progress
    ) -> LiftResult:
        info = detected.info
        lifter = self._loaded_lifter(settings.weights, settings.device)
        matrix = detected.camera.matrix
        names, person = detected.keypoint_names, in_order(detected.tracks).index(track)
        track = track.with_consistent_sides(
            names, detected.time, lambda: progress("lifting", 0, track.length)
        )
        lifted = lifter.lift(names, track.keypoints, track.confidence, matrix, progress)
        size = (settings.height or DEFAULT_HEIGHT) / lifter.profile.stature
        observation = Observation(
            time=detected.time,
            fps=info.fps / settings.step,
            source=info.name,
            image_size=(info.width, info.height),
            camera_matrix=matrix,
            joints=lifted.joints * size,
            joint_confidence=lifted.confidence,
            keypoint_names=names,
            keypoints=track.keypoints,
            keypoint_confidence=track.confidence,
            perspective=detected.camera.perspective,
            step=settings.step,
        )
        motion = solve(observation, settings.smoothing, progress)
        return LiftResult(motion, lifter.device, person, len(detected.tracks))

    def probe(self, source: str | Path, progress: Progress = silent) -> SourceDescription:
        """What `source` is and who is in the first frame with anybody. Raises InvalidInput."""
        media = open_media(source)
        info = media.info
        people = _first_people(media, progress)
        return SourceDescription(
            info.kind, info.width, info.height, info.fps, info.frames, info.duration, people
        )

    def describe(self, device: str, progress: Progress = silent) -> DeviceDescription:
        """What `device` is and how fast it lifts. Raises InvalidInput when it is absent."""
        progress("loading", 0, None)
        lifter = self._loaded_lifter(None, device)
        import torch

        kind, _, name = lifter.device.partition(" ")
        return DeviceDescription(
            device=kind,
            name=name.strip("()"),
            poses_per_second=_speed(lifter),
            python=platform.python_version(),
            torch=torch.__version__,
        )

    def _loaded_lifter(self, weights: Path | None, device: str) -> Lifter:
        from lifting_core.lifting.lifter import Lifter  # torch takes seconds to import

        if self._lifter is None or self._lifter_choice != (weights, device):
            self._lifter, self._lifter_choice = Lifter.load(weights, device), (weights, device)
        return self._lifter


def _detect(media: Media, settings: LiftSettings, effort: Effort, progress: Progress) -> _Detected:
    """Follow everybody through the clip; decoding runs ahead in a thread of its own."""
    total = None
    if media.info.frames is not None:
        end = media.info.frames if settings.end is None else settings.end + 1
        total = len(range(settings.start, end, settings.step))
    times, glances = [], Glances()
    options = DetectorOptions(settings.detector_weights, settings.detector_boxes, settings.device)
    with open_detector(settings.detector, effort, options) as detector, closing(ahead(media)) as frames:
        progress("detection", 0, total)
        tracker = Tracker(detector.keypoint_names)
        for frame, people in detections(detector, frames):
            tracker.update(frame.time, people)
            glances.see(frame)
            times.append(frame.time)
            progress("detection", len(times), total)
        camera = calibrate(media.info, settings.fov, glances.segments)
        return _Detected(media.info, detector.keypoint_names, np.array(times), tracker.tracks(), camera)


def _first_people(media: Media, progress: Progress) -> tuple[PersonBox, ...]:
    with open_detector() as detector, closing(ahead(media)) as frames:
        for done, frame in enumerate(frames):
            progress("detection", done, media.info.frames)
            tracker = Tracker(detector.keypoint_names)
            tracker.update(frame.time, detector.detect(frame))
            if people := in_order(tracker.tracks()):
                boxes = [track.boxes[0].tolist() for track in people]
                return tuple(PersonBox(index, tuple(box)) for index, box in enumerate(boxes))
    return ()


def _speed(lifter: Lifter, poses: int = 4096) -> float:
    """Poses a second, one batch after another for half a second."""
    names = lifter.profile.keypoints
    keypoints = np.random.default_rng(0).uniform(0, 1000, (poses, len(names), 2))
    confidence, matrix = np.ones((poses, len(names))), camera_matrix(1000.0, 1000, 1000)
    lifter.lift(names, keypoints, confidence, matrix)
    began, done = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < 0.5:
        lifter.lift(names, keypoints, confidence, matrix)
        done += poses
    return round(done / elapsed, 1)
