from __future__ import annotations

import pytest
import torch

from lifting_core.lifting.network import NetworkShape
from lifting_core.lifting.weights import LiftingModel, Profile

KEYPOINTS = ("nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_knee", "right_knee")
HUMAN36M_JOINTS = ("left_hip", "right_hip", "left_knee", "right_knee", "thorax", "neck")


@pytest.fixture
def model() -> LiftingModel:
    """A small model with random weights."""
    torch.manual_seed(0)
    profile = Profile(KEYPOINTS, HUMAN36M_JOINTS, 1.7, {"recipe": "none"})
    model = LiftingModel(profile, NetworkShape(profile.features, 3 * len(HUMAN36M_JOINTS), width=32))
    return model.eval().requires_grad_(False)


@pytest.fixture
def spread_model() -> LiftingModel:
    """A small model that tells spreads, too, of random weights."""
    torch.manual_seed(0)
    profile = Profile(KEYPOINTS, HUMAN36M_JOINTS, 1.7, {}, apparent_size=True)
    joints = len(HUMAN36M_JOINTS)
    shape = NetworkShape(profile.features, 3 * joints, width=32, spread=joints)
    model = LiftingModel(profile, shape)
    return model.eval().requires_grad_(False)
