from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cdflib.cdfwrite import CDF

from lifting_core.errors import Cancelled, InvalidInput
from lifting_core.skeleton import HUMAN36M_JOINTS
from training.datasets.human36m.cache import FOLDER
from training.datasets.human36m.calibration import published_calibration
from training.datasets.human36m.detections import write_detections
from training.datasets.human36m.loading import KeypointSource, load_human36m
from training.datasets.human36m.names import ACTIONS, CAMERAS, MOVING_JOINTS, SUBJECTS
from training.datasets.human36m.official_cdf import read_pose
from training.datasets.human36m.sequence import Sequence
from training.datasets.human36m.writing import WRITERS, Take
from training.standin import make_takes

LAYOUTS = sorted(WRITERS)
Standin = Callable[[str], Path]


@pytest.fixture
def copied(standin: Standin, tmp_path: Path) -> Callable[[str], Path]:
    """A stand-in that a test may damage."""

    def copy(layout: str) -> Path:
        return Path(shutil.copytree(standin(layout), tmp_path / layout, ignore=lambda *_: [FOLDER]))

    return copy


def farthest(ours: list[Sequence], theirs: list[Sequence]) -> tuple[float, float]:
    """The greatest differences in mm and px; the sequences and the missing joints must be the same."""
    assert [sequence.key for sequence in ours] == [sequence.key for sequence in theirs]
    joints = [np.concatenate([s.joints for s in side]) for side in (ours, theirs)]
    keypoints = [np.concatenate([s.keypoints for s in side]) for side in (ours, theirs)]
    np.testing.assert_array_equal(np.isnan(keypoints[0]), np.isnan(keypoints[1]))
    return (
        1000 * float(np.abs(joints[0] - joints[1]).max()),
        float(np.nanmax(np.abs(keypoints[0] - keypoints[1]))),
    )


@pytest.mark.parametrize(
    ("one", "other", "keypoints"),
    [("cdf", "h5", "gt"), ("cdf", "npz", "gt"), ("h5", "npz", "sh"), ("h5", "npz", "sh_ft")],
)
def test_layouts_give_the_same_arrays(
    one: str, other: str, keypoints: KeypointSource, standin: Standin
) -> None:
    millimetres, pixels = farthest(
        load_human36m(standin(one), keypoints), load_human36m(standin(other), keypoints)
    )
    assert millimetres < 0.01
    assert pixels < 0.001


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sequences_are_whole_and_in_order(layout: str, standin: Standin, takes: list[Take]) -> None:
    sequences = load_human36m(standin(layout))
    keys = [sequence.key for sequence in sequences]
    assert keys == list(product(SUBJECTS, ACTIONS, (1, 2), CAMERAS))
    by_name = {(take.subject, take.action, take.number): take for take in takes}
    numbers: dict[tuple[str, str], list[int]] = {}
    for subject, action, number in sorted(by_name):
        numbers.setdefault((subject, action), []).append(number)
    for sequence in sequences[::17]:
        number = numbers[sequence.subject, sequence.action][sequence.take - 1]
        world = by_name[sequence.subject, sequence.action, number].positions[:, MOVING_JOINTS] / 1000
        camera = published_calibration()[sequence.subject, sequence.camera]
        seen = (world - camera.centre) @ camera.rotation.T
        np.testing.assert_allclose(sequence.joints, seen, atol=2e-6)
        assert sequence.joints.dtype == sequence.keypoints.dtype == np.float32
        assert sequence.keypoints.shape == (*sequence.joints.shape[:2], 2)


def test_projections_are_the_2d_positions_of_the_official_files(standin: Standin) -> None:
    folder = standin("cdf")
    features = folder / "S1" / "MyPoseFeatures"
    for sequence in load_human36m(folder):
        if (sequence.subject, sequence.action) == ("S1", "WalkDog"):
            files = sorted((features / "D3_Positions").glob("WalkingDog*.cdf"), key=lambda path: path.stem)
            name = f"{files[sequence.take - 1].stem}.{sequence.camera}.cdf"
            pixels = read_pose(features / "D2_Positions" / name, 2)
            seen = read_pose(features / "D3_Positions_mono" / name, 3)
            np.testing.assert_allclose(sequence.keypoints, pixels[:, MOVING_JOINTS], atol=1e-4)
            np.testing.assert_allclose(sequence.joints, seen[:, MOVING_JOINTS] / 1000, atol=1e-6)


