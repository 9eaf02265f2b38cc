from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lifting_core.batch.quality import Quality, measure, warnings_about
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from lifting_core.settings import LiftSettings

_CLIP = Path(__file__).parents[2] / "data" / "walk_and_wave.mp4"


@pytest.fixture(scope="module")
def motion() -> Motion:
    return lift(_CLIP, LiftSettings(end=9))


def test_lost_frames_are_counted_and_their_time_is_measured(motion: Motion) -> None:
    seen = motion.keypoint_confidence.copy()
    seen[[2, 5, 6, 7, 9]] = 0
    quality = measure(dataclasses.replace(motion, keypoint_confidence=seen))
    assert (quality.frames, quality.seen) == (10, 5)
    assert quality.longest_gap == pytest.approx(3 / 30, abs=2e-3)


def test_confidence_is_that_of_seen_frames(motion: Motion) -> None:
    confidence = np.full_like(motion.joint_confidence, 0.25)
    seen = motion.keypoint_confidence.copy()
    seen[0], confidence[0] = 0, 0
    changed = dataclasses.replace(motion, joint_confidence=confidence, keypoint_confidence=seen)
    assert measure(changed).confidence == 0.25


def test_sliding_is_the_speed_of_standing_feet(motion: Motion) -> None:
    joints = np.zeros_like(motion.joints_world)
    left = motion.joint_names.tolist().index("left_ankle")
    joints[:, left, 0] = 0.4 * motion.time
    contacts = np.tile(np.array([1, 0], np.float32), (10, 1))
    assert measure(
        dataclasses.replace(motion, joints_world=joints, contacts=contacts)
    ).sliding == pytest.approx(0.4, rel=1e-3)
    assert measure(dataclasses.replace(motion, contacts=0 * contacts)).sliding is None


def test_a_clip_of_somebody_seen_whole_needs_no_look(motion: Motion) -> None:
    assert warnings_about(measure(motion)) == []


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (Quality(100, 97, 0.1, 0.9, 0.05), []),
        (Quality(100, 97, 0.1, 0.9, None), []),
        (Quality(100, 90, 0.2, 0.9, 0.05), ["The person is lost in 10 of 100 frames, at most 0.2 s."]),
        (Quality(100, 97, 0.1, 0.4, 0.05), ["The confidence is low: 0.40 of 1."]),
        (Quality(100, 97, 0.1, 0.9, 0.71), ["Standing feet slide: 71 cm/s."]),
    ],
)
def test_warnings(quality: Quality, words: list[str]) -> None:
    assert warnings_about(quality) == words
