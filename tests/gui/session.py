"""From the zip to an animated armature with the mouse, in a clean Blender with a window.

`session.py --blender PATH --zip ZIP --clip VIDEO --wheels FOLDER --base-python PYTHON --out FOLDER` leaves a
picture of every step and `figures.json` in the folder. It needs Xvfb, xdotool and ImageMagick's `import`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

from screen import Screen

_ADDON = "bl_ext.user_default.lift_pose"
_SESSION = f"__import__('sys').modules['{_ADDON}.session'].session"
_JOB = f"{_SESSION}.job is not None"


class Session:
    """One user's first quarter of an hour."""

    def __init__(self, screen: Screen, choices: argparse.Namespace) -> None:
        self._screen = screen
        self._choices = choices
        self.figures: dict[str, Any] = {"blender": screen.ask("bpy.app.version_string")}

    def run(self) -> None:
        began = time.monotonic()
        for step in (self.add_on, self.engine, self.first_clip):
            step()
            name = step.__name__
            self.figures[name] = {
                "seconds": round(time.monotonic() - began, 1),
                "clicks": self._screen.clicks,
            }
        for step in (
            self.undo_and_redo,
            self.overlay,
            self.person,
            self.image_editor,
            self.panels,
            self.german,
        ):
            step()

    def add_on(self) -> None:
        """Install from Disk, as the menu of Get Extensions calls it (four clicks to get there)."""
        screen = self._screen
        self._call(
            f"bpy.ops.extensions.package_install_files('INVOKE_DEFAULT', filepath={self._choices.zip!r})"
        )
        screen.wait(lambda: self._has("FILE_BROWSER"), 20, "the file browser")
        screen.region("FILE_BROWSER", "EXECUTE")
        time.sleep(1)
        screen.picture("01_install_from_disk")
        screen.press("file.execute", "FILE_BROWSER", "EXECUTE", 0.85)
        screen.wait(lambda: screen.ask(f"'{_ADDON}' in bpy.context.preferences.addons"), 60, "the add-on")
        x, y, width, height = screen.region("VIEW_3D", "WINDOW")
        screen.move(x + width / 2, y + height / 2)
        screen.xdotool("key", "n")
        self._choose_tab()
        screen.picture("02_no_engine_yet")

    def _choose_tab(self) -> None:
        screen = self._screen
        x, y, width, height = screen.region("VIEW_3D", "UI")
        for down in range(y + 20, y + height, 30):
            screen.move(x + width - 8, down)
            screen.click()
            screen.clicks -= 1  # a user sees where the tab is
            if screen.ask("tab()") == "Lift Pose":
                screen.clicks += 1
                return
        raise LookupError("There is no tab Lift Pose.")

    def engine(self) -> None:
        """From the panel's button to the preferences' button, its dialog, and to the end."""
        screen = self._screen
        screen.press("preferences.addon_show")
        screen.wait(lambda: self._has("PREFERENCES"), 20, "the preferences")
        screen.region("PREFERENCES", "WINDOW")
        time.sleep(1)
        screen.picture("03_preferences")
        preferences = f"bpy.context.preferences.addons['{_ADDON}'].preferences"
        screen.ask(f"{preferences}.wheels = {self._choices.wheels!r}")
        screen.ask(f"{preferences}.base_python = {self._choices.base_python!r}")
        screen.press("lift_pose.install_engine", "PREFERENCES", "WINDOW", 0.15)
        time.sleep(1)
        screen.picture("04_install_dialog")
        screen.ask("redraws.watch('LIFT_POSE_OT_lift LIFT_POSE_OT_install_engine')")
        self._idle()
        screen.xdotool("key", "Return")  # presses the dialog's button
        screen.clicks += 1
        screen.wait(lambda: screen.ask(_JOB), 10, "the installation")
        screen.ask("redraws.start()")
        time.sleep(12)
        screen.picture("05_installing")
        screen.wait(lambda: not screen.ask(_JOB), 900, "the end of the installation")
        self.figures["install_rounds_ms"] = screen.ask("redraws.stop()")
        self._expect("The engine is ready")
        time.sleep(1)
        screen.picture("06_engine_ready")
        screen.press("lift_pose.test_engine", "PREFERENCES", "WINDOW", 0.4)
        screen.clicks -= 1  # nobody has to
        self._end_of_job()
        time.sleep(1)
        screen.picture("07_engine_tested")
        self._call("bpy.ops.wm.window_close()", "PREFERENCES")

    def _idle(self) -> None:
        self._screen.ask("redraws.start()")
        time.sleep(4)
        self.figures["idle_rounds_ms"] = self._screen.ask("redraws.stop()")

    def first_clip(self) -> None:
        """Type its name, press Lift Pose, cancel once, press again."""
        screen = self._screen
        screen.find("lift_pose.input", across=0.2)
        screen.xdotool("click", "--repeat", 2, "--delay", 60, 1)
        screen.clicks += 1
        screen.xdotool("key", "ctrl+a")
        screen.xdotool("type", "--delay", 20, self._choices.clip)
        screen.xdotool("key", "Return", "sleep", 0.5)
        screen.press("lift_pose.lift")
        screen.wait(lambda: screen.ask(f"{_JOB} and {_SESSION}.job.fraction > 0.1"), 90, "progress")
        screen.picture("08_lifting")
        screen.press("lift_pose.cancel")
        screen.clicks -= 2  # nobody has to
        self._end_of_job()
        screen.picture("09_cancelled")
        assert not self._armatures()
        screen.press("lift_pose.lift")
        screen.wait(lambda: screen.ask(_JOB), 10, "the job")
        screen.ask("redraws.start()")
        self._end_of_job()
        self.figures["lift_rounds_ms"] = screen.ask("redraws.stop()")
        assert len(self._armatures()) == 1
        self._play_to(40)
        screen.picture("10_lifted")

    def undo_and_redo(self) -> None:
        """One step each way."""
        screen = self._screen
        x, y, width, height = screen.region("VIEW_3D", "WINDOW")
        screen.move(x + width / 2, y + height / 2)
        screen.xdotool("key", "ctrl+z", "sleep", 2)
        screen.picture("11_undone")
        assert not self._armatures()
        screen.xdotool("key", "ctrl+shift+z", "sleep", 2)
        screen.picture("12_redone")
        assert len(self._armatures()) == 1

    def overlay(self) -> None:
        """Through the clip's camera, with what was seen."""
        screen = self._screen
        screen.ask("bpy.data.objects.remove(bpy.data.objects['Cube'])")  # it stands before the person
        x, y, width, height = screen.region("VIEW_3D", "WINDOW")
        screen.move(x + width / 2, y + height / 2)
        screen.xdotool("key", "KP_0", "sleep", 2)
        self.open_panel("VIEW3D_PT_lift_pose_look")
        screen.press("lift_pose.overlay")
        self._play_to(60)
        screen.picture("13_overlay")
        screen.press("lift_pose.mark_weak")
        screen.picture("14_weak_ranges")

    def person(self) -> None:
        """A click on the hips, seen through the camera, chooses the person whose hips were seen there."""
        screen = self._screen
        screen.press("lift_pose.pick_person")
        x, y, _, height = screen.region("VIEW_3D", "WINDOW")
        across, up = screen.ask("on_screen('pelvis')")
        screen.move(x + across, y + height - up)
        screen.picture("15_picking")
        screen.click()
        self.open_panel("VIEW3D_PT_lift_pose_clip")
        screen.picture("16_picked")
        point, seen = screen.ask("list(bpy.context.scene.lift_pose.person_point)"), screen.ask("seen_hips()")
        self.figures["picked_px"], self.figures["hips_px"] = point, seen
        assert max(abs(a - b) for a, b in zip(point, seen, strict=True)) < 25, (point, seen)

    def image_editor(self) -> None:
        """The clip with the same overlay."""
        screen = self._screen
        screen.press("lift_pose.show_clip")
        screen.wait(lambda: self._has("IMAGE_EDITOR"), 10, "the Image Editor")
        self._play_to(61)
        time.sleep(2)
        screen.picture("17_image_editor")
        self._call("bpy.ops.wm.window_close()", "IMAGE_EDITOR")
        time.sleep(2)

    def panels(self) -> None:
        """The sidebar with everything unfolded, and with a rig as the target."""
        screen = self._screen
        screen.ask(f"setattr({_SESSION}, 'outcome', None)")
        for name in ("engine", "keys", "scene"):
            self.open_panel(f"VIEW3D_PT_lift_pose_{name}")
        screen.picture("18_sub_panels", screen.region("VIEW_3D", "UI"))
        screen.ask("add_rig()")
        time.sleep(2)
        screen.picture("19_rig", screen.region("VIEW_3D", "UI"))

    def german(self) -> None:
        """The same in German, where this Blender has it: in our words where Blender's own are others."""
        screen = self._screen
        self.figures["german"] = screen.ask("speak_german()")
        if not self.figures["german"]:
            return
        time.sleep(2)
        screen.picture("20_german", screen.region("VIEW_3D", "UI"))
        for name, label in (("fov", "Bildwinkel"), ("height", "Körpergröße"), ("device", "Gerät")):
            said = screen.ask(f"label_of({name!r})")
            assert said == label, said

    def open_panel(self, name: str) -> None:
        """Unfold a sub-panel: the one that Blender draws after a click on its header."""
        screen = self._screen
        screen.ask(f"drawn.watch(bpy.types.{name})")
        screen.find("lift_pose.lift")
        x, y, width, height = screen.region("VIEW_3D", "UI")
        start = int(screen.xdotool("getmouselocation", "--shell").split()[1].removeprefix("Y="))
        for down in range(start + 20, y + height, 12):
            screen.move(x + 0.3 * width, down)
            if screen.ask("under_mouse('VIEW_3D', 'UI')"):
                continue
            screen.click()
            if screen.ask(f"drawn.opened({name!r})"):
                return
            screen.click()
        raise LookupError(f"There is no panel {name}.")

    def _armatures(self) -> list[str]:
        found: list[str] = self._screen.ask("[o.name for o in bpy.data.objects if o.type == 'ARMATURE']")
        return found

    def _play_to(self, frame: int) -> None:
        self._screen.ask(f"bpy.context.window_manager.windows[0].scene.frame_set({frame})")
        time.sleep(2)

    def _end_of_job(self) -> None:
        self._screen.wait(lambda: not self._screen.ask(_JOB), 600, "the end of the job")
        time.sleep(0.5)

    def _expect(self, words: str) -> None:
        text = self._screen.ask(f"{_SESSION}.outcome.text")
        assert words in text, text

    def _has(self, area: str) -> bool:
        return bool(self._screen.ask(f"has_area({area!r})"))

    def _call(self, statement: str, area: str = "VIEW_3D") -> None:
        """From a timer, so that what opens does not wait for the answer."""
        self._screen.ask(f"later({statement!r}, {area!r})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("blender", "zip", "clip", "wheels", "base-python", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--display", default=":97")
    choices = parser.parse_args()
    out = Path(choices.out)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    screen = Screen(choices.blender, out, choices.display)
    session = Session(screen, choices)
    try:
        session.run()
    except Exception:
        screen.picture("failed")
        raise
    finally:
        screen.close()
        (out / "figures.json").write_text(json.dumps(session.figures, indent=1))


if __name__ == "__main__":
    main()