@pytest.mark.parametrize(("keypoints", "error"), [("sh", 15.0), ("sh_ft", 10.0), ("cpn", 7.0)])
def test_detections_belong_to_their_frames(keypoints: KeypointSource, error: float, standin: Standin) -> None:
    """Whatever the order of the joints in the files, and though detections outlast the joints."""
    projected = {sequence.key: sequence.keypoints for sequence in load_human36m(standin("npz"))}
    detected = load_human36m(standin("npz"), keypoints)
    assert set(projected) - {sequence.key for sequence in detected} == {("S11", "Directions", 1, "54138969")}
    distances = np.concatenate(
        [np.linalg.norm(sequence.keypoints - projected[sequence.key], axis=-1) for sequence in detected]
    ).mean(0)
    absent = [HUMAN36M_JOINTS.index("neck")] if keypoints != "cpn" else []
    assert np.flatnonzero(np.isnan(distances)).tolist() == absent
    np.testing.assert_allclose(np.delete(distances, absent), error, rtol=0.05)


def test_detections_of_a_file(standin: Standin, tmp_path: Path) -> None:
    sequences = load_human36m(standin("h5"))
    numbers = {("S11", "Directions"): (0, 1)}
    path = tmp_path / "mine.npz"
    write_detections(
        path,
        {
            (s.subject, s.action, numbers[s.subject, s.action][s.take - 1], s.camera): s.keypoints + 3
            for s in sequences
            if (s.subject, s.action) in numbers
        },
    )
    loaded = load_human36m(standin("h5"), path, partial=True)
    assert len(loaded) == 8
    by_key = {sequence.key: sequence.keypoints for sequence in sequences}
    for sequence in loaded:
        np.testing.assert_allclose(sequence.keypoints, by_key[sequence.key] + 3)


def lose(folder: Path, layout: str, subject: str, action: str = "*") -> None:
    if layout != "npz":
        places = {"cdf": "MyPoseFeatures/D3_Positions", "h5": "MyPoses/3D_positions"}
        for path in (folder / subject / places[layout]).glob(action if action == "*" else f"{action}*"):
            path.unlink()
        return
    path = folder / "data_3d_h36m.npz"
    with np.load(path, allow_pickle=True) as file:
        positions = file["positions_3d"].item()
    if action == "*":
        del positions[subject]
    else:
        positions[subject] = {k: v for k, v in positions[subject].items() if not k.startswith(action)}
    np.savez(path, positions_3d=np.array(positions))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_missing_is_named_and_left_out_only_when_asked_to(
    layout: str, copied: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copied(layout)
    lose(folder, layout, "S9")
    lose(folder, layout, "S5", "Eating")
    with pytest.raises(InvalidInput, match=r"lacks.*: S9, S5 Eating\. .*--partial"):
        load_human36m(folder)
    with caplog.at_level(logging.WARNING):
        sequences = load_human36m(folder, partial=True)
    assert "S9, S5 Eating" in caplog.text
    assert {sequence.subject for sequence in sequences} == set(SUBJECTS) - {"S9"}
    assert len(sequences) == 6 * 15 * 2 * 4 - 8


def test_a_missing_take_and_a_missing_camera_are_named(copied: Standin) -> None:
    folder = copied("h5")
    detections = folder / "S7" / "StackedHourglass"
    next(detections.glob("Waiting*.58860488.h5")).unlink()
    with pytest.raises(InvalidInput, match=r"S7 Waiting take 1 camera 58860488\."):
        load_human36m(folder, "sh")
    next((folder / "S8" / "MyPoses" / "3D_positions").glob("Photo*")).unlink()
    with pytest.raises(InvalidInput, match=r": S8 Photo take 2\."):
        load_human36m(folder)


def test_the_take_whose_video_is_damaged_may_be_absent(copied: Standin) -> None:
    folder = copied("npz")
    before = {sequence.key: sequence for sequence in load_human36m(folder)}
    lose(folder, "npz", "S11", "Directions")
    with pytest.raises(InvalidInput, match="S11 Directions"):
        load_human36m(folder)
    with np.load(folder / "data_3d_h36m.npz", allow_pickle=True) as file:
        positions = file["positions_3d"].item()
    positions["S11"]["Directions 1"] = camera_free(before["S11", "Directions", 2, CAMERAS[0]])
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array(positions))
    after = {sequence.key: sequence for sequence in load_human36m(folder)}
    assert before.keys() - after.keys() == {("S11", "Directions", 1, camera) for camera in CAMERAS}
    np.testing.assert_allclose(
        after["S11", "Directions", 2, CAMERAS[1]].joints,
        before["S11", "Directions", 2, CAMERAS[1]].joints,
        atol=1e-5,
    )


