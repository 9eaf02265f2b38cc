from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifting_core.batch.jobs import Job, Resources, read_jobs
from lifting_core.errors import InvalidInput
from lifting_core.settings import LiftSettings

_EXAMPLE = """
[defaults]
output = "out/{name}.blend"
[defaults.settings]
smoothing = 0.8

[[job]]
input = "clips/*.mp4"

[[job]]
input = ["duo.mov", "photos"]
person = "all"
rig = ["anna.blend", "ben.blend"]
object = "Body"
map = "maps/hero.json"
output = ["out/{name}_{person}.fbx", "out/{name}_{person}.npz"]
cpus = 2
gpus = 0.5
[job.settings]
end = 99
[job.retarget]
root = "object"
in_place = true
ik = false
"""


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_toml_with_defaults(tmp_path: Path) -> None:
    first, second = read_jobs(_written(tmp_path, "jobs.toml", _EXAMPLE))
    assert first == Job(("clips/*.mp4",), ("out/{name}.blend",), LiftSettings(smoothing=0.8))
    assert second == Job(
        inputs=("duo.mov", "photos"),
        outputs=("out/{name}_{person}.fbx", "out/{name}_{person}.npz"),
        settings=LiftSettings(smoothing=0.8, end=99),
        everybody=True,
        rigs=("anna.blend", "ben.blend"),
        objects=("Body",),
        maps=("maps/hero.json",),
        retarget=("--root=object", "--in-place"),
        resources=Resources(cpus=2, gpus=0.5),
    )


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    rows = (
        "\ufeffinput,output,person,rig,settings.end,settings.smoothing,retarget.in_place,memory\r\n"
        '"a, b.mp4",out/{name}.blend,,hero.blend,,,TRUE,\r\n'
        ",,,,,,,\r\n"
        "c.mp4;d.mp4,out/{name}.npz;out/{name}.bvh,320;240,,99,0.25,,3.5\r\n"
    )
    first, second = read_jobs(_written(tmp_path, "jobs.csv", rows))
    assert first == Job(("a, b.mp4",), ("out/{name}.blend",), rigs=("hero.blend",), retarget=("--in-place",))
    settings = LiftSettings(person=(320, 240), end=99, smoothing=0.25)
    outputs = ("out/{name}.npz", "out/{name}.bvh")
    assert second == Job(("c.mp4", "d.mp4"), outputs, settings, resources=Resources(memory=3.5))


def test_the_examples_of_the_documentation_say_the_same(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "batch.md").read_text("utf-8")
    toml, rows = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("toml", "csv"))
    assert toml is not None
    assert rows is not None
    from_toml = read_jobs(_written(tmp_path, "jobs.toml", toml[1]))
    assert from_toml == read_jobs(_written(tmp_path, "jobs.csv", rows[1]))
    assert [job.everybody for job in from_toml] == [False, True]


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters=";"), min_size=1)
_PATHS = _NAMES.filter(lambda name: name == name.strip())
_JOBS = st.fixed_dictionaries(
    {
        "input": st.lists(_PATHS, min_size=1, max_size=3),
        "output": st.lists(_PATHS.map(lambda name: name + "x.blend"), min_size=1, max_size=3),
        "rig": st.lists(_PATHS, min_size=1, max_size=2),
    },
    optional={
        "person": st.sampled_from(["largest", 0, 3, [12, 30.5]]),
        "object": st.lists(_PATHS, min_size=1, max_size=2),
        "cpus": st.integers(1, 64),
        "settings": st.fixed_dictionaries(
            {}, optional={"end": st.integers(0, 10**6), "fov": st.floats(5, 170), "device": st.just("cpu")}
        ),
        "retarget": st.fixed_dictionaries(
            {}, optional={"in_place": st.booleans(), "root": st.sampled_from(["hips", "bone"])}
        ),
    },
)


