"""What undo gives back: `undo.py MOTION.npz [--blender BLENDER]`.

Starts Blender, which must have the add-on installed, in a window; that needs a screen (Xvfb will do). A
Rigify rig with an Action, NLA tracks, odd rolls and rotation modes gets the motion through the panel's
operator, in several ways. Each is undone, redone and undone again, and what the file says of animation,
poses, bones, objects and the scene is compared to the last bit. Needs Blender 4.4 or later.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import traceback
from collections.abc import Iterator
from itertools import product
from typing import Any

_ADDON = "bl_ext.user_default.lift_pose"
_MARK = "undo: "
_INTO = {
    "animation_data", "nla_tracks", "strips", "layers", "channelbags", "slots", "fcurves", "groups",
    "keyframe_points", "modifiers", "pose", "bones", "constraints", "pose_markers", "render",
}  # fmt: skip
_NOT_THE_FILES = {"rna_type", "id_data", "original", "session_uid", "is_evaluated", "users", "tag"}
_WAYS = [
    {"destination": destination, "use_reduction": reduced, "use_ik": ik, "root": root}
    for destination, (reduced, ik, root) in product(
        ["ACTION", "STRIP", "APPEND"],
        [(False, False, "HIPS"), (True, False, "OBJECT"), (True, True, "BONE")],
    )
]


def state(bpy: Any) -> dict[str, str]:
    """What a motion may touch, as text, by data-block."""
    data = bpy.data
    blocks = [*data.actions, *data.armatures, *data.objects, *data.scenes, *data.cameras, *data.collections]
    return {f"{type(block).__name__} {block.name}": json.dumps(described(block)) for block in blocks}


def described(owner: Any) -> dict[str, Any]:
    """Every property: numbers to the last bit, other data by name, what is in `_INTO` whole."""
    found: dict[str, Any] = {}
    for name, definition in sorted(owner.bl_rna.properties.items()):
        if name in _NOT_THE_FILES:
            continue
        value: Any = getattr(owner, name, None)
        if definition.type == "COLLECTION":
            found[name] = [described(item) for item in value] if name in _INTO else len(value)
        elif definition.type == "POINTER":
            found[name] = described(value) if name in _INTO and value else getattr(value, "name", None)
        else:
            found[name] = _exact(value)
    try:
        own = {f"[{name}]": repr(value) for name, value in owner.items()}
    except (AttributeError, TypeError):  # a kind that has no custom properties
        own = {}
    return found | own


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return struct.pack("<d", value).hex()
    if isinstance(value, set):
        return sorted(value)
    if hasattr(value, "__len__") and not isinstance(value, str):
        return [_exact(item) for item in value]
    return value


def somebodys_file(bpy: Any) -> None:
    """A rig that an animator has worked on, in the file that is open."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_basic_human_metarig_add()
    metarig = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    for index, bone in enumerate(metarig.data.edit_bones):
        bone.roll += 0.1 * index
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.object
    rig.name = "Hero"
    bpy.data.objects.remove(metarig)
    rig.location, rig.rotation_euler, rig.scale = (1, -2, 0.25), (0, 0, 0.7), (1.1, 1.1, 1.1)
    bones = rig.pose.bones
    bones["hand_fk.L"].rotation_mode, bones["upper_arm_fk.R"].rotation_mode = "ZYX", "AXIS_ANGLE"
    bones["thigh_fk.L"].rotation_mode = "XZY"
    for action in ("Below", "Above", "Mine"):
        for frame in (1, 9, 30):
            for name in ("torso", "hand_ik.L", "spine_fk.002"):
                bones[name].location.x = 0.01 * frame
                bones[name].keyframe_insert("location", frame=frame)
            rig.location.x = 1 + 0.01 * frame
            rig.keyframe_insert("location", frame=frame)
        rig.animation_data.action.name = action
        if action != "Mine":
            track = rig.animation_data.nla_tracks.new()
            track.name, track.mute = action, action == "Above"
            track.strips.new(action, 5, rig.animation_data.action).blend_type = "ADD"
            rig.animation_data.action = None
    other = bpy.data.objects.new("Shares the Action", None)
    bpy.context.scene.collection.objects.link(other)
    data, mine = other.animation_data_create(), rig.animation_data.action
    data.action = mine
    data.action_slot = mine.slots.new(id_type="OBJECT", name="Other")
    bpy.data.actions.new("Nobody's").use_fake_user = True
    bones["spine_fk.003"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    bpy.context.scene.frame_set(17)


def checks(bpy: Any, motion: str) -> Iterator[dict[str, Any]]:
    """One way after the other; a step ends where Blender is to draw."""
    somebodys_file(bpy)
    yield {}
    for way in _WAYS:
        settings = bpy.context.scene.lift_pose
        settings.target, settings.rig = "RIG", bpy.data.objects["Hero"]
        for name, value in way.items():
            setattr(settings, name, value)
        bpy.ops.ed.undo_push(message="Before")
        yield {}
        before = state(bpy)
        bpy.ops.lift_pose.build("EXEC_DEFAULT", True, filepath=motion)
        yield {}
        done = state(bpy)
        states = []
        for step in (bpy.ops.ed.undo, bpy.ops.ed.redo, bpy.ops.ed.undo):
            step()
            yield {}
            states.append(state(bpy))
        yield {
            **way,
            "changed": _differing(before, done),
            "undo": _differing(before, states[0]),
            "redo": _differing(done, states[1]),
            "undo_again": _differing(before, states[2]),
        }


def _differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _inside(bpy: Any) -> None:
    """Run by Blender."""
    import addon_utils

    addon_utils.enable(_ADDON)
    bpy.context.preferences.view.show_splash = False
    rows: list[dict[str, Any]] = []
    running = checks(bpy, sys.argv[sys.argv.index("--") + 1])

    def tick() -> float:
        window = bpy.context.window_manager.windows[0]
        area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
        region = next(region for region in area.regions if region.type == "WINDOW")
        try:
            with bpy.context.temp_override(window=window, area=area, region=region):
                row = next(running, None)
        except Exception:
            traceback.print_exc()
            os._exit(1)
        if row is None:
            print(_MARK + json.dumps(rows), flush=True)
            os._exit(0)
        rows.extend([row] if row else [])
        return 0.1

    bpy.app.timers.register(tick, first_interval=3, persistent=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motion", help="a Motion file of a few seconds")
    parser.add_argument("--blender", default=shutil.which("blender"), help="instead of the PATH's")
    options = parser.parse_args()
    if options.blender is None or not os.environ.get("DISPLAY"):
        print(json.dumps({"skipped": "needs Blender with a window, and the add-on installed in it"}))
        return
    command = [options.blender, "--window-geometry", "0", "0", "640", "480", "--python", __file__, "--"]
    done = subprocess.run([*command, options.motion], stdout=subprocess.PIPE, text=True, check=True)
    said = next(line for line in done.stdout.splitlines() if line.startswith(_MARK))
    rows = json.loads(said.removeprefix(_MARK))
    print(json.dumps(rows, indent=1))
    if any(row["undo"] or row["redo"] or row["undo_again"] or not row["changed"] for row in rows):
        sys.exit("Undo or redo does not give back what was there.")


if __name__ == "__main__":
    if "bpy" in sys.modules:
        _inside(sys.modules["bpy"])
    else:
        main()
