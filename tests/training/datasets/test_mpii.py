from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifting_core.detection.joint_sets import HUMAN36M_16, MPII
from lifting_core.detection.regions import Region
from lifting_core.errors import InvalidInput
from training.datasets.mpii import AnnotatedPerson, entry_of, read_people

_JOINTS = np.random.default_rng(0).uniform(50, 400, (16, 2)).round(1)


def _stacked_hourglass(validation: float = 0.0) -> dict[str, Any]:
    """As public code of stacked hourglasses has it; the left wrist is not annotated, the right one hidden."""
    rows = np.column_stack([_JOINTS, np.ones(16)])
    rows[15], rows[10, 2] = 0, 0
    return {
        "dataset": "MPI",
        "isValidation": validation,
        "img_paths": "015601864.jpg",
        "img_width": 1280.0,
        "img_height": 720.0,
        "objpos": [594.0, 257.0],
        "joint_self": rows.tolist(),
        "scale_provided": 3.021,
        "joint_others": [],
        "scale_provided_other": [],
    }


def _hrnet() -> dict[str, Any]:
    """The same person in HRNet's layout."""
    joints = _JOINTS.copy()
    joints[15] = -1
    known = [1] * 15 + [0]
    return {
        "image": "015601864.jpg",
        "center": [594.0, 257.0],
        "scale": 3.021,
        "joints": joints.tolist(),
        "joints_vis": known,
    }


def _read(path: Path, entries: Any, names: tuple[str, ...] = MPII) -> Any:
    path.write_text(json.dumps(entries))
    return read_people(path, Path("pictures"), names)


def test_both_layouts_tell_the_same(tmp_path: Path) -> None:
    (person,), held_out = _read(tmp_path / "a.json", [_stacked_hourglass()])
    (other,), _ = _read(tmp_path / "b.json", [_hrnet()])
    assert held_out == []
    assert person.image == other.image == Path("pictures/015601864.jpg")
    assert person.region == other.region
    np.testing.assert_array_equal(person.joints, other.joints)
    np.testing.assert_allclose(
        person.joints[:15], _JOINTS[:15] - 0.5, atol=1e-4
    )  # from 1 in a pixel's middle
    assert np.isnan(person.joints[15]).all()
    assert person.region.width == person.region.height == pytest.approx(200 * 1.25 * 3.021)
    assert person.region.y == pytest.approx(257 - 0.5 + 15 * 3.021)
    assert person.head == pytest.approx(np.linalg.norm(_JOINTS[9] - _JOINTS[8]), abs=1e-3)


def test_people_of_the_validation_set_are_held_out(tmp_path: Path) -> None:
    people, held_out = _read(tmp_path / "a.json", [_stacked_hourglass(), _stacked_hourglass(1.0)])
    assert (len(people), len(held_out)) == (1, 1)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    joints = _JOINTS.astype(np.float32)
    joints[3] = np.nan
    person = AnnotatedPerson(Path("pictures/a.jpg"), Region(340, 330, 440, 440), joints, 61.25)
    (again,), _ = _read(tmp_path / "a.json", [entry_of(person)])
    assert again.region.x == pytest.approx(340)
    assert again.region.y == pytest.approx(330, abs=1e-3)
    assert again.region.width == pytest.approx(440, abs=1e-3)
    np.testing.assert_allclose(again.joints, joints, atol=1e-3)
    assert (again.image, again.head) == (person.image, 61.25)


def test_without_a_neck_the_head_has_no_size(tmp_path: Path) -> None:
    (person,), _ = _read(tmp_path / "a.json", [_hrnet()], HUMAN36M_16)
    assert np.isnan(person.head)


@pytest.mark.parametrize(
    "entries",
    [
        {},
        [[]],
        [{}],
        [_hrnet() | {"joints": [[1, 2]]}],
        [_hrnet() | {"joints_vis": [1]}],
        [_hrnet() | {"scale": 0}],
        [_hrnet() | {"center": [1]}],
        [_hrnet() | {"center": [None, 2]}],
        [_stacked_hourglass() | {"joint_self": "none"}],
        [_hrnet() | {"image": 3}],
    ],
)
def test_what_is_no_annotation_is_told(entries: Any, tmp_path: Path) -> None:
    if entries == {}:
        entries = {"images": []}
    with pytest.raises(InvalidInput, match="does not hold annotated people"):
        _read(tmp_path / "a.json", entries)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not hold annotated people"):
        read_people(tmp_path / "none.json", tmp_path, MPII)
