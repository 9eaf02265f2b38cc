"""How far a motion can be trusted: numbers about it, and warnings in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from lifting_core.motion.gaps import LONGEST_GAP
from lifting_core.motion.motion import Motion

_MOST_LOST = 0.05  # share of the frames
_LEAST_CONFIDENCE = 0.45  # clips of somebody seen whole come to 0.5 to 0.58
_MOST_SLIDING = 0.5  # metres a second; walks come to 0.2 to 0.45 before feet are locked
_STANDS = 0.5  # contact from which a foot counts as standing
_FEET = ("left_ankle", "right_ankle")


@dataclass(frozen=True)
class Quality:
    """Numbers about one person's motion."""

    frames: int
    seen: int
    """Frames in which the person was seen; short gaps between them are bridged."""
    longest_gap: float
    """Seconds without the person, at most, between the first and the last frame of the clip."""
    confidence: float
    """Mean over the joints that were ever seen, and over seen frames, 0 to 1."""
    sliding: float | None
    """Median speed of standing feet along the floor, metres a second; None when no foot stands."""


def measure(motion: Motion) -> Quality:
    """The numbers of a motion in which the person is seen at least once."""
    seen = motion.keypoint_confidence.max(axis=1) > 0
    confidence = motion.joint_confidence[seen][:, motion.joint_confidence.any(axis=0)]
    return Quality(
        frames=len(seen),
        seen=int(seen.sum()),
        longest_gap=_longest_gap(motion.time, seen, motion.fps),
        confidence=round(float(confidence.mean()) if confidence.size else 0.0, 3),
        sliding=_sliding(motion),
    )


def warnings_about(quality: Quality) -> list[str]:
    """What a user should look at, in words."""
    found = []
    lost = quality.frames - quality.seen
    if lost > _MOST_LOST * quality.frames or quality.longest_gap > LONGEST_GAP:
        found.append(
            f"The person is lost in {lost} of {quality.frames} frames, at most {quality.longest_gap:.1f} s."
        )
    if quality.confidence < _LEAST_CONFIDENCE:
        found.append(f"The confidence is low: {quality.confidence:.2f} of 1.")
    if quality.sliding is not None and quality.sliding > _MOST_SLIDING:
        found.append(f"Standing feet slide: {100 * quality.sliding:.0f} cm/s.")
    return found


def _longest_gap(time: NDArray[np.float64], seen: NDArray[np.bool_], fps: float) -> float:
    ends = np.append(time, time[-1] + 1 / fps)
    longest, frame = 0.0, 0
    for is_seen, run in groupby(seen.tolist()):
        after = frame + len(list(run))
        if not is_seen:
            longest = max(longest, float(ends[after] - ends[frame]))
        frame = after
    return round(longest, 3)


def _sliding(motion: Motion) -> float | None:
    names = motion.joint_names.tolist()
    feet = motion.joints_world[:, [names.index(name) for name in _FEET], :2].astype(np.float64)
    stands = motion.contacts >= _STANDS
    speeds = np.linalg.norm(np.diff(feet, axis=0), axis=-1) / np.diff(motion.time)[:, None]
    both = stands[1:] & stands[:-1] & np.isfinite(speeds)
    return round(float(np.median(speeds[both])), 4) if both.any() else None
