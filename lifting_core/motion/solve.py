"""From what was observed frame by frame to one person's Motion."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lifting_core.camera.perspective import Perspective
from lifting_core.camera.pinhole import rays
from lifting_core.errors import InvalidInput
from lifting_core.motion.completion import completed, given_joints
from lifting_core.motion.contacts import SOLES, still_in_picture
from lifting_core.motion.evidence import Evidence, Footing
from lifting_core.motion.gaps import LONGEST_GAP, bridged_frames, fill
from lifting_core.motion.gravity import gravity
from lifting_core.motion.ground import floor_height, standing_feet, world_axes
from lifting_core.motion.kinematics import RestPose, pose
from lifting_core.motion.motion import Motion
from lifting_core.motion.proportions import body_size, rest_pose
from lifting_core.motion.rotations import solve_rotations
from lifting_core.motion.smoothing import cutoff, smooth
from lifting_core.motion.trajectory import fit_root, joint_keypoints, smooth_root
from lifting_core.progress import Progress, silent
from lifting_core.skeleton import (
    BONE_HEADS,
    BONE_NAMES,
    BONE_PARENTS,
    BONE_TAILS,
    HUMAN36M_JOINTS,
    JOINT_PARENTS,
    JOINTS,
)

if TYPE_CHECKING:
    from lifting_core.motion.fitting import Body

_LEAST_EVIDENCE = 1.0
"""Frames whose joints have less confidence than this, all together, show nobody."""
_SLOW = [
    (JOINTS.index(anchor), [JOINTS.index(member) for member in members], share)
    for anchor, members, share in (
        ("pelvis", ("left_hip", "right_hip"), 0.5),
        ("thorax", ("left_shoulder", "right_shoulder", "skull"), 0.5),
        ("skull", ("neck", "head", "left_ear", "right_ear"), 0.5),
        *((f"{side}_ankle", (f"{side}_heel", f"{side}_toe"), 0.5) for side in ("left", "right")),
        *((f"{side}_wrist", (f"{side}_hand",), 0.5) for side in ("left", "right")),
        *((f"{side}_hand", (f"{side}_index",), 0.3) for side in ("left", "right")),
    )
]
"""Where short levers begin, which turn pelvis, chest, head, feet and hands, the joints at their ends, and to
which share of the cut-off frequency these are smoothed: a small error of theirs turns the body far."""
_SEEN_OF_FEET = [
    [JOINTS.index(f"{side}_{end}") for end in ("ankle", "heel", "toe")] for side in ("left", "right")
]
_BODY = slice(len(HUMAN36M_JOINTS))
"""The joints that tell where somebody stands; the others are many, close together and less exact."""


@dataclass(frozen=True, eq=False)
class Observation:
    """One person in one clip, as detected and lifted frame by frame."""

    time: NDArray[Any]
    """(T,) seconds from the start of the source, increasing."""
    fps: float
    source: str
    image_size: tuple[int, int]
    """Width and height in pixels."""
    camera_matrix: NDArray[Any]
    """(3, 3) pixels."""
    joints: NDArray[Any]
    """(T, 28, 3) metres in camera axes, relative to the pelvis; NaN in frames without the person. Joints
    beyond those of Human3.6M that are NaN in other frames, too, count as not given at all."""
    joint_confidence: NDArray[Any]
    """(T, 28)"""
    keypoint_names: tuple[str, ...]
    keypoints: NDArray[Any]
    """(T, K, 2) pixels; ignored in frames without the person."""
    keypoint_confidence: NDArray[Any]
    """(T, K)"""
    perspective: Perspective | None = None
    """What lines in the pictures tell of the camera, where they do."""
    step: int = 1
    """Every so many frames of the source were lifted, which has `step * fps` a second."""


def solve(observation: Observation, smoothing: float = 0.5, progress: Progress = silent) -> Motion:
    """One consistent skeleton, its rotations and its path through the world.

    `smoothing` goes from 0 (none but what the fit of the body brings) to 1 (strong). Gaps of up to half a
    second are bridged, with confidence 0; longer ones stay empty.
    Raises InvalidInput when the person is in no frame, or when too little is seen to tell where the person
    stands.
    """
    progress("solving", 0, 4)
    seen = np.isfinite(observation.joints[:, _BODY]).all(axis=(1, 2))
    seen &= np.nansum(observation.joint_confidence, axis=1) >= _LEAST_EVIDENCE
    frames = bridged_frames(observation.time, seen)
    if len(frames) == 0:
        raise InvalidInput("The person is in no frame of the range.", "Choose another range or person.")
    clip = _clip(observation, seen, frames)
    progress("solving", 1, 4)
    body = _fit(clip, observation.perspective, lambda: progress("solving", 1, 4))
    rest, joints = rest_pose(body.lengths), _smooth_body(clip, body.joints, cutoff(smoothing))
    root = smooth_root(clip.time, body.root, np.ones(len(frames)), cutoff(smoothing))
    progress("solving", 2, 4)
    up = gravity(clip.time, joints, root, clip.confidence, observation.perspective).up
    axes = world_axes(up, clip.time, joints)
    rotations = solve_rotations(rest, clip.time, joints @ axes, clip.confidence)
    progress("solving", 3, 4)
    posed = pose(rest, rotations, np.zeros((len(frames), 3)))
    still, root = _feet_still(clip, root[:, 2]), root @ axes
    placed = posed + root[:, None]
    contacts = standing_feet(clip.time, placed, clip.confidence, rest.joints, still)
    floor = floor_height(clip.time, placed, clip.confidence, rest.joints)
    origin = np.array([root[0, 0], root[0, 1], floor])
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3], camera_from_world[:3, 3] = axes, axes @ origin
    motion = _motion(observation, seen, frames, rest, rotations, root - origin, camera_from_world, contacts)
    progress("solving", 4, 4)
    return motion


def _clip(observation: Observation, seen: NDArray[np.bool_], frames: NDArray[np.intp]) -> Evidence:
    time, known = np.asarray(observation.time, np.float64)[frames], seen[frames]
    points, trust = joint_keypoints(
        observation.keypoint_names, observation.keypoints[frames], observation.keypoint_confidence[frames]
    )
    given = given_joints(observation.joints[seen])
    confidence = np.where(known[:, None], np.nan_to_num(observation.joint_confidence[frames]), 0.0)
    joints = fill(time, np.where(given[:, None], observation.joints[frames], 0.0), known)
    joints, confidence = completed(joints, confidence, given)
    return Evidence(
        time=time,
        joints=joints,
        confidence=confidence,
        rays=rays(points, observation.camera_matrix)[..., :2],
        ray_confidence=np.where(known[:, None] & given, trust, 0.0),
    )


def _fit(clip: Evidence, perspective: Perspective | None, going_on: Callable[[], None]) -> Body:
    """The body that suits all that is known.

    Once to see how it leans and when which foot stands, and again knowing that.
    """
    from lifting_core.motion.fitting import fit_body  # torch takes seconds to import

    size = body_size(clip.joints, clip.confidence)
    start = clip.joints + _place(clip)[:, None]
    body = fit_body(clip, start, size, going_on=going_on)
    turn = gravity(clip.time, body.joints, body.root, clip.confidence, perspective).turn
    upright = turn.as_matrix().transpose(0, 2, 1)
    clip = dataclasses.replace(clip, joints=clip.joints @ upright)
    body = dataclasses.replace(body, placed=body.root[:, None] + body.joints @ upright)
    return fit_body(clip, body.placed, size, _footing(clip, body, perspective), going_on)


def _footing(clip: Evidence, body: Body, perspective: Perspective | None) -> Footing:
    """When which foot stands; not where frames are so far apart that it may have gone anywhere in between."""
    up = gravity(clip.time, body.joints, body.root, clip.confidence, perspective).up
    world = body.placed @ world_axes(up, clip.time, body.joints)
    rest = rest_pose(body.lengths).joints
    still = _feet_still(clip, body.root[:, 2])
    near = np.diff(clip.time) <= LONGEST_GAP
    watched = np.append(False, near) | np.append(near, False)
    contacts = standing_feet(clip.time, world, clip.confidence, rest, still) * watched[:, None]
    return Footing(up, contacts, rest[SOLES[0], 2])


def _smooth_body(clip: Evidence, joints: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Joints (M, 28, 3) smoothed, those that turn the trunk, the head, hands and feet more than the limbs."""
    smoothed = smooth(clip.time, joints, clip.confidence, cutoff)
    for anchor, members, share in _SLOW:
        lever = joints[:, members] - joints[:, [anchor]]
        slow = smooth(clip.time, lever, clip.confidence[:, members], cutoff * share)
        smoothed[:, members] = smoothed[:, [anchor]] + slow
    return smoothed


