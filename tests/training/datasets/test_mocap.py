from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import ezc3d
import numpy as np
import pytest

from lifting_core.errors import InvalidInput
from lifting_core.skeleton import JOINTS
from training.datasets.mocap import POINTS, Clip, read_mocap, scaled_to_stature

WriteBvh = Callable[[Path, int], None]


def write_c3d(path: Path, labels: list[str], frames: int = 4, unit: str = "mm") -> None:
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    file["parameters"]["POINT"]["RATE"]["value"] = [25.0]
    points = np.ones((4, len(labels), frames))
    points[:3] = 100 * np.random.default_rng(0).random((3, len(labels), 1)) + np.arange(frames)
    file["data"]["points"] = points
    path.parent.mkdir(parents=True, exist_ok=True)
    file.write(str(path))


PLUG_IN_GAIT = [
    side + name
    for side in "LR"
    for name in (
        *("ASI", "PSI", "SHO", "UPA", "ELB", "WRA", "WRB", "THI", "KNE", "TIB", "ANK", "HEE", "TOE"),
        *("FHD", "BHD", "FIN"),
    )
] + ["C7", "CLAV"]


def test_clips_of_a_folder_by_subject(cmu_bvh: WriteBvh, tmp_path: Path) -> None:
    cmu_bvh(tmp_path / "anna" / "walk.bvh", 5)
    cmu_bvh(tmp_path / "bert" / "Sit.BVH", 4)
    write_c3d(tmp_path / "cleo" / "m01.c3d", PLUG_IN_GAIT)
    (tmp_path / "anna" / "notes.txt").write_text("not motion", encoding="utf-8")
    clips = read_mocap(tmp_path)
    assert [(clip.subject, clip.name) for clip in clips] == [
        ("anna", "walk"),
        ("bert", "Sit"),
        ("cleo", "m01"),
    ]
    # A BVH begins with a frame of rest that nobody recorded.
    assert [clip.points.shape for clip in clips] == [
        (4, len(POINTS), 3),
        (3, len(POINTS), 3),
        (4, len(POINTS), 3),
    ]
    assert [clip.fps for clip in clips] == pytest.approx([30, 30, 25], rel=1e-4)
    assert all(clip.points.dtype == np.float32 for clip in clips)
    pelvis = clips[0].points[:, JOINTS.index("pelvis"), 2]
    assert 0.8 < pelvis.mean() < 1.0  # metres, z up


def test_reads_an_amc_file_with_the_asf_file_beside_it(shared_folder: Path) -> None:
    (clip,) = read_mocap(shared_folder / "mocap" / "cmu_asfamc" / "walk")
    assert clip.fps == 30
    assert len(clip.points) == 104


def test_clips_come_by_format(shared_folder: Path) -> None:
    folders = [clip.subject.split("/")[0] for clip in read_mocap(shared_folder / "mocap")]
    assert list(dict.fromkeys(folders)) == ["cmu_bvh", "uiprmd_c3d", "cmu_asfamc"]


def test_frames_with_a_jump_or_a_missing_marker_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "anna" / "m01.c3d"
    write_c3d(path, PLUG_IN_GAIT, frames=8)
    file = ezc3d.c3d(str(path))
    points = file["data"]["points"]
    points[:3, PLUG_IN_GAIT.index("LKNE"), 3] += 2000  # two metres away for one frame
    points[:3, PLUG_IN_GAIT.index("RANK"), 6] = np.nan
    file["data"]["points"] = points
    file.write(str(path))
    (clip,) = read_mocap(tmp_path)
    # The jump there and the jump back, the frame without the ankle, and the one after it.
    assert len(clip.points) == 8 - 4
    assert np.isfinite(clip.points).all()


def test_what_cannot_be_read_is_left_out_with_a_warning(
    cmu_bvh: WriteBvh, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cmu_bvh(tmp_path / "anna" / "walk.bvh", 5)
    cmu_bvh(tmp_path / "bert" / "other.bvh", 5)
    other = tmp_path / "bert" / "other.bvh"
    other.write_text(other.read_text(encoding="utf-8").replace("LeftUpLeg", "Left_Thigh"), encoding="utf-8")
    (tmp_path / "bert" / "cut.bvh").write_text("HIERARCHY", encoding="utf-8")
    (tmp_path / "cleo").mkdir()
    (tmp_path / "cleo" / "cut.c3d").write_bytes(b"\0" * 700)
    write_c3d(tmp_path / "cleo" / "few.c3d", PLUG_IN_GAIT[:-1])
    write_c3d(tmp_path / "cleo" / "inches.c3d", PLUG_IN_GAIT, unit="in")
    (tmp_path / "cleo" / "alone.amc").write_text("1\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        clips = read_mocap(tmp_path)
    assert [clip.name for clip in clips] == ["walk"]
    told = caplog.text
    assert "other.bvh has a skeleton with unknown joint names" in told
    assert "cut.bvh is not a whole BVH file" in told
    assert "cut.c3d is not a whole C3D file" in told
    assert "few.c3d lacks the Plug-in-Gait marker or unit 'CLAV'" in told
    assert "inches.c3d lacks the Plug-in-Gait marker or unit 'in'" in told
    assert "alone.amc has 0 ASF files beside it" in told


def test_a_folder_without_motion_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not motion", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"no motion capture .* \.bvh, \.c3d, \.amc files"):
        read_mocap(tmp_path)


def test_stature_is_estimated_from_the_bones(people: list[Clip]) -> None:
    clip = people[0]
    scaled = scaled_to_stature(clip, 1.70)
    ratio = scaled / clip.points
    assert ratio.std() < 1e-6
    double = Clip(clip.name, clip.subject, clip.fps, 2 * clip.points)
    np.testing.assert_allclose(scaled_to_stature(double, 1.70), scaled, rtol=1e-5)


def test_recorded_people_are_scaled_to_about_their_height(shared_folder: Path, tmp_path: Path) -> None:
    """Somebody scaled to 1.70 m is, standing upright, about that high from toes to crown."""
    for name in ("subject_02/02_01.bvh", "subject_08/08_01.bvh"):
        path = shared_folder / "mocap" / "cmu_bvh" / name
        (tmp_path / path.parent.name).mkdir()
        shutil.copy(path, tmp_path / path.parent.name)
    for clip in read_mocap(tmp_path):
        points = scaled_to_stature(clip, 1.70)
        height = points[:, JOINTS.index("head"), 2] - points[:, :, 2].min(1)
        assert np.median(height) == pytest.approx(1.70, abs=0.12)
