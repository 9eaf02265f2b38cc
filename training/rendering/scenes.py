"""Scenes drawn at random: people who move as somebody did, filmed by cameras that stand anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifting_core.errors import InvalidInput
from training.datasets.joint_centres import centred
from training.datasets.mocap import POINTS, Clip
from training.rendering.backdrop import Picture, draw_backdrop, draw_obstacle
from training.rendering.capture import captured_poses, mirror_image, moved
from training.rendering.figure import Figure, body_points
from training.rendering.filming import Camera, film_with, render_cutout, set_up_pictures
from training.rendering.people import PersonDescription, draw_person
from training.rendering.pose import Pose
from training.rendering.stage import current_scene
from training.rendering.viewpoints import ANYWHERE, TRIPOD, Viewpoints, draw_camera

Array = NDArray[np.float64]

_APART = (0.5, 1.8)
"""Metres between two people."""
_LIGHTS = ("Default", "studio.sl", "paint.sl", "outdoor.sl", "rim.sl")
_FEET = [POINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("heel", "toe")]


@dataclass(frozen=True)
class Programme:
    """What is filmed in a scene: videos, then photos."""

    videos: int = 4
    photos: int = 4
    frames: int = 12
    """Of a video."""
    rate: float = 15.0
    """Frames a second, as nearly as the capture's own rate allows."""
    second_person: float = 0.2
    """Share of scenes with two people."""
    obstacle: float = 0.15
    """Share of shots with something before the people."""
    viewpoints: Viewpoints = ANYWHERE
    held_out: bool = False
    """Whether every scene is for testing."""


GLIMPSES = Programme()
"""Much of everything, to train on and to test single frames on."""
CLIPS = Programme(
    videos=1,
    photos=0,
    frames=60,
    rate=30.0,
    second_person=0.0,
    obstacle=0.0,
    viewpoints=TRIPOD,
    held_out=True,
)
"""Videos as animators make them of themselves, to test finished motions on."""


@dataclass(frozen=True, eq=False)
class Actor:
    """A figure and who it is."""

    figure: Figure
    person: PersonDescription

    @property
    def stature(self) -> float:
        """Metres, standing."""
        return float(self.figure.rest_joints["head"][2])


@dataclass(frozen=True, eq=False)
class Shot:
    """Some consecutive frames, or a single one, from one camera."""

    camera: Camera
    times: Array
    """(F,) seconds."""
    pictures: list[NDArray[np.uint8]]
    """(height, width, 3) RGB each."""
    points: Array
    """(F, A, P, 3) metres, camera axes: `training.datasets.mocap.POINTS` of every actor."""
    clips: tuple[Clip, ...]
    """What each actor does."""


def cast(rng: np.random.Generator, figure_data: Path, programme: Programme = GLIMPSES) -> list[Actor]:
    """An empty scene with one or two people in it. Raises OSError when the figure's data is missing."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    people = [draw_person(rng) for _ in range(2 if rng.random() < programme.second_person else 1)]
    actors = [Actor(Figure(figure_data, person.targets, person.clothes), person) for person in people]
    set_up_pictures()
    display, colours = current_scene().display, current_scene().view_settings
    assert display is not None
    assert colours is not None
    shading = display.shading
    assert shading is not None
    shading.studio_light = str(rng.choice(_LIGHTS))  # type: ignore[assignment]  # the stubs list one
    shading.show_shadows, shading.show_cavity = False, bool(rng.random() < 0.5)
    display.render_aa = "OFF"  # the lens is not that sharp
    colours.exposure = float(rng.uniform(0.0, 1.2))
    return actors


def film(
    rng: np.random.Generator, actors: Sequence[Actor], clips: Sequence[Clip], programme: Programme = GLIMPSES
) -> Iterator[Shot]:
    """The shots of a scene."""
    for frames in [programme.frames] * programme.videos + [1] * programme.photos:
        yield _shoot(rng, actors, clips, frames, programme)


def _shoot(
    rng: np.random.Generator,
    actors: Sequence[Actor],
    clips: Sequence[Clip],
    frames: int,
    programme: Programme,
) -> Shot:
    acts = [_direct(rng, actor, clips, frames, programme.rate) for actor in actors]
    aside = rng.uniform(*_APART) * np.arange(len(acts))[:, None] * [1.0, 0, 0]
    acts = [act.moved(Rotation.identity(), by) for act, by in zip(acts, aside, strict=True)]
    world = np.stack([act.points for act in acts], 1)
    camera = draw_camera(rng, world.reshape(-1, 3), programme.viewpoints)
    film_with(camera)
    backdrop = draw_backdrop(rng, camera)
    obstacle = draw_obstacle(rng, camera) if rng.random() < programme.obstacle else None
    lens = _Lens(rng)
    pictures = []
    for frame in range(frames):
        for actor, act in zip(actors, acts, strict=True):
            actor.figure.take(act.poses[frame])
        pictures.append(lens.expose(_composed(render_cutout(), backdrop, obstacle)))
    points = (world - camera.position) @ camera.rotation.T
    return Shot(camera, acts[0].times, pictures, points, tuple(act.clip for act in acts))


@dataclass(frozen=True, eq=False)
class _Act:
    """What an actor does in a shot."""

    clip: Clip
    times: Array
    """(F,) seconds."""
    poses: list[Pose]
    points: Array
    """(F, P, 3) world."""

    def moved(self, turn: Rotation, by: Array) -> _Act:
        """The same elsewhere: turned about the world's origin, then moved by (3,) metres."""
        points = turn.apply(self.points.reshape(-1, 3)).reshape(self.points.shape) + by
        return _Act(self.clip, self.times, [moved(pose, turn, by) for pose in self.poses], points)


