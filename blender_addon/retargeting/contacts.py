"""When feet stand on the floor: found in a Motion, and kept as markers that the user can move.

The markers are pose markers of the Action: they belong to it, are copied and deleted with it, and leave the
rig and the scene's timeline alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..motion_file import Motion

Side = Literal["left", "right"]
Direction = Literal["down", "up"]
SIDES: tuple[Side, ...] = ("left", "right")
_SURELY, _HARDLY = 0.6, 0.35
"""A foot comes down when it is as sure as this to be on the floor, and goes up when it is less than that."""
_SHORTEST_CONTACT, _SHORTEST_SWING = 0.1, 0.1  # seconds


@dataclass(frozen=True, order=True)
class Contact:
    """A foot stands still from one scene frame to another, both included."""

    start: int
    end: int
    side: Side


def contacts_of(motion: Motion, frames: NDArray[np.float64], feet: str) -> tuple[Contact, ...]:
    """The contacts of a motion whose known frames get keys at scene frames `frames` (N,).

    Where feet are "AUTOMATIC" those that the motion tells, where they are "ALWAYS" one over its whole length.
    """
    if feet == "ALWAYS":
        return tuple(Contact(round(frames[0]), round(frames[-1]), side) for side in SIDES)
    if feet != "AUTOMATIC":
        return ()
    key = np.cumsum(motion.present) - 1
    return tuple(
        sorted(
            Contact(round(frames[key[first]]), round(frames[key[last]]), side)
            for column, side in enumerate(SIDES)
            for first, last in _stretches(motion.time, motion.contacts[:, column])
        )
    )


def _stretches(time: NDArray[np.float64], sureness: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First and last frames of contacts: with hysteresis, neither too short nor too near to each other."""
    sure, hardly = sureness >= _SURELY, sureness < _HARDLY
    last_word = np.maximum.accumulate(np.where(sure | hardly, np.arange(len(time)), -1))
    down = np.append((last_word >= 0) & sure[last_word], False)
    edges = np.flatnonzero(np.diff(np.append(False, down).astype(np.int8)))
    merged: list[tuple[int, int]] = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        if merged and time[first] - time[merged[-1][1]] < _SHORTEST_SWING:
            first = merged.pop()[0]
        merged.append((int(first), int(last)))
    return [(a, b) for a, b in merged if len(time) == 1 or time[b] - time[a] >= _SHORTEST_CONTACT]


def mark(action: bpy.types.Action, contacts: Iterable[Contact]) -> None:
    """Show the contacts as pose markers of an Action."""
    for contact in contacts:
        add_marker(action, contact.side, "down", contact.start)
        add_marker(action, contact.side, "up", contact.end)


def add_marker(action: bpy.types.Action, side: Side, direction: Direction, frame: int) -> None:
    """The foot stands from this frame on, or up to it."""
    action.pose_markers.new(_name(side, direction)).frame = frame


def marked_contacts(action: bpy.types.Action, first: int, last: int) -> list[Contact]:
    """What the markers of an Action say about the frames from `first` to `last`.

    A foot that goes up without having come down stood from the start; one that does not go up stays down.
    """
    found = []
    for side in SIDES:
        names = {_name(side, "down").lower(): True, _name(side, "up").lower(): False}
        events: dict[int, set[bool]] = {}
        for marker in action.pose_markers:
            if marker.name.lower() in names:
                events.setdefault(marker.frame, set()).add(names[marker.name.lower()])
        since = None if not events or True in events[min(events)] else first
        for frame, here in sorted(events.items()):
            for comes_down in sorted(here, reverse=since is None):  # both: it steps anew, or stands that long
                if comes_down and since is None:
                    since = frame
                elif not comes_down and since is not None:
                    found.append(Contact(since, frame, side))
                    since = None
        if since is not None:
            found.append(Contact(since, max(since, last), side))
    return sorted(found)


def _name(side: Side, direction: Direction) -> str:
    return f"{side.title()} foot {direction}"
