from __future__ import annotations

from typing import Any

import bpy

from blender_addon.engine.job import Job
from blender_addon.operators.job import JobOperator
from blender_addon.session import session


class _Operator(JobOperator):
    bl_label = "Lift"

    def __init__(self) -> None:
        self._job = session.job = Job(1)


def test_job_ends_though_the_workspace_that_told_of_it_was_deleted(scene: bpy.types.Scene) -> None:
    operator = _Operator()
    workspace: Any = bpy.data.workspaces[-1]
    operator._workspace = workspace
    bpy.data.batch_remove([workspace])
    operator._show_progress(bpy.context)
    operator._leave(bpy.context)
    assert session.job is None
