"""All that the engine does after detection, on rendered people of whom everything is known."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.mediapipe_model import KEYPOINT_NAMES
from lifting_core.errors import InvalidInput
from lifting_core.lifting.lifter import Lifter
from lifting_core.motion.motion import Motion
from lifting_core.motion.solve import Observation, solve
from lifting_core.skeleton import JOINTS
from lifting_core.tracking import Track
from training.datasets.renders import Renders
from training.evaluation.renders import tracks

_PHOTO_RATE = 30.0
"""Frames a second that a photo is said to have."""

log = logging.getLogger(__name__)


def finished_joints(renders: Renders, lifter: Lifter) -> NDArray[np.float32]:
    """(N, 28, 3) joints of the motions made of each person's shots, metres, camera axes; NaN where none."""
    joints = np.full((len(renders), len(JOINTS), 3), np.nan, np.float32)
    for rows in tracks(renders):
        try:
            joints[rows] = _finished(renders.rows(rows), lifter).joints_camera
        except InvalidInput as error:
            log.info("Shot %d: %s", renders.shot[rows[0]], error.message)
    return joints


def _finished(shot: Renders, lifter: Lifter) -> Motion:
    """The motion of one person in one shot. Raises InvalidInput when too little is seen."""
    time, frames = shot.time.astype(np.float64), np.flatnonzero(shot.found)
    track = Track(len(shot), frames, shot.keypoints[frames], shot.confidence[frames])
    track = track.with_consistent_sides(KEYPOINT_NAMES, time)
    camera: NDArray[Any] = shot.camera_matrix[0].astype(np.float64)
    lifted = lifter.lift(KEYPOINT_NAMES, track.keypoints, track.confidence, camera)
    width, height = shot.image_size[0].tolist()
    observation = Observation(
        time=time,
        fps=1 / float(np.median(np.diff(time))) if len(time) > 1 else _PHOTO_RATE,
        source="",
        image_size=(width, height),
        camera_matrix=camera,
        joints=lifted.joints,
        joint_confidence=lifted.confidence,
        keypoint_names=KEYPOINT_NAMES,
        keypoints=track.keypoints,
        keypoint_confidence=track.confidence,
    )
    return solve(observation)