def _place(clip: Evidence) -> NDArray[np.float64]:
    """(M, 3) where the pelvis is, in camera axes. Raises InvalidInput when the keypoints do not tell."""
    root, evidence = fit_root(clip.joints[:, _BODY], clip.rays[:, _BODY], clip.ray_confidence[:, _BODY])
    if not np.isfinite(root).any():
        raise InvalidInput(
            "Too little of the person is seen to tell where the person stands.",
            "Choose another range or clip.",
        )
    return smooth_root(clip.time, root, evidence, np.inf)


def _feet_still(clip: Evidence, depth: NDArray[Any]) -> NDArray[np.float64]:
    """(M, 2) how surely each foot stands still in the picture; `depth` (M,) of the pelvis, metres."""
    across = clip.rays[:, _SEEN_OF_FEET] * depth[:, None, None, None]
    return still_in_picture(clip.time, across, clip.ray_confidence[:, _SEEN_OF_FEET])


def _motion(
    observation: Observation,
    seen: NDArray[np.bool_],
    frames: NDArray[np.intp],
    rest: RestPose,
    rotations: NDArray[np.float64],
    root: NDArray[np.float64],
    camera_from_world: NDArray[np.float64],
    contacts: NDArray[np.float64],
) -> Motion:
    """The Motion of `frames`; all others are empty. Joints come from the very numbers that are stored."""
    rotations, root = rotations.astype(np.float32), root.astype(np.float32)
    world = pose(rest, rotations, root)
    in_camera = world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    given = given_joints(observation.joints[seen])
    confidence = np.where(seen[:, None] & given, np.nan_to_num(observation.joint_confidence), 0)
    count = len(observation.time)

    def all_frames(values: NDArray[Any], empty: float = np.nan) -> NDArray[Any]:
        full = np.full((count, *values.shape[1:]), empty, np.float32)
        full[frames] = values
        return full

    return Motion(
        time=observation.time,
        fps=observation.fps,
        source=observation.source,
        image_size=np.array(observation.image_size),
        joint_names=np.array(JOINTS),
        joint_parents=np.array(JOINT_PARENTS),
        joints_camera=all_frames(in_camera),
        joints_world=all_frames(world),
        joint_confidence=confidence,
        keypoint_names=np.array(observation.keypoint_names),
        keypoints_2d=np.nan_to_num(observation.keypoints),
        keypoint_confidence=np.where(seen[:, None], np.nan_to_num(observation.keypoint_confidence), 0),
        camera_matrix=observation.camera_matrix,
        camera_from_world=camera_from_world,
        bone_names=np.array(BONE_NAMES),
        bone_parents=np.array(BONE_PARENTS),
        bone_heads=np.array(BONE_HEADS),
        bone_tails=np.array(BONE_TAILS),
        rest_rotations=np.stack([rotation.as_quat()[[3, 0, 1, 2]] for rotation in rest.rotations]),
        rest_joints=rest.joints.astype(np.float32),
        rotations=all_frames(rotations),
        root_translation=all_frames(root),
        contacts=all_frames(contacts, empty=0),
        step=observation.step,
    )
