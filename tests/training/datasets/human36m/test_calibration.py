from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifting_core.errors import InvalidInput
from training.cameras import differences
from training.datasets.human36m.calibration import (
    published_calibration,
    read_cameras_h5,
    read_metadata,
    warn_of_differences,
)
from training.datasets.human36m.names import CAMERAS, SUBJECTS

# As other programs print them: quaternions (w, x, y, z) of single precision and centres in mm.
QUATERNIONS = {
    ("S1", "54138969"): (
        [0.1407056450843811, -0.1500701755285263, -0.755240797996521, 0.6223280429840088],
        [1841.1070556640625, 4955.28466796875, 1563.4454345703125],
    ),
    ("S1", "60457274"): (
        [0.5834008455276489, -0.7853162288665771, 0.14548823237419128, -0.14749594032764435],
        [-1794.7896728515625, -3722.698974609375, 1574.8927001953125],
    ),
    ("S5", "55011271"): (
        [0.6159758567810059, -0.7626792192459106, -0.15728192031383514, 0.1189815029501915],
        [2031.7008056640625, -5167.93310546875, 1612.923095703125],
    ),
    ("S6", "58860488"): (
        [0.1529948115348816, -0.13529130816459656, 0.7646096348762512, -0.6112781167030334],
        [-1769.596435546875, 5185.361328125, 1476.993408203125],
    ),
    ("S7", "54138969"): (
        [0.1435241848230362, -0.1631336808204651, -0.7548328638076782, 0.6188824772834778],
        [1974.512939453125, 4926.3544921875, 1597.8326416015625],
    ),
    ("S8", "55011271"): (
        [0.6169601678848267, -0.7647668123245239, -0.14846350252628326, 0.11158157885074615],
        [2219.965576171875, -5148.453125, 1613.0440673828125],
    ),
    ("S9", "58860488"): (
        [0.13357827067375183, -0.1367100477218628, 0.7689454555511475, -0.6100738644599915],
        [-1670.9921875, 5211.98583984375, 1528.387939453125],
    ),
    ("S11", "60457274"): (
        [0.5894251465797424, -0.7818877100944519, 0.13991211354732513, -0.14715361595153809],
        [-1590.738037109375, -3854.1689453125, 1578.017578125],
    ),
}
# From the official metadata: Euler angles of S1's and S9's first camera, and that camera's lens.
ANGLES = {
    "S1": [-1.38382776045614, -3.16734304390158, 0.413636308164621],
    "S9": [-1.38660153616472, -3.18292551468494, 0.441478757753939],
}
CENTRES = {
    "S1": [1841.10702774543, 4955.28462344526, 1563.4453958977],
    "S9": [2044.45852504166, 4935.11727984793, 1481.22752752863],
}
LENS = [
    *(1145.04940458804, 1143.78109572365, 512.541504956548, 515.4514869776),
    *(-0.207098910824901, 0.247775183068982, -0.00307515035078854),
    *(-0.00142447157470321, -0.000975698859470499),
]


def test_every_camera_of_every_subject_is_published() -> None:
    calibration = published_calibration()
    assert set(calibration) == {(subject, camera) for subject in SUBJECTS for camera in CAMERAS}
    for camera in calibration.values():
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)


@pytest.mark.parametrize("key", QUATERNIONS, ids="-".join)
def test_published_cameras_are_those_of_other_programs(key: tuple[str, str]) -> None:
    quaternion, centre = QUATERNIONS[key]
    camera = published_calibration()[key]
    # Theirs turns the camera's axes into the world's.
    rotation = Rotation.from_quat(quaternion, scalar_first=True).inv().as_matrix()
    np.testing.assert_allclose(camera.rotation, rotation, atol=1e-6)
    np.testing.assert_allclose(camera.centre * 1000, centre, atol=2e-4)


def metadata(numbers: list[float], around: str = "<document>\n<w0>[{}]</w0>\n</document>") -> str:
    return around.format(" ".join(repr(number) for number in numbers))


def test_metadata_of_the_official_download(tmp_path: Path) -> None:
    numbers = [0.0] * 300
    for subject, start in (("S1", 0), ("S9", 6 * 8)):
        numbers[start : start + 6] = ANGLES[subject] + CENTRES[subject]
    numbers[264:273] = LENS
    path = tmp_path / "metadata.xml"
    path.write_text(metadata(numbers), encoding="utf-8")
    read = read_metadata(path)
    for subject in ("S1", "S9"):
        key = (subject, "54138969")
        assert max(differences(read[key], published_calibration()[key]).values()) < 1e-11


@pytest.mark.parametrize(
    "text",
    [
        metadata([0.5] * 299),
        metadata([0.5] * 301),
        metadata([0.5] * 299 + [float("nan")]),
        "<w0>[1 x]</w0>",
        "",
    ],
    ids=["fewer", "more", "nan", "words", "none"],
)
def test_metadata_that_is_not_whole_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "metadata.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match="300 camera parameters"):
        read_metadata(path)


@pytest.mark.parametrize(("layout", "name"), [("cdf", "metadata.xml"), ("h5", "cameras.h5")])
def test_files_of_all_subjects_come_to_the_published_cameras(
    layout: str, name: str, standin: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = standin(layout) / name
    calibration = (read_metadata if layout == "cdf" else read_cameras_h5)(path)
    assert set(calibration) == set(published_calibration())
    for key, camera in published_calibration().items():
        assert max(differences(calibration[key], camera).values()) < 1e-11
    warn_of_differences(calibration, path)
    assert not caplog.messages


def test_other_parameters_are_named(
    standin: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(shutil.copy(standin("h5") / "cameras.h5", tmp_path / "cameras.h5"))
    with h5py.File(path, "r+") as file:
        file["subject6/camera3/T"][1] += 2.5
    with caplog.at_level(logging.WARNING):
        warn_of_differences(read_cameras_h5(path), path)
    assert len(caplog.messages) == 1
    assert "centre of camera 58860488 for S6 differs from the published one by 0.0025" in caplog.text


def test_cameras_h5_has_transposed_rotations(standin: Callable[[str], Path]) -> None:
    with h5py.File(standin("h5") / "cameras.h5") as file:
        stored = file["subject1/camera1/R"][()]
    np.testing.assert_allclose(stored.T, published_calibration()["S1", "54138969"].rotation)


@pytest.mark.parametrize("damage", ["cut", "camera", "shape"])
def test_damaged_cameras_h5_is_refused(damage: str, standin: Callable[[str], Path], tmp_path: Path) -> None:
    path = Path(shutil.copy(standin("h5") / "cameras.h5", tmp_path / "cameras.h5"))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        with h5py.File(path, "r+") as file:
            del file["subject7/camera2/f"]
            if damage == "shape":
                file["subject7/camera2/f"] = np.ones(3)
    with pytest.raises(InvalidInput, match=r"cameras\.h5 is damaged"):
        read_cameras_h5(path)