def camera_free(sequence: Sequence) -> np.ndarray[Any, Any]:
    """(T, 32, 3) metres in the world."""
    camera = published_calibration()[sequence.subject, sequence.camera]
    world = sequence.joints @ camera.rotation + camera.centre
    positions = np.zeros((len(world), 32, 3), np.float32)
    positions[:, MOVING_JOINTS] = world
    return positions


@pytest.mark.parametrize(
    ("layout", "place", "message"),
    [
        ("cdf", "S6/MyPoseFeatures/D3_Positions", "not a whole CDF file"),
        ("h5", "S6/MyPoses/3D_positions", "not a whole HDF5 file"),
        ("npz", ".", "damaged or cut off"),
    ],
)
def test_files_that_are_cut_off_are_named(layout: str, place: str, message: str, copied: Standin) -> None:
    folder = copied(layout)
    path = sorted(path for path in (folder / place).iterdir() if "2d" not in path.name)[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InvalidInput, match=message) as error:
        load_human36m(folder, partial=True)
    assert path.name in str(error.value)


def replace_positions(folder: Path, layout: str, change: Callable[[np.ndarray[Any, Any]], None]) -> str:
    """Change the (T, 32, 3) positions of one take in place; gives what a message should name."""
    if layout == "npz":
        with np.load(folder / "data_3d_h36m.npz", allow_pickle=True) as file:
            positions = file["positions_3d"].item()
        name = next(iter(positions["S8"]))
        change(positions["S8"][name])
        np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array(positions))
        return f"S8 {name}"
    if layout == "h5":
        path = next((folder / "S8" / "MyPoses" / "3D_positions").iterdir())
        with h5py.File(path, "r+") as file:
            values = file["3D_positions"][()].T.reshape(-1, 32, 3).copy()
            change(values)
            file["3D_positions"][()] = values.reshape(len(values), -1).T
        return path.name
    path = next((folder / "S8" / "MyPoseFeatures" / "D3_Positions").iterdir())
    values = read_pose(path, 3).copy()
    change(values)
    file = CDF(path, delete=True)
    variable = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True}
    file.write_var({**variable, "Dim_Sizes": [len(values), 96]}, var_data=values.reshape(1, -1, 96))
    file.close()
    return path.name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_joints_that_are_no_numbers_are_named(layout: str, copied: Standin) -> None:
    folder = copied(layout)

    def change(positions: np.ndarray[Any, Any]) -> None:
        positions[1:, 25, 2] = np.nan

    name = replace_positions(folder, layout, change)
    with pytest.raises(InvalidInput, match=r"NaN\) in 2 of 3 frames, first in frame 1") as error:
        load_human36m(folder)
    assert name in str(error.value)


@pytest.mark.parametrize("factor", [1000.0, 0.001, 0.0])
def test_another_unit_is_noticed(factor: float, copied: Standin) -> None:
    folder = copied("h5")

    def change(positions: np.ndarray[Any, Any]) -> None:
        positions *= factor

    replace_positions(folder, "h5", change)
    with pytest.raises(InvalidInput, match="has a thigh of"):
        load_human36m(folder)


def test_somebody_behind_a_camera_is_noticed(copied: Standin) -> None:
    folder = copied("h5")

    def change(positions: np.ndarray[Any, Any]) -> None:
        positions[..., 1] += 9000

    replace_positions(folder, "h5", change)
    with pytest.raises(InvalidInput, match="lies behind camera"):
        load_human36m(folder)


def test_detections_that_end_too_early_are_named(copied: Standin) -> None:
    folder = copied("h5")
    path = next((folder / "S5" / "StackedHourglassFineTuned240").glob("Posing*.55011271.h5"))
    with h5py.File(path, "r+") as file:
        poses = file["poses"][:2]
        del file["poses"]
        file["poses"] = poses
    with pytest.raises(InvalidInput, match=r"S5 Posing.*camera 55011271 have 2 frames, but the joints 3"):
        load_human36m(folder, "sh_ft")


def test_a_third_take_is_refused(copied: Standin) -> None:
    folder = copied("cdf") / "S1" / "MyPoseFeatures" / "D3_Positions"
    shutil.copy(next(folder.glob("Sitting*.cdf")), folder / "Sitting 7.cdf")
    with pytest.raises(InvalidInput, match="S1 has 3 takes of Sitting, not 2"):
        load_human36m(folder.parents[2])


def test_recordings_of_other_things_are_passed_over(copied: Standin) -> None:
    folder = copied("cdf")
    (folder / "S1" / "MyPoseFeatures" / "D3_Positions" / "_ALL 1.cdf").write_bytes(b"nothing")
    (folder / "S2").mkdir()
    assert len(load_human36m(folder)) == 840


