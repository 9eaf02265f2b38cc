from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from blender_addon.building.background import add_background
from blender_addon.building.build import Placement, build
from blender_addon.motion_file import Motion, read_motion

Camera = bpy.types.Object
MakeMotion = Callable[[float], Motion]


@pytest.fixture
def camera(scene: bpy.types.Scene) -> Camera:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    return camera


@pytest.fixture
def motion(motion_file: Callable[..., Path]) -> MakeMotion:
    """A motion of 60 frames."""
    return lambda fps: read_motion(motion_file(fps=fps, frames=60))


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames at 30 frames/s."""
    av = pytest.importorskip("av")
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        for _ in range(60):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _save_picture(path: Path, width: int = 64, height: int = 32) -> Path:
    image = bpy.data.images.new("Picture", width, height)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def _shown(scene: bpy.types.Scene, camera: Camera, frame: int) -> int:
    """The media's frame that Blender shows at a scene frame (BKE_image_user_frame_get in image.cc)."""
    scene.frame_set(frame)
    user = camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.background_images[0].image_user
    number: int = min(max(frame - user.frame_start + 1, 0), user.frame_duration) + user.frame_offset
    return number


def test_photo_is_shown_whole(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, tmp_path: Path
) -> None:
    add_background(camera, _save_picture(tmp_path / "photo.png"), motion(24), scene, 1)
    background = camera.data.background_images[0]
    assert camera.data.show_background_images
    assert tuple(background.image.size) == (64, 32)
    assert (background.frame_method, background.alpha, background.rotation) == ("FIT", 1, 0)


@pytest.mark.parametrize(("size", "scale"), [((32, 64), 2.0), ((1920, 1080), 1080 / 1920)])
def test_lying_photo_is_stood_up(
    scene: bpy.types.Scene,
    camera: Camera,
    motion: MakeMotion,
    tmp_path: Path,
    size: tuple[int, int],
    scale: float,
) -> None:
    """Blender fits the lying picture into the frame, then turns it clockwise and scales it."""
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[274] = 6
    image.new("RGB", (64, 32)).save(tmp_path / "phone.jpg", exif=exif)
    scene.render.resolution_x, scene.render.resolution_y = size
    add_background(camera, tmp_path / "phone.jpg", motion(24), scene, 1)
    background = camera.data.background_images[0]
    assert background.rotation == pytest.approx(np.pi / 2)
    assert background.scale == pytest.approx(scale)


def test_movie_at_the_scenes_rate_runs_along(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, movie: Path
) -> None:
    scene.render.fps = 30
    add_background(camera, movie, motion(30), scene, 5)
    assert [_shown(scene, camera, frame) for frame in (5, 6, 64, 90)] == [1, 2, 60, 60]
    assert camera.data.animation_data is None


@pytest.mark.parametrize("rate", [24, 25, 50, 60])
def test_movie_of_another_rate_keeps_its_time(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, movie: Path, rate: int
) -> None:
    scene.render.fps = rate
    add_background(camera, movie, motion(30), scene, 5)
    for frame in range(5, 5 + 2 * rate):
        assert _shown(scene, camera, frame) == 1 + (frame - 5) * 30 // rate


def test_movie_of_which_every_second_frame_was_lifted_keeps_its_time(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, movie: Path
) -> None:
    scene.render.fps = 15
    add_background(camera, movie, replace(motion(15), step=2), scene, 5)
    assert [_shown(scene, camera, frame) for frame in (5, 6, 15, 34)] == [1, 3, 21, 59]


def test_numbered_pictures_start_at_their_first_number(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, tmp_path: Path
) -> None:
    scene.render.fps = 24
    for number in (9, 10, 11):
        _save_picture(tmp_path / f"take2_{number:03d}.png")
    (tmp_path / "notes.txt").touch()
    add_background(camera, tmp_path, motion(24), scene, 1)
    assert camera.data.background_images[0].image.source == "SEQUENCE"
    assert [_shown(scene, camera, frame) for frame in (1, 2, 3, 4)] == [9, 10, 11, 11]


def test_pattern_stands_for_its_pictures(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, tmp_path: Path
) -> None:
    for name in ("shot_0003.png", "shot_0004.png", "other_0001.png"):
        _save_picture(tmp_path / name)
    scene.render.fps = 24
    assert add_background(camera, tmp_path / "shot_%04d.png", motion(24), scene, 1)
    assert [_shown(scene, camera, frame) for frame in (1, 2, 3)] == [3, 4, 4]


def test_media_that_cannot_be_read_is_left_out(
    scene: bpy.types.Scene, camera: Camera, motion: MakeMotion, tmp_path: Path
) -> None:
    assert not add_background(camera, tmp_path / "gone.mp4", motion(24), scene, 1)
    assert len(camera.data.background_images) == 0


def test_background_belongs_to_the_camera(
    scene: bpy.types.Scene, motion_file: Callable[..., Path], movie: Path
) -> None:
    result = build(read_motion(motion_file()), movie, Placement(scene))
    data: Any = result.camera.data
    assert Path(bpy.path.abspath(data.background_images[0].image.filepath)) == movie
