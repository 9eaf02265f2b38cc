from __future__ import annotations

import numpy as np
import pytest
import torch

from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.names import ACTIONS
from training.evaluation.published import SHORT_NAMES, published_average, published_row
from training.metrics.protocols import FOURTEEN_JOINTS, MEASURES, evaluate

EATING, WALKING = ACTIONS.index("Eating"), ACTIONS.index("Walking")


@pytest.fixture
def tested() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Predictions, truth and actions: 100 poses of eating that are 34 mm off, 28 of walking that are 68."""
    truth = torch.randn(128, 17, 3, generator=torch.Generator().manual_seed(0))
    truth -= truth[:, :1].clone()
    actions = torch.tensor([EATING] * 100 + [WALKING] * 28)
    off = torch.where(actions == EATING, 0.034, 0.068)
    predicted = truth.clone()
    predicted[:, 1:, 0] += off[:, None]
    return predicted, truth, actions


def test_protocol_1_counts_the_pelvis_and_averages_actions_plainly(
    tested: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    errors = evaluate(*tested, MEASURES["protocol_1"])
    assert list(errors.per_action) == ["Eating", "Walking"]
    assert errors.per_action["Eating"] == pytest.approx(34 * 16 / 17, rel=1e-5)
    assert errors.per_action["Walking"] == pytest.approx(68 * 16 / 17, rel=1e-5)
    assert errors.average == pytest.approx(51 * 16 / 17, rel=1e-5)
    assert errors.per_joint[0] == 0
    assert errors.per_joint[5] == pytest.approx((34 * 100 + 68 * 28) / 128, rel=1e-5)


def test_the_public_code_drops_what_does_not_fill_a_batch(
    tested: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    predicted, truth, actions = tested
    predicted[64:100] = 1e3  # the rest of eating
    errors = evaluate(predicted, truth, actions, MEASURES["protocol_1"], drop_remainder=True)
    assert list(errors.per_action) == ["Eating"]  # walking has fewer than 64 frames
    assert errors.average == pytest.approx(34 * 16 / 17, rel=1e-5)


def test_fourteen_joints_are_those_without_pelvis_spine_and_nose(
    tested: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    assert {HUMAN36M_JOINTS[i] for i in range(17)} - {HUMAN36M_JOINTS[i] for i in FOURTEEN_JOINTS} == {
        "pelvis",
        "spine",
        "neck",
    }
    errors = evaluate(*tested, MEASURES["protocol_1"], FOURTEEN_JOINTS)
    assert len(errors.per_joint) == 14
    assert errors.per_action["Eating"] == pytest.approx(34, rel=1e-5)
    # All 14 are off by the same vector, which alignment takes away.
    assert evaluate(*tested, MEASURES["protocol_2"], FOURTEEN_JOINTS).average < 1e-3


@pytest.mark.parametrize(
    ("protocol", "keypoints"), [("protocol_1", "sh_ft"), ("protocol_1", "gt"), ("protocol_2", "sh_ft")]
)
def test_the_published_rows_average_to_the_published_averages(protocol: str, keypoints: str) -> None:
    row = published_row(protocol, keypoints)
    assert row is not None
    assert list(row) == list(ACTIONS) == list(SHORT_NAMES)
    assert np.mean(list(row.values())) == pytest.approx(published_average(protocol, keypoints), abs=0.06)


def test_rows_that_the_paper_does_not_have_are_absent() -> None:
    assert published_row("protocol_2", "cpn") is None
    assert published_average("n_mpjpe", "gt") is None