def test_the_published_cameras_stand_in_for_missing_ones(copied: Standin, standin: Standin) -> None:
    for layout, name in (("cdf", "metadata.xml"), ("h5", "cameras.h5")):
        folder = copied(layout)
        (folder / name).unlink()
        assert max(farthest(load_human36m(folder), load_human36m(standin(layout)))) < 1e-3


@pytest.mark.parametrize(
    ("keypoints", "message"),
    [
        ("cpn", r"holds no detections 'cpn': no data_2d_h36m_cpn_ft_h36m_dbb\.npz\."),
        ("sh", r"no data_2d_h36m_sh_pt_mpii\.npz and no S1/StackedHourglass\."),
        (Path("none.npz"), r"There is no file none\.npz"),
    ],
)
def test_missing_detections_are_told(
    keypoints: KeypointSource | Path, message: str, standin: Standin
) -> None:
    with pytest.raises(InvalidInput, match=message):
        load_human36m(standin("cdf"), keypoints)


@pytest.mark.parametrize("name", [".", "none"])
def test_a_folder_of_something_else_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="in no layout known here"):
        load_human36m(tmp_path / name)


def test_progress_is_told_and_can_cancel(copied: Standin) -> None:
    stages: dict[str, list[int]] = {}

    def progress(stage: str, done: int, total: int | None) -> None:
        assert total is not None
        assert done <= total
        stages.setdefault(stage, []).append(done)
        if stage == "reading" and done == 5:
            raise Cancelled

    folder = copied("cdf")
    with pytest.raises(Cancelled):
        load_human36m(folder, progress=progress)
    assert stages["checking"] == sorted(stages["checking"])
    assert stages["reading"] == [0, 1, 2, 3, 4, 5]
    assert not (folder / FOLDER).exists()


def test_the_cache_gives_the_same_and_follows_the_content(copied: Standin) -> None:
    folder = copied("h5")
    first = load_human36m(folder, "sh")
    cached = folder / FOLDER / "sh.npz"
    stamp = cached.stat().st_mtime_ns
    assert farthest(load_human36m(folder, "sh"), first) == (0, 0)
    assert cached.stat().st_mtime_ns == stamp

    # Another content of the same size and the same time.
    path = next((folder / "S1" / "StackedHourglass").glob("Walking*.h5"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with h5py.File(path, "r+") as file:
        file["poses"][...] += 100
    os.utime(path, ns=times)
    assert farthest(load_human36m(folder, "sh"), first)[1] == pytest.approx(100, abs=1e-3)
    assert cached.stat().st_mtime_ns > stamp


def test_the_cache_follows_the_names_of_subjects(copied: Standin) -> None:
    folder = copied("cdf")
    for subject in SUBJECTS[1:]:
        shutil.rmtree(folder / subject)
    first = load_human36m(folder, partial=True)
    (folder / "S1").rename(folder / "S8")
    second = load_human36m(folder, partial=True)
    assert {sequence.subject for sequence in second} == {"S8"}
    # The same motion before other cameras.
    assert np.abs(second[0].joints - first[0].joints).max() > 0.01


def test_a_damaged_cache_is_made_anew(copied: Standin, caplog: pytest.LogCaptureFixture) -> None:
    folder = copied("npz")
    first = load_human36m(folder)
    cached = folder / FOLDER / "gt.npz"
    cached.write_bytes(cached.read_bytes()[:10000])
    with caplog.at_level(logging.WARNING):
        assert farthest(load_human36m(folder), first) == (0, 0)
    assert "is damaged and will be made anew" in caplog.text
    caplog.clear()
    load_human36m(folder)
    assert not caplog.text


def test_a_folder_that_cannot_be_written_to_does_without_a_cache(
    copied: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copied("npz")
    (folder / FOLDER).write_text("in the way", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert len(load_human36m(folder)) == 840
    assert "no cache can be kept" in caplog.text


def test_files_of_numpy_pickles_with_code_are_refused(copied: Standin, tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trace"),)

    folder = copied("npz")
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array({"S1": Attack()}))
    with pytest.raises(InvalidInput, match="is refused"):
        load_human36m(folder)
    assert not (tmp_path / "trace").exists()


def test_long_takes_are_read_as_short_ones_are(people: list[Any], tmp_path: Path) -> None:
    takes = [take for take in make_takes(people, frames=90) if take.subject == "S1"][:2]
    for layout in LAYOUTS:
        (tmp_path / layout).mkdir()
        WRITERS[layout](tmp_path / layout, takes)
    one, two, three = (load_human36m(tmp_path / layout, partial=True) for layout in LAYOUTS)
    assert {len(sequence.joints) for sequence in one} == {90}
    assert max(*farthest(one, two), *farthest(one, three)) < 1e-3