def _direct(rng: np.random.Generator, actor: Actor, clips: Sequence[Clip], frames: int, rate: float) -> _Act:
    """Part of a clip, any subject as likely as any other, at the origin, facing anywhere."""
    clip, chosen = _draw_frames(rng, clips, frames, rate)
    figure = actor.figure
    poses = captured_poses(clip.points[chosen], body_points(figure.rest_joints))
    if rng.random() < 0.5:
        poses = [mirror_image(pose) for pose in poses]
    for side in ("left", "right"):
        figure.bend_fingers(side, float(rng.uniform(0, 0.8)))
    points = np.empty((frames, len(POINTS), 3))
    for frame, pose in enumerate(poses):
        figure.take(pose)
        points[frame] = centred(body_points(figure.joints()), actor.stature)
    act = _Act(clip, (chosen - chosen[0]) / clip.fps, poses, points)
    floor = np.array([*poses[frames // 2].pelvis[:2], points[:, _FEET, 2].min()])
    return act.moved(Rotation.identity(), -floor).moved(
        Rotation.from_rotvec([0, 0, rng.uniform(-np.pi, np.pi)]), np.zeros(3)
    )


def _draw_frames(
    rng: np.random.Generator, clips: Sequence[Clip], frames: int, rate: float
) -> tuple[Clip, NDArray[np.int64]]:
    """A clip that is long enough, and the numbers of consecutive frames in it."""
    steps = {id(clip): max(1, round(clip.fps / rate)) for clip in clips}
    long = [clip for clip in clips if len(clip.points) > frames * steps[id(clip)]]
    if not long:
        raise InvalidInput("No clip of the motion capture is long enough.", "Give clips of a second or more.")
    subjects = sorted({clip.subject for clip in long})
    subject = subjects[rng.integers(len(subjects))]
    own = [clip for clip in long if clip.subject == subject]
    clip = own[rng.integers(len(own))]
    step = steps[id(clip)]
    start = int(rng.integers(len(clip.points) - frames * step))
    return clip, start + step * np.arange(frames)


def _composed(cutout: NDArray[np.uint8], backdrop: Picture, obstacle: Picture | None) -> Picture:
    picture = backdrop
    for layer in (cutout.astype(np.float32) / 255, obstacle):
        if layer is not None:
            colour, cover = layer[..., :3], layer[..., 3:]
            picture = (colour * cover + picture * (1 - cover)).astype(np.float32)
    return picture


class _Lens:
    """What a camera makes of light: exposure, blur, noise and compression, the same for a whole shot."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._gain, self._gamma = rng.uniform(0.75, 1.15), rng.uniform(0.8, 1.3)
        self._blur = max(0.5, float(rng.normal(0.3, 0.7)))
        self._noise = float(abs(rng.normal(0, 0.01)))
        self._quality = int(rng.integers(50, 96))

    def expose(self, light: Picture) -> NDArray[np.uint8]:
        """A picture (height, width, 3) of 8 bits."""
        picture: Any = np.clip(self._gain * light, 0, 1) ** self._gamma
        picture = cv2.GaussianBlur(picture, (0, 0), self._blur)
        grain = self._rng.standard_normal(picture.shape, dtype=np.float32)
        pixels = (np.clip(picture + self._noise * grain, 0, 1) * 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
