"""Everything a developer runs: `python3 -m nox -s demo`, `tests`, `lint`, `extension`, `bench`.

All sessions share one environment, since torch and bpy are large: the session `environment` makes it with the
versions of constraints.txt, and the others require it.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"

ROOT = Path(__file__).parent
BIN = ROOT / ".nox" / "environment" / ("Scripts" if os.name == "nt" else "bin")
CLIP = ROOT / "tests" / "data" / "walk_and_wave.mp4"
OUTPUT = ROOT / "output"

PYTHONS = ("3.11", "3.12", "3.10")  # in order of preference: bpy 5.0 is made for 3.11 alone

# Other versions of Blender that the add-on is tested on: the Python that each has, and the packages. NumPy is
# the one that Blender 4.2 ships; its module leaves it open.
BLENDERS = {
    "4.2": ("3.11", ("bpy==4.2.23", "numpy==1.24.3")),
    "4.5": ("3.11", ("bpy==4.5.15",)),
    "5.2": ("3.13", ("bpy==5.2.3",)),
}
ADDON_TEST_PACKAGES = ("hypothesis", "pytest", "pytest-timeout", "uv")
TESTED_TOO = ("4.2", "5.2")  # the oldest and the newest, by the session `tests`; 5.0 is in the environment

# What the wheels load from the system, by the Debian package it is in.
ENGINE_LIBRARIES = {"GL": "libgl1", "gthread-2.0": "libglib2.0-0"}
BLENDER_LIBRARIES = {
    "EGL": "libegl1",
    "ICE": "libice6",
    "SM": "libsm6",
    "X11": "libx11-6",
    "Xfixes": "libxfixes3",
    "Xi": "libxi6",
    "Xrender": "libxrender1",
    "xkbcommon": "libxkbcommon0",
}


def preferred_python() -> str:
    """The first of PYTHONS that runs here; the running Python's version where none does."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in PYTHONS:
        launcher = ["py", f"-{version}"] if os.name == "nt" else [f"python{version}"]
        if version == running or (shutil.which(launcher[0]) and _succeeds([*launcher, "-c", ""])):
            return version
    return running


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def interpreter(version: str) -> str | None:
    """A Python of this version: on the PATH, or one of pyenv's; None where there is none."""
    if _succeeds([f"python{version}", "-c", ""]):
        return f"python{version}"
    if shutil.which("pyenv") is None:
        return None
    found = subprocess.run(["pyenv", "prefix", version], capture_output=True, text=True, check=False)
    return str(Path(found.stdout.strip()) / "bin" / "python") if found.returncode == 0 else None


PYTHON = preferred_python()
HAS_BPY = PYTHON == "3.11"


@nox.session(python=PYTHON, default=False)
def environment(session: nox.Session) -> None:
    """Make the environment that the other sessions run in."""
    if PYTHON not in PYTHONS:
        session.error(f"Python {PYTHON} is not supported: install Python 3.11.")
    if not HAS_BPY:
        session.warn(f"bpy is not made for Python {PYTHON}: what needs it is left out. Python 3.11 has it.")
    install_system_libraries(session)
    extras = "train,blender" if HAS_BPY else "train"
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    packages = nox.project.dependency_groups(project, "test", "lint")
    session.install("--constraint", "constraints.txt", "--editable", f".[{extras}]", *packages)


