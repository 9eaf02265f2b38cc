from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from blender_addon.animation.origin import Origin, has_origin, needs, origin_of, set_origin
from blender_addon.errors import InvalidInput


@pytest.fixture
def action() -> bpy.types.Action:
    return bpy.data.actions.new("walk")


def test_is_kept_and_goes_with_a_copy(action: bpy.types.Action, tmp_path: Path) -> None:
    origin = Origin(tmp_path / "Gäng 空.npz", 23.976, -5)
    set_origin(action, origin)
    assert origin_of(action.copy()) == origin


def test_can_be_taken_away(action: bpy.types.Action) -> None:
    set_origin(action, Origin(Path("a.npz"), 24.0, 1))
    set_origin(action, None)
    set_origin(action, None)
    assert not has_origin(action)


def test_no_action_has_none() -> None:
    assert not has_origin(None)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"motion": 3}', '{"motion": "x", "rate": 1, "start": "a"}'])
def test_nonsense_is_refused(action: bpy.types.Action, text: str) -> None:
    action["lift_pose_origin"] = text
    with pytest.raises(InvalidInput, match="does not tell how it was made"):
        origin_of(action)


def test_a_motion_file_is_needed_by_actions_made_from_it(action: bpy.types.Action, tmp_path: Path) -> None:
    broken, motion = bpy.data.actions.new("broken"), tmp_path / "motion.npz"
    broken["lift_pose_origin"] = "{"
    set_origin(action, Origin(motion.resolve(), 24.0, 1))
    assert needs([broken, action], motion)
    assert not needs([broken, action], tmp_path / "other.npz")
