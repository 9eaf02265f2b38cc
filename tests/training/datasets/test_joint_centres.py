from __future__ import annotations

import json

import numpy as np
import pytest

from training.datasets.anatomy import TABLE
from training.datasets.joint_centres import HIPS_APART, SHOULDERS_ABOVE_HIPS, centred
from training.datasets.mocap import POINTS


def test_joint_centres_of_the_average_body_are_where_they_are_measured() -> None:
    table = json.loads(TABLE.read_text("utf-8"))
    lengths = dict(zip(table["segments"], np.exp(table["mean"]), strict=True))
    points = np.zeros((2, len(POINTS), 3))
    points[:, POINTS.index("thorax"), 2] = lengths["trunk"]
    points[:, POINTS.index("spine"), 2] = lengths["trunk"] / 2
    for side, sign in (("left", 1), ("right", -1)):
        points[:, POINTS.index(f"{side}_hip"), 0] = sign * lengths["hip"]
        shoulder = [sign * lengths["shoulder"], 0, lengths["trunk"] - 0.03 / table["stature"]]
        points[:, POINTS.index(f"{side}_shoulder")] = shoulder
    found = 1.6 * points
    found = centred(found, 1.6) / 1.6
    hips = found[:, POINTS.index("left_hip")] - found[:, POINTS.index("right_hip")]
    assert np.linalg.norm(hips, axis=1) == pytest.approx(HIPS_APART, rel=0.01)
    shoulders = [POINTS.index(f"{side}_shoulder") for side in ("left", "right")]
    assert found[:, shoulders, 2] == pytest.approx(SHOULDERS_ABOVE_HIPS, rel=0.01)
    np.testing.assert_array_equal(found[:, shoulders, :2], points[:, shoulders, :2])
    thorax = POINTS.index("thorax")
    np.testing.assert_allclose(
        found[:, thorax] - found[:, shoulders[0]], points[:, thorax] - points[:, shoulders[0]]
    )
    others = [POINTS.index(name) for name in ("left_elbow", "left_knee", "skull", "pelvis")]
    np.testing.assert_allclose(found[:, others], points[:, others])
