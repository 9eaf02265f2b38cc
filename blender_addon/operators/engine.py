"""The engine's care: install or repair it, remove it, try it, stop it."""

from __future__ import annotations

from typing import Any

import bpy

from ..engine.job import Job
from ..engine.state import bundled_engine, bundled_version
from ..installer.failures import InstallationFailure
from ..installer.locks import lock_for
from ..labels import translated
from ..preferences import installer_layout, preferences
from ..session import session
from .job import JobOperator


class LiftPoseInstallEngine(JobOperator, bpy.types.Operator):
    """Install the engine into a folder of the extension; Blender's own Python is left alone"""

    bl_idname = "lift_pose.install_engine"
    bl_label = "Install Engine"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if bundled_engine() is None:
            cls.poll_message_set("This is a source checkout: build the extension, or choose a Python instead")
            return False
        if not bpy.app.online_access and not preferences(context).wheels:
            cls.poll_message_set(
                "Blender may not go online: allow it under Preferences > System, or choose a folder of wheels"
            )
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Install")

    def draw(self, context: bpy.types.Context) -> None:
        choice = preferences(context)
        column = self.layout.column(align=True)
        try:
            lock = lock_for(choice.install_device)
        except InstallationFailure as failure:
            column.label(text=str(failure), icon="ERROR")
            return
        source = choice.wheels or translated("the Python package index")
        download = translated("{:,.0f} MB of packages from {}").format(lock.download / 1e6, source)
        room = translated("{:.1f} GB of free disk for a while, half of it to stay").format(lock.room / 1e9)
        column.label(text=download)
        column.label(text=room)
        column.label(text="An engine that is installed already stays until the new one works.")

    def request(self, context: bpy.types.Context) -> Job:
        wheel, choice = bundled_engine(), preferences(context)
        session.stop_engine()
        return session.installer().submit(
            "install",
            folder=str(installer_layout().folder),
            wheel=str(wheel),
            version=bundled_version(),
            device=choice.install_device,
            python=bpy.path.abspath(choice.base_python),
            wheels=bpy.path.abspath(choice.wheels),
        )

    def finish(self, context: bpy.types.Context, result: dict[str, Any]) -> str:
        return f"The engine is ready: {result['found']}."


class LiftPoseRemoveEngine(bpy.types.Operator):
    """Delete the installed engine and all that belongs to it"""

    bl_idname = "lift_pose.remove_engine"
    bl_label = "Remove Engine"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.job is not None:
            cls.poll_message_set("Lift Pose is at work")
        elif not installer_layout().folder.exists():
            cls.poll_message_set("No engine is installed")
        return session.job is None and installer_layout().folder.exists()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> Any:
        session.stop_engine()
        installer_layout().remove()
        self.report({"INFO"}, "The engine is removed.")
        return {"FINISHED"}


class LiftPoseTestEngine(JobOperator, bpy.types.Operator):
    """Start the engine and see what it computes on, and how fast"""

    bl_idname = "lift_pose.test_engine"
    bl_label = "Test"
    bl_options = {"REGISTER"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        state = session.engine_state(context)
        if not state.python:
            cls.poll_message_set(state.text)
            return False
        return super().poll(context)

    def request(self, context: bpy.types.Context) -> Job:
        return session.engine(context).submit("device", device="auto")

    def finish(self, context: bpy.types.Context, result: dict[str, Any]) -> str:
        return (
            f"Lifts {result['poses_per_second']:,.0f} poses/s on {result['device']} ({result['name']}), "
            f"Python {result['python']}, PyTorch {result['torch']}."
        )


class LiftPoseStopEngine(bpy.types.Operator):
    """End the engine's process and give its memory back; the next job starts it again"""

    bl_idname = "lift_pose.stop_engine"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if session.engine_pid is None:
            cls.poll_message_set("The engine does not run")
        return session.engine_pid is not None and session.job is None

    def execute(self, context: bpy.types.Context) -> Any:
        session.stop_engine()
        return {"FINISHED"}


CLASSES = (LiftPoseInstallEngine, LiftPoseRemoveEngine, LiftPoseTestEngine, LiftPoseStopEngine)
