from __future__ import annotations

import numpy as np
import pytest

from lifting_core.lifting.trust import confidence_of, error_of


def test_ten_centimetres_halve_the_confidence() -> None:
    assert confidence_of(np.array([0.0, 0.1, 0.3])) == pytest.approx([1, 0.5, 0.1])


def test_each_undoes_the_other() -> None:
    errors = np.linspace(0.001, 1, 50)
    np.testing.assert_allclose(error_of(confidence_of(errors)), errors, rtol=1e-9)
