"""Contacts in a Motion, and as markers that people move, add and delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blender_addon.motion_file import Motion, read_motion
from blender_addon.retargeting.contacts import Contact, add_marker, contacts_of, mark, marked_contacts

MakeFile = Callable[..., Path]


def _motion(motion_file: MakeFile, left: list[float], fps: float = 30.0) -> Motion:
    motion = read_motion(motion_file(frames=len(left), fps=fps))
    motion.contacts[:, 0] = left
    return motion


def _found(motion: Motion) -> list[tuple[int, int]]:
    found = contacts_of(motion, 1 + np.arange(len(motion.time)), "AUTOMATIC")
    assert all(contact.side == "left" for contact in found)
    return [(contact.start, contact.end) for contact in found]


def test_sureness_that_wavers_does_not_split_a_contact(motion_file: MakeFile) -> None:
    wavering = [0.1] * 5 + [0.9, 0.5, 0.4, 0.55, 0.7, 0.4, 0.9] + [0.2] * 5
    assert _found(_motion(motion_file, wavering)) == [(6, 12)]
    unsure = [0.1] * 5 + [0.5] * 7 + [0.1] * 5
    assert _found(_motion(motion_file, unsure)) == []


@pytest.mark.parametrize("fps", [30.0, 60.0, 120.0])
def test_short_contacts_and_short_swings_are_judged_by_time(motion_file: MakeFile, fps: float) -> None:
    def stretch(seconds: float, value: float) -> list[float]:
        return [value] * round(seconds * fps)

    blip = stretch(0.5, 0) + stretch(0.04, 1) + stretch(0.5, 0)
    assert _found(_motion(motion_file, blip, fps)) == []
    hop = stretch(0.6, 1) + stretch(0.04, 0) + stretch(0.6, 1)
    assert _found(_motion(motion_file, hop, fps)) == [(1, len(hop))]
    step = stretch(0.6, 1) + stretch(0.3, 0) + stretch(0.6, 1)
    assert len(_found(_motion(motion_file, step, fps))) == 2


def test_modes(motion_file: MakeFile) -> None:
    motion = _motion(motion_file, [1.0] * 12)
    frames = np.arange(11, 23)
    assert contacts_of(motion, frames, "AUTOMATIC") == (Contact(11, 22, "left"),)
    assert contacts_of(motion, frames, "ALWAYS") == (Contact(11, 22, "left"), Contact(11, 22, "right"))
    assert contacts_of(motion, frames, "FLOOR") == contacts_of(motion, frames, "OFF") == ()


def test_frames_without_a_person_have_no_contacts(motion_file: MakeFile) -> None:
    motion = read_motion(motion_file(frames=30, fps=30, absent=tuple(range(10, 20))))
    motion.contacts[:] = np.where(motion.present, 1, 0)[:, None]
    frames = 1 + np.flatnonzero(motion.present)
    found = contacts_of(motion, frames, "AUTOMATIC")
    assert [(c.start, c.end) for c in found if c.side == "left"] == [(1, 10), (21, 30)]


_contacts = st.lists(st.integers(-50, 500), min_size=2, max_size=12, unique=True).map(
    lambda edges: sorted(edges)[: len(edges) // 2 * 2]
)


@given(_contacts, _contacts)
def test_markers_tell_what_was_marked(left: list[int], right: list[int]) -> None:
    contacts = [Contact(a, b, "left") for a, b in zip(left[::2], left[1::2], strict=True)]
    contacts += [Contact(a, b, "right") for a, b in zip(right[::2], right[1::2], strict=True)]
    action = bpy.data.actions.new("walk")
    try:
        mark(action, contacts)
        assert marked_contacts(action, -50, 500) == sorted(contacts)
    finally:
        bpy.data.actions.remove(action)


def test_markers_in_one_frame(scene: bpy.types.Scene) -> None:
    """A foot stands for that frame alone, or comes down anew in it."""
    contacts = [Contact(5, 5, "left"), Contact(20, 30, "left"), Contact(30, 40, "left")]
    action = bpy.data.actions.new("walk")
    mark(action, contacts)
    assert marked_contacts(action, 1, 60) == contacts


def test_edited_markers(scene: bpy.types.Scene) -> None:
    """As people leave them: in any order, some deleted, some moved past others, and their own among them."""
    action = bpy.data.actions.new("walk")
    mark(action, [Contact(10, 20, "left"), Contact(30, 40, "left")])
    add_marker(action, "right", "up", 15)
    add_marker(action, "right", "down", 50)
    action.pose_markers.new("my own").frame = 12
    assert marked_contacts(action, 1, 60) == [
        Contact(1, 15, "right"),
        Contact(10, 20, "left"),
        Contact(30, 40, "left"),
        Contact(50, 60, "right"),
    ]
    up = next(m for m in action.pose_markers if m.name == "Left foot up" and m.frame == 20)
    action.pose_markers.remove(up)
    assert [c for c in marked_contacts(action, 1, 60) if c.side == "left"] == [Contact(10, 40, "left")]
    for marker in action.pose_markers:
        marker.frame = 70 if marker.name == "Left foot down" else marker.frame
    assert Contact(1, 40, "left") in marked_contacts(action, 1, 60)