def install_system_libraries(session: nox.Session) -> None:
    """Install what the wheels need from Debian and Ubuntu where that is allowed, else name it."""
    if sys.platform != "linux":
        return
    wanted = ENGINE_LIBRARIES | (BLENDER_LIBRARIES if HAS_BPY else {})
    missing = [package for library, package in wanted.items() if ctypes.util.find_library(library) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        session.warn(f"System libraries seem to be missing; Debian's packages of them: {' '.join(missing)}.")
        return
    if os.geteuid() == 0:
        administrator = []
    elif shutil.which("sudo") and _succeeds(["sudo", "-n", "true"]):
        administrator = ["sudo", "-n"]
    else:
        session.error(f"System libraries are missing. Run: sudo apt-get install {' '.join(missing)}")
    session.run(*administrator, "apt-get", "update", "--quiet", external=True)
    install = ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends")
    session.run(*administrator, *install, *missing, external=True)


def run(session: nox.Session, program: str, *arguments: str | Path) -> None:
    """Run a program of the environment."""
    session.run(str(BIN / program), *arguments, external=True)


@nox.session(venv_backend="none", requires=["environment"])
def demo(session: nox.Session) -> None:
    """Turn a clip into an animated armature: the one that ships, or one named after --."""
    made = {"Blender file": ".blend", "BVH": ".bvh", "Motion file": ".npz"}
    if not HAS_BPY and shutil.which("blender") is None:
        del made["Blender file"]
        session.warn("No .blend is made: it takes Python 3.11 for bpy, or Blender on the PATH.")
    clip, *options = session.posargs or [str(CLIP)]
    files = {kind: OUTPUT / (Path(clip).stem + suffix) for kind, suffix in made.items()}
    preview = OUTPUT / f"{Path(clip).stem}_preview.mp4"
    outputs = [part for file in files.values() for part in ("--output", file)]
    run(session, "lift-pose", clip, *outputs, "--preview", preview, "--overwrite", *options)
    for kind, file in {**files, "Preview video": preview}.items():
        session.log(f"{kind}: {file}")


@nox.session(venv_backend="none", requires=["environment"])
def tests(session: nox.Session) -> None:
    """Run all tests, the add-on's on the oldest and newest Blender too; arguments after -- go to pytest."""
    run(session, "python", "-m", "pytest", *session.posargs)
    if session.posargs:
        return
    for blender in TESTED_TOO:
        python, _ = BLENDERS[blender]
        if interpreter(python):
            session.notify(f"addon({blender})")
        else:
            session.warn(f"The add-on is not tested on Blender {blender}: there is no Python {python}.")


@nox.session(default=False)
@nox.parametrize(
    "python,blender",
    [
        nox.param(interpreter(python) or python, version, id=version)
        for version, (python, _) in BLENDERS.items()
    ],
)
def addon(session: nox.Session, blender: str) -> None:
    """Run the add-on's tests on another version of Blender's module; arguments after -- go to pytest."""
    _, packages = BLENDERS[blender]
    session.install(*packages, *(pinned(name) for name in ADDON_TEST_PACKAGES))
    arguments = session.posargs or ["tests/blender_addon"]
    session.run("python", "-m", "pytest", *arguments, env={"PYTHONPATH": str(ROOT)})


def pinned(package: str) -> str:
    """The requirement of a package as constraints.txt has it for the newest Python."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split(";")[0] for line in reversed(lines) if line.startswith(f"{package}=="))


@nox.session(venv_backend="none", requires=["environment"])
def lint(session: nox.Session) -> None:
    """Check style and types."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy", "lifting_core", "training", "blender_addon")


@nox.session(venv_backend="none", requires=["environment"], default=False)
def extension(session: nox.Session) -> None:
    """Build dist/lift_pose-VERSION.zip: the add-on with the engine inside, to install from disk."""
    if not HAS_BPY:
        session.error("Building takes Python 3.11, for bpy. Or: blender --command extension build")
    (tool,) = BIN.parent.glob("**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    (ROOT / "dist").mkdir(exist_ok=True)
    source = Path(session.create_tmp()) / "lift_pose"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "blender_addon", source, ignore=shutil.ignore_patterns("__pycache__"))
    wheel = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(session, "python", "-m", *wheel, "--wheel-dir", source / "installer" / "wheel", ROOT)
    run(session, "python", tool, "build", "--source-dir", source, "--output-dir", "dist")
    (package,) = (ROOT / "dist").glob("lift_pose-*.zip")
    run(session, "python", tool, "validate", package)


@nox.session(venv_backend="none", requires=["environment"], default=False)
def locks(session: nox.Session) -> None:
    """Write the lock files of the engine's installer anew, from pyproject.toml and constraints.txt."""
    run(session, "python", "-m", "blender_addon.installer.make_locks")


@nox.session(venv_backend="none", default=False)
def gui(session: nox.Session) -> None:
    """Drive a Blender with a window, from the zip to an armature; for the arguments see tests/gui."""
    session.run(sys.executable, str(ROOT / "tests" / "gui" / "session.py"), *session.posargs, external=True)


@nox.session(venv_backend="none", requires=["environment"], default=False)
def bench(session: nox.Session) -> None:
    """Run the benchmarks on the demo clip; or one of them: -- NAME ARGUMENTS, as in -- memory dance.mp4."""
    names = ("end_to_end", "memory", "batch", "steadiness")
    benchmarks = [[name, str(CLIP)] for name in names]
    if HAS_BPY:
        benchmarks += [["reprojection", str(CLIP)], ["keyframes"], ["retargeting"]]
    for name, *arguments in [session.posargs] if session.posargs else benchmarks:
        run(session, "python", ROOT / "benchmarks" / f"{name}.py", *arguments)
