from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathutils import Vector

from blender_addon.viewing.frames import Frame, clip_size, fitted, frame_in_image_editor

sizes = st.integers(1, 8000)
places = st.floats(-5000, 5000)


@given(st.tuples(places, places), st.floats(0.01, 10), st.tuples(places, places))
def test_there_and_back(corner: tuple[float, float], scale: float, pixel: tuple[float, float]) -> None:
    frame = Frame(np.array(corner), np.array([[0, scale], [-scale, 0]]), (4000, 3000))
    x, y = frame.to_region(np.array(pixel))
    np.testing.assert_allclose(frame.to_clip(x, y), pixel, atol=1e-6 / scale + 1e-6)


@given(
    st.tuples(places, places), st.tuples(st.floats(10, 4000), st.floats(10, 4000)), st.tuples(sizes, sizes)
)
def test_the_whole_picture_fits_in_the_middle(
    low: tuple[float, float], extent: tuple[float, float], size: tuple[int, int]
) -> None:
    high = (low[0] + extent[0], low[1] + extent[1])
    corners = [Vector((x, y)) for x in (low[0], high[0]) for y in (low[1], high[1])]
    frame = fitted(corners, size)
    left, top = frame.to_region(np.array([0, 0]))
    right, bottom = frame.to_region(np.array(size))
    slack = 1e-3 * (1 + max(map(abs, (*low, *high))))  # Vector has single precision
    assert left >= low[0] - slack
    assert bottom >= low[1] - slack
    assert right <= high[0] + slack
    assert top <= high[1] + slack
    np.testing.assert_allclose(
        [left + right, top + bottom], [low[0] + high[0], low[1] + high[1]], atol=4 * slack
    )
    touching = abs(right - left - extent[0]) < 4 * slack or abs(top - bottom - extent[1]) < 4 * slack
    assert touching


def _photo(path: Path, orientation: int) -> bpy.types.Image:
    """Of 8 x 6 pixels, one of which, the fifth in the first row, is white."""
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.zeros((6, 8, 3), np.uint8)
    pixels[0, 4] = 255
    exif = pillow.Exif()
    exif[274] = orientation
    pillow.fromarray(pixels).save(path, exif=exif)
    return bpy.data.images.load(str(path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_was_taken_upright_lies_in_the_image_editor(
    scene: bpy.types.Scene, tmp_path: Path, orientation: int
) -> None:
    """Blender shows it as the file has it; the engine counts the pixels of the upright picture."""
    image = _photo(tmp_path / "photo.png", orientation)
    seen = np.array(image.pixels[:]).reshape(6, 8, 4)[::-1, :, 0]
    np.testing.assert_array_equal(np.argwhere(seen > 0.5), [[0, 4]])
    view = SimpleNamespace(view_to_region=lambda x, y, clip: (100 + 80 * x, 50 + 60 * y))
    space, region = SimpleNamespace(type="IMAGE_EDITOR", image=image), SimpleNamespace(view2d=view)
    context: Any = SimpleNamespace(space_data=space, region=region)
    frame = frame_in_image_editor(context, "photo.png")
    assert frame is not None
    ops, pillow = pytest.importorskip("PIL.ImageOps"), pytest.importorskip("PIL.Image")
    upright = np.asarray(ops.exif_transpose(pillow.open(tmp_path / "photo.png")))[..., 0]
    assert frame.size == upright.shape[::-1]
    ((row, column),) = np.argwhere(upright > 128)
    np.testing.assert_allclose(frame.to_clip(100 + 45, 50 + 55), [column + 0.5, row + 0.5])
    np.testing.assert_allclose(frame.to_region(np.array([column + 0.5, row + 0.5])), [145, 105])


def test_size_of_the_clip_behind_a_camera(scene: bpy.types.Scene, tmp_path: Path) -> None:
    """Not that of the scene's pictures."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    assert clip_size(None) is clip_size(camera) is None
    data: Any = camera.data
    data.background_images.new().image = _photo(tmp_path / "photo.png", 6)
    assert clip_size(camera) == (6, 8)
