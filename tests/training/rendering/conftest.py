"""A figure's data in MakeHuman's formats, made up of a few faces and the bones that the project poses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from training.rendering.makehuman import AVERAGE_MAN

# World positions: metres, z up, facing -Y. Bones go from their joint to the next of their chain.
_CHAINS = {
    "Hips": [
        ("Hips", (0, 0, 0.95)),
        ("Spine", (0, 0, 1.0)),
        ("Spine1", (0, 0.01, 1.15)),
        ("Spine2", (0, 0, 1.3)),
    ],
    "Spine2": [("Neck", (0, 0, 1.5)), ("Head", (0, -0.02, 1.58)), ("", (0, -0.02, 1.7))],
    "Spine2 ": [
        ("LeftShoulder", (0.03, 0, 1.42)),
        ("LeftArm", (0.18, 0, 1.4)),
        ("LeftForeArm", (0.35, 0, 1.2)),
        ("LeftHand", (0.48, -0.2, 1.08)),
        ("", (0.53, -0.28, 1.0)),
    ],
    "Hips ": [
        ("LeftUpLeg", (0.1, 0, 0.92)),
        ("LeftLeg", (0.14, -0.02, 0.5)),
        ("LeftFoot", (0.18, 0, 0.08)),
        ("LeftToeBase", (0.18, -0.14, 0.03)),
        ("", (0.18, -0.2, 0.02)),
    ],
} | {
    "LeftHand" + " " * number: [
        (
            f"LeftHand{finger}{joint}",
            (0.515 + 0.01 * number, -0.31 + 0.02 * number - 0.03 * joint, 1.02 - 0.01 * joint),
        )
        for joint in (1, 2, 3)
    ]
    for number, finger in enumerate(("Index", "Middle", "Ring", "Pinky", "Thumb"))
}
_LANDMARKS = {
    "joint-l-eye": (0.03, -0.1, 1.62),
    "joint-r-eye": (-0.03, -0.1, 1.62),
    "joint-mouth": (0, -0.11, 1.55),
    "joint-neck": (0, 0, 1.5),
    "joint-pelvis": (0, 0, 0.95),
    "joint-l-shoulder": (0.18, 0, 1.4),
    "joint-l-elbow": (0.35, 0, 1.2),
    "joint-l-ankle": (0.18, 0, 0.08),
    "joint-l-hand": (0.48, -0.2, 1.08),
    "joint-l-upper-leg": (0.1, 0, 0.92),
}
_GROUPS = {
    "body": [
        *((0, -0.04, 1.75), (0, -0.14, 1.6), (0.18, 0.05, 0.0), (-0.18, 0.05, 0.0), (0.48, -0.2, 1.08)),
        *((x, *rest) for x, *rest in ((0.07, -0.03, 1.62), (0.03, -0.12, 1.64), (0.17, -0.21, 0.0))),
        *((-x, *rest) for x, *rest in ((0.07, -0.03, 1.62), (0.03, -0.12, 1.64), (0.17, -0.21, 0.0))),
    ],
    "helper-tights": [(0, 0, 1.3), (0.1, 0, 0.6)],
    "helper-skirt": [(0, -0.1, 0.5)],
    "helper-hair": [(0, 0.1, 1.6)],
    "helper-l-eye": [(0.03, -0.11, 1.62)],
    "helper-r-eye": [(-0.03, -0.11, 1.62)],
}


def _bones() -> dict[str, tuple[str, tuple[float, ...], tuple[float, ...]]]:
    """Parent, head and tail by name; the right side mirrors the left."""
    bones = {}
    for start, chain in _CHAINS.items():
        parent = "" if chain[0][0] == start else start.strip()
        for (name, head), (_, tail) in zip(chain, [*chain[1:], ("", (0, 0, 1.48))], strict=False):
            if name:
                bones[name] = (parent, head, tail)
                parent = name
    for name, (parent, head, tail) in list(bones.items()):
        if name.startswith("Left"):
            mirrored = ((-x, y, z) for x, y, z in (head, tail))
            bones[name.replace("Left", "Right")] = (parent.replace("Left", "Right"), *mirrored)
    return bones


def _write_mesh(path: Path, groups: dict[str, list[tuple[float, ...]]]) -> None:
    """One small square around each point, in decimetres with y up and facing +z."""
    lines, corners = [], 0
    for group, points in groups.items():
        lines.append(f"g {group}")
        for x, y, z in points:
            for dx, dz in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                lines.append(f"v {10 * x + dx * 1e-3} {10 * z + dz * 1e-3} {-10 * y}")
            lines.append("f " + " ".join(f"{corner}/1" for corner in range(corners + 1, corners + 5)))
            corners += 4
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def figure_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as MakeHuman's data."""
    data = tmp_path_factory.mktemp("figure")
    for folder in ("3dobjs", "rigs/standard", "targets/shape"):
        (data / folder).mkdir(parents=True)
    groups = _GROUPS | {name: [place] for name, place in _LANDMARKS.items()}
    rig = {}
    for name, (parent, head, tail) in _bones().items():
        groups |= {f"joint-{name}-head": [head], f"joint-{name}-tail": [tail]}
        rig[f"mixamorig:{name}"] = {
            "parent": f"mixamorig:{parent}" if parent else "",
            "head": {"strategy": "CUBE", "cube_name": f"joint-{name}-head"},
            "tail": {"strategy": "CUBE", "cube_name": f"joint-{name}-tail"},
            "roll": 0.3,
        }
    _write_mesh(data / "3dobjs" / "base.obj", groups)
    rigs = data / "rigs" / "standard"
    (rigs / "rig.mixamo.json").write_text(json.dumps({"bones": dict(reversed(rig.items()))}))
    (rigs / "weights.mixamo.json").write_text(json.dumps({"weights": {"mixamorig:Head": [[0, 1.0]]}}))
    with gzip.open(data / "targets" / "shape" / "tall.target.gz", "wt") as target:
        target.write("# vertex and move, decimetres\n0 0 2.0 0\n3 0.5 0 -1.0\n")
    (data / "targets" / "macrodetails").mkdir()
    for name in ("shape/same", *AVERAGE_MAN):
        gzip.open(data / "targets" / f"{name}.target.gz", "wt").close()
    return data


@pytest.fixture(scope="session")
def figure_joints() -> dict[str, np.ndarray]:
    """Where the bones of the figure begin, by name."""
    return {name: np.array(head, float) for name, (_, head, _) in _bones().items()}
