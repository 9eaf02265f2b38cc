from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from training.datasets.asf_amc import read_asf_amc

ASF = """# made by hand
:version 1.10
:name arm
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   nothing
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 1 0 0
     length 4
     axis 0 0 0 XYZ
    dof rx ry rz
    limits (-90.0 90.0)
           (-90.0 90.0)
           (-90.0 90.0)
  end
  begin
     id 2
     name link
     direction 0 0 1
     length 0.5
     axis 10 20 30 XYZ
  end
  begin
     id 3
     name fore
     direction 0.6 0.8 0
     length 2
     axis 30 -20 50 XYZ
    dof rx rz
    limits (-90.0 90.0)
           (-90.0 90.0)
  end
:hierarchy
  begin
    root upper
    upper link
    link fore
  end
"""
AMC = """# thinned to 30 Hz
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
upper 0 0 0
fore 0 0
2
root 0 0 0 0 0 90
upper 0 90 0
fore 0 0
3
root 1 1 1 20 -30 40
upper 50 60 -70
fore 25 -35
"""


def write(folder: Path, asf: str = ASF, amc: str = AMC) -> tuple[Path, Path]:
    (folder / "arm.asf").write_text(asf, encoding="utf-8")
    (folder / "arm_01.amc").write_text(amc, encoding="utf-8")
    return folder / "arm.asf", folder / "arm_01.amc"


def turn(x: float, y: float, z: float) -> NDArray[np.float64]:
    """About x, then y, then z, which stand still; degrees. Column vectors, written out."""
    (a, b, c) = (math.radians(angle) for angle in (x, y, z))
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    product: NDArray[np.float64] = about_z @ about_y @ about_x
    return product


def test_an_arm_by_hand(tmp_path: Path) -> None:
    motion = read_asf_amc(*write(tmp_path))
    assert motion.names == ("root", "upper", "link", "fore")
    assert motion.fps == 30
    rest = np.array([[1, 2, 3], [5, 2, 3], [5, 2, 3.5], [6.2, 3.6, 3.5]])
    np.testing.assert_allclose(motion.positions[0], rest)
    # The upper arm turns about y from x to -z, and the body about z; the link follows from z to x to y.
    turned = np.array([[0, 0, 0], [0, 0, -4], [0, 0.5, -4], [-1.6, 0.5, -5.2]])
    np.testing.assert_allclose(motion.positions[1], turned, atol=1e-12)


def test_turns_are_about_the_axes_of_the_bone(tmp_path: Path) -> None:
    """Against the transformation matrices of the format's description: L = C^-1 M C B, in row vectors."""
    motion = read_asf_amc(*write(tmp_path))
    axes = turn(30, -20, 50)
    body = turn(20, -30, 40)
    upper = body @ turn(50, 60, -70)
    fore = upper @ axes @ turn(25, 0, -35) @ axes.T
    end = np.array([1, 1, 1]) + upper @ [4, 0, 0] + upper @ [0, 0, 0.5] + fore @ [1.2, 1.6, 0]
    np.testing.assert_allclose(motion.position("fore")[2], end, atol=1e-12)
    np.testing.assert_allclose(motion.orientations[2, 3], fore, atol=1e-12)


def test_a_file_that_does_not_tell_its_rate_has_the_laboratorys(tmp_path: Path) -> None:
    assert read_asf_amc(*write(tmp_path, amc=AMC.replace("# thinned to 30 Hz", "# nothing"))).fps == 120


@pytest.mark.parametrize(
    ("asf", "amc", "kind"),
    [
        ("", AMC, "ASF"),
        (ASF[: ASF.index(":hierarchy")], AMC, "ASF"),
        (ASF.replace("direction 1 0 0", "direction 1 0 zero"), AMC, "ASF"),
        (ASF.replace("    link fore\n", ""), AMC, "ASF"),
        (ASF.replace("angle deg", "angle rad"), AMC, "ASF"),
        (ASF.replace("   order TX", "   turns TX"), AMC, "ASF"),
        (ASF, AMC[:-20], "AMC"),
        (ASF, AMC.replace("upper 50 60 -70", "upper 50 60"), "AMC"),
        (ASF, AMC.replace("upper 50 60 -70", "lower 50 60 -70"), "AMC"),
        (ASF, AMC.replace("fore 25 -35", "fore 25 north"), "AMC"),
        (ASF, "", "AMC"),
    ],
)
def test_files_that_are_not_whole_are_refused(asf: str, amc: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"is not a whole {kind} file"):
        read_asf_amc(*write(tmp_path, asf, amc))


def test_a_recorded_walk(shared_folder: Path) -> None:
    folder = shared_folder / "mocap" / "cmu_asfamc" / "walk"
    motion = read_asf_amc(folder / "walk.asf", folder / "walk_03.amc")
    metres = motion.positions * 0.0254 / 0.45
    ankles = metres[:, [motion.names.index(name) for name in ("ltibia", "rtibia")], 1]
    # Somebody walks upright over a level floor: each ankle comes down to the same height again and again,
    # and one of them is always down.
    assert 0 < ankles.min() < 0.12
    assert ankles.min(1).max() < 0.16
    assert metres[:, motion.names.index("head"), 1].min() > 1.4
    steps = np.linalg.norm(np.diff(metres[:, 0], axis=0), axis=1) * motion.fps
    assert 0.8 < np.median(steps) < 2.0
