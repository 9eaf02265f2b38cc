from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lifting_core.errors import InvalidInput
from training.datasets.renders import Renders, write_renders
from training.tasks.simulated import Sources


def test_errors_come_from_all_folders_of_renders(renders: Renders, tmp_path: Path) -> None:
    for folder, held_out in (("first", False), ("second", False), ("third", True)):
        (tmp_path / folder).mkdir()
        own = dataclasses.replace(renders, held_out=np.full(len(renders), held_out))
        write_renders(tmp_path / folder / "scene_000000.npz", own)
    first, second, third = (tmp_path / folder for folder in ("first", "second", "third"))
    observed = Sources(tmp_path, (first, second)).observed()
    assert observed is not None
    assert len(observed) == 2 * len(renders)
    unseen = Sources(tmp_path, (third,)).observed(held_out=True)
    assert unseen is not None
    assert len(unseen) == len(renders)
    with pytest.raises(InvalidInput, match="third holds no renders to train on"):
        Sources(tmp_path, (first, third)).observed()
    assert Sources(tmp_path).observed() is None
