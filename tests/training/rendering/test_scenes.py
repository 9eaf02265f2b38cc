"""Scenes of a figure made of a few faces: what is filmed is where the truth says, and is drawn by number."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="scenes are filmed with bpy, which this Python does not have")

from lifting_core.camera.pinhole import project  # noqa: E402
from lifting_core.errors import InvalidInput  # noqa: E402
from training.datasets.joint_centres import centred  # noqa: E402
from training.datasets.mocap import POINTS, Clip  # noqa: E402
from training.rendering import scenes, viewpoints  # noqa: E402
from training.rendering.dressing import Clothes  # noqa: E402
from training.rendering.figure import Figure, body_points  # noqa: E402
from training.rendering.filming import set_up_pictures  # noqa: E402
from training.rendering.people import PersonDescription  # noqa: E402
from training.rendering.scenes import CLIPS, GLIMPSES, Actor, Shot, film  # noqa: E402

_PROGRAMME = dataclasses.replace(GLIMPSES, frames=4)
_LIMBS = [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"), ("heel", "toe")]


@pytest.fixture(scope="module")
def actors(figure_data: Path) -> Iterator[list[Actor]]:
    """Two people, whose films are short and small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewpoints, "SIZES", ((128, 96), (96, 128)))
        bpy.ops.wm.read_factory_settings(use_empty=True)
        set_up_pictures()
        person = PersonDescription(0.5, 30.0, {}, Clothes())
        yield [Actor(Figure(figure_data, {}, Clothes()), person) for _ in range(2)]
        bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="module")
def shots(actors: list[Actor], people: list[Clip]) -> list[Shot]:
    return list(film(np.random.default_rng(0), actors, people, _PROGRAMME))


def test_a_scene_has_videos_and_photos(shots: list[Shot]) -> None:
    assert [len(shot.pictures) for shot in shots] == [4] * 4 + [1] * 4
    for shot in shots:
        for picture in shot.pictures:
            assert picture.shape == (shot.camera.height, shot.camera.width, 3)
            assert picture.dtype == np.uint8
        np.testing.assert_allclose(np.diff(shot.times), 1 / 15, atol=1e-9)


def test_bodies_keep_their_lengths(shots: list[Shot], actors: list[Actor]) -> None:
    """Hips and shoulders turn about the rig's joints, which lie up to 2 cm beside the joint centres."""
    rest = centred(body_points(actors[0].figure.rest_joints), actors[0].stature)
    tolerances = {"heel": 0.03, "hip": 0.02, "shoulder": 0.02}  # toes bend
    for shot in shots:
        assert shot.points.shape == (len(shot.pictures), 2, len(POINTS), 3)
        for one, other in _LIMBS:
            for side in ("left", "right"):
                ends = [POINTS.index(f"{side}_{name}") for name in (one, other)]
                lengths = np.linalg.norm(np.diff(shot.points[:, :, ends], axis=2), axis=-1)
                expected = np.linalg.norm(rest[ends[0]] - rest[ends[1]])
                np.testing.assert_allclose(lengths, expected, atol=tolerances.get(one, 1e-3))


def test_people_stand_apart_and_on_the_floor(shots: list[Shot]) -> None:
    for shot in shots:
        world = shot.points @ shot.camera.rotation + shot.camera.position
        feet = [POINTS.index(f"{side}_{end}") for side in ("left", "right") for end in ("heel", "toe")]
        np.testing.assert_allclose(world[:, :, feet, 2].min(axis=(0, 2)), 0, atol=1e-6)
        pelves = world[len(world) // 2, :, POINTS.index("pelvis"), :2]
        assert 0.4 < np.linalg.norm(pelves[0] - pelves[1]) < 2.0


def test_people_move_as_somebody_did(shots: list[Shot]) -> None:
    """The bending of elbows and knees is the captured one, whoever is filmed from wherever."""
    names = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
    for shot in shots:
        clip = shot.clips[0]
        ours = np.concatenate([_angles(shot.points[:, 0], side, three) for side in _SIDES for three in names])
        captured = np.concatenate([_angles(clip.points, side, three) for side in _SIDES for three in names])
        captured = captured.reshape(4, -1)
        mirrored = captured[[2, 3, 0, 1]]
        step = 1 if len(shot.pictures) == 1 else 2  # the capture has 30 frames a second, films 15
        best = min(
            np.abs(ours.reshape(4, -1) - angles[:, start : start + step * len(shot.pictures) : step]).max()
            for angles in (captured, mirrored)
            for start in range(len(clip.points) - step * len(shot.pictures) + 1)
        )
        assert best < 4  # degrees


_SIDES = ("left", "right")


def _angles(points: np.ndarray, side: str, three: tuple[str, str, str]) -> np.ndarray:
    """(T,) degrees between two bones."""
    a, b, c = (points[:, POINTS.index(f"{side}_{name}")].astype(float) for name in three)
    cosine = ((b - a) * (c - b)).sum(1) / np.linalg.norm(b - a, axis=1) / np.linalg.norm(c - b, axis=1)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def test_the_same_seed_films_the_same(actors: list[Actor], people: list[Clip]) -> None:
    first, second = (next(film(np.random.default_rng(5), actors, people, _PROGRAMME)) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.pictures[3], second.pictures[3])
    assert first.clips == second.clips


def test_clips_that_are_too_short_are_refused(actors: list[Actor], people: list[Clip]) -> None:
    short = [dataclasses.replace(clip, points=clip.points[:7]) for clip in people]
    with pytest.raises(InvalidInput, match="long enough"):
        next(film(np.random.default_rng(0), actors, short, _PROGRAMME))


def test_clips_to_judge_motions_by_show_one_person_whole(actors: list[Actor], people: list[Clip]) -> None:
    programme = dataclasses.replace(CLIPS, frames=3)
    (shot,) = film(np.random.default_rng(3), actors[:1], people, programme)
    assert len(shot.pictures) == 3
    fps = shot.clips[0].fps
    np.testing.assert_allclose(np.diff(shot.times), max(1, round(fps / 30)) / fps, atol=1e-9)
    pixels = project(shot.points, shot.camera.matrix())
    size = np.array([shot.camera.width, shot.camera.height])
    assert (np.maximum(-pixels, pixels - size) < 0.05 * size).all()


def test_pictures_are_of_eight_bits_whatever_the_lens() -> None:
    light = np.random.default_rng(0).random((36, 48, 3)).astype(np.float32)
    spreads = []
    for seed in range(20):
        picture = scenes._Lens(np.random.default_rng(seed)).expose(light)
        assert picture.shape == (36, 48, 3)
        spreads.append(float(picture.mean()))
    assert np.ptp(spreads) > 20