def _toml(job: dict[str, Any]) -> str:
    """JSON's texts, numbers and lists are TOML, apart from the DEL that `_NAMES` has not."""
    plain = {name: value for name, value in job.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in job.items() if isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items()]
    for table, values in tables.items():
        lines += [f"[job.{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(["[[job]]", *lines])


def _csv(job: dict[str, Any]) -> str:
    flat: dict[str, Any] = {}
    for name, value in job.items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(flat)
    writer.writerow(";".join(map(str, v)) if isinstance(v, list) else v for v in flat.values())
    return text.getvalue()


@given(job=_JOBS)
def test_both_formats_say_the_same(tmp_path_factory: pytest.TempPathFactory, job: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("jobs")
    (from_toml,) = read_jobs(_written(folder, "jobs.toml", _toml(job)))
    (from_csv,) = read_jobs(_written(folder, "jobs.csv", _csv(job)))
    assert from_toml == from_csv
    assert list(from_toml.inputs) == job["input"]
    assert list(from_toml.outputs) == job["output"]


@given(text=st.text())
def test_whatever_a_file_says_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("jobs")
    for name in ("jobs.toml", "jobs.csv"):
        path = folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(InvalidInput) as caught:
            read_jobs(path)
        assert name in caught.value.message
        assert caught.value.advice


_GOOD = 'input = "a.mp4"\noutput = "a.blend"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[job]\n", "is not TOML: Expected"),
        ("", "jobs.toml has no jobs."),
        ("[jobs]\n", "jobs.toml has no use for jobs."),
        (f"[job]\n{_GOOD}", "jobs.toml has a [job] that is no list."),
        ("job = [1]", "jobs.toml has jobs or defaults that are no tables."),
        ('[[job]]\noutput = "a.npz"', "jobs.toml, job 1: The input is missing."),
        ('[[job]]\ninput = 3\noutput = "a.npz"', "jobs.toml, job 1: The input cannot be 3."),
        ('[[job]]\ninput = "a.mp4"\noutput = []', "jobs.toml, job 1: The output cannot be []."),
        (f"[[job]]\n{_GOOD}[[job]]\n{_GOOD}clip = 1", "jobs.toml, job 2: Nothing is called clip."),
        ('[[job]]\ninput = "a"\noutput = "a.obj"', "job 1: The output a.obj cannot be written"),
        (f'[[job]]\n{_GOOD}person = "all"', "job 1: All people would get the same file."),
        (f"[[job]]\n{_GOOD}person = -1", "job 1: The setting person cannot be -1."),
        (f'[[job]]\n{_GOOD}map = "m.json"', "job 1: There are choices about a rig, but no rig."),
        ('[[job]]\ninput = "a"\noutput = "a.npz"\nrig = "r.blend"', "job 1: The rig is used by no output."),
        (f"[[job]]\n{_GOOD}cpus = 0", "job 1: cpus cannot be 0."),
        (f"[[job]]\n{_GOOD}settings = 1", "job 1: The settings cannot be 1."),
        (f"[[job]]\n{_GOOD}[job.settings]\nspeed = 1", "job 1: There is no setting named speed."),
        (f"[[job]]\n{_GOOD}[job.settings]\nperson = 1", "job 1: The person is no setting."),
        (f'[[job]]\n{_GOOD}rig = "r.blend"\nretarget.fly = true', "unrecognized arguments: --fly."),
        (f'[[job]]\n{_GOOD}rig = "r.blend"\nretarget.root = "head"', "invalid choice: 'head'"),
        (f'[[job]]\n{_GOOD}rig = "r.blend"\nretarget.object = "a"', "A choice of files is no option"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_jobs(_written(tmp_path, "jobs.toml", text))
    assert sentence in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("input,output\n", "jobs.csv has no jobs."),
        ("input,output\na.mp4,a.npz\nb.mp4\n", "jobs.csv, line 3: The output is missing."),
        ("input,output\na.mp4,a.npz,0.5\n", "jobs.csv, line 2 has 3 cells under 2 headings."),
        ('input,output\n"a.mp4"x,a.npz\n', "jobs.csv, line 2 is not CSV"),
        ("input,output,retarget\na.mp4,a.npz,ik\n", "jobs.csv, line 2: The retarget cannot be 'ik'."),
    ],
)
def test_what_is_wrong_in_which_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_jobs(_written(tmp_path, "jobs.csv", text))
    assert sentence in caught.value.message
    assert caught.value.advice


def test_files_that_are_no_jobs_files(tmp_path: Path) -> None:
    for name, sentence in (("jobs.txt", "is no jobs file."), ("jobs.toml", "does not exist.")):
        with pytest.raises(InvalidInput, match=sentence):
            read_jobs(tmp_path / name)
    (tmp_path / "jobs.csv").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_jobs(tmp_path / "jobs.csv")
