"""Look at a clip: its size, length and people, before it is lifted."""

from __future__ import annotations

from typing import Any

import bpy

from ..engine.job import Job
from ..session import session
from .job import JobOperator
from .lift import chosen_clip, missing_clip


class LiftPoseProbe(JobOperator, bpy.types.Operator):
    """Show the clip's size, rate, length and people"""

    bl_idname = "lift_pose.probe"
    bl_label = "Look at the Clip"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = missing_clip(context)
        if missing is not None:
            cls.poll_message_set(missing)
        return missing is None and super().poll(context)

    def request(self, context: bpy.types.Context) -> Job:
        return session.engine(context).submit("probe", input=str(chosen_clip(context)))

    def finish(self, context: bpy.types.Context, result: dict[str, Any]) -> str:
        text = f"{result['kind'].capitalize()}, {result['width']} x {result['height']}"
        if result["kind"] != "image":
            text += f", {result['frames'] or 'unknown'} frames at {result['fps']:.5g} frames/s"
        return f"{text}. {_people(result['people'])}"


def _people(people: list[dict[str, Any]]) -> str:
    if not people:
        return "Nobody was found."
    places = (f"{person['index']} at {_middle(person['box'])}" for person in people)
    return f"People in the first frame with any: {', '.join(places)}."


def _middle(box: list[float]) -> str:
    left, top, width, height = box
    return f"({left + width / 2:.0f}, {top + height / 2:.0f})"
