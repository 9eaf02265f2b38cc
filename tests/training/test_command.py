from __future__ import annotations

import pytest

from lifting_core.errors import InvalidInput, LiftPoseError
from training.command import command


@command
def work(failure: Exception | None = None) -> None:
    """Fails as it is told."""
    if failure is not None:
        raise failure


@pytest.mark.parametrize(
    ("failure", "code"), [(InvalidInput("No clip.", "Name one."), 2), (LiftPoseError("The disk is full."), 1)]
)
def test_expected_failures_are_told_and_end_with_a_code(
    failure: LiftPoseError, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert work(failure) == code
    (record,) = caplog.records
    assert record.getMessage() == str(failure)
    assert record.name == __name__


def test_success_is_0_and_other_failures_are_not_hidden() -> None:
    assert work() == 0
    with pytest.raises(ZeroDivisionError):
        work(ZeroDivisionError())
