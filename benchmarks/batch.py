"""A night's batch with accidents: `batch.py VIDEO [--suffix .blend]`, on Linux and macOS.

20 short clips are cut, mirrored and cropped out of the video; two of them are bad. The whole run is killed in
the middle, then one worker of the second run; then it is run once more. At last all is done anew, one clip at
a time and as many at once as the machine allows, with the peak memory of all processes together.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from numpy.typing import NDArray

_CLIPS, _FRAMES = 20, 30
_DAMAGED, _EMPTY = 6, 13  # numbers of the bad clips


def make_clips(video: Path, folder: Path) -> None:
    """Write 20 videos of a second; one is cut off, and one shows an empty room."""
    with av.open(str(video)) as container:
        pictures = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
    for number in range(_CLIPS):
        first = number * (len(pictures) - _FRAMES) // _CLIPS
        part = [_varied(picture, number) for picture in pictures[first : first + _FRAMES]]
        if number == _EMPTY:
            part = [np.full_like(picture, 110) for picture in part]
        path = folder / f"clip_{number:02}.mp4"
        _write(path, part)
        if number == _DAMAGED:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def _varied(picture: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Mirrored in every other clip, and cropped in every third."""
    turned = picture[:, ::-1] if number % 2 else picture
    return turned[24:-24, 40:-40] if number % 3 == 0 else turned


def _write(path: Path, pictures: list[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
        container.mux(stream.encode(None))


@dataclass
class Run:
    """One run of `lift-pose batch`, watched."""

    arguments: list[str]
    events: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    peak: float = 0.0
    """MB, of all its processes together, shared pages counted once each."""
    killed: bool = False
    """Whether one of its workers has been killed."""
    left_over: int = 0
    """Processes that outlived it by five seconds."""

    def watch(self, interfere: Callable[[psutil.Process, Run], None]) -> Run:
        """Run it to its end; `interfere` is called after each of its messages."""
        began = time.monotonic()
        command = [sys.executable, "-m", "lifting_core.cli", "batch", *self.arguments, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            parent = psutil.Process(child.pid)
            family = {parent}
            watching = threading.Thread(target=self._watch_memory, args=(parent, family))
            watching.start()
            assert child.stdout is not None
            for line in child.stdout:
                self.events.append(json.loads(line))
                interfere(parent, self)
        watching.join()
        self.seconds = time.monotonic() - began
        self.left_over = len(psutil.wait_procs(family, timeout=5)[1])
        return self

    def _watch_memory(self, parent: psutil.Process, family: set[psutil.Process]) -> None:
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            try:
                family.update(parent.children(recursive=True))
            except psutil.Error:
                return
            self.peak = max(self.peak, sum(_memory(process) for process in family))
            time.sleep(0.25)

    def ended(self) -> list[str]:
        """The clips that were done or failed in this run."""
        names = {task["id"]: Path(task["input"]).stem for task in self.events[0]["tasks"]}
        return [names[event["id"]] for event in self.events if event["event"] == "end"]

    def states(self) -> Counter[str]:
        return Counter(event["state"] for event in self.events if event["event"] == "end")


def _memory(process: psutil.Process) -> float:
    try:
        memory = process.memory_full_info()
        return float(getattr(memory, "pss", memory.uss)) / 1e6
    except psutil.Error:
        return 0.0


def _nothing(parent: psutil.Process, run: Run) -> None:
    """Let it run."""


def _kill_all_in_the_middle(parent: psutil.Process, run: Run) -> None:
    if len(run.ended()) == _CLIPS // 2 and run.events[-1]["event"] == "progress":
        parent.kill()


def _kill_a_worker(parent: psutil.Process, run: Run) -> None:
    if run.events[-1].get("stage") == "detection" and not run.killed:
        workers = [each for each in parent.children() if "spawn_main" in " ".join(each.cmdline())]
        workers[0].kill()
        run.killed = True


def _rows(folder: Path, jobs: str) -> Iterator[tuple[str, Run]]:
    yield "killed in the middle", Run([jobs]).watch(_kill_all_in_the_middle)
    broken = [path.name for path in (folder / "out").iterdir() if "partial" in path.name]
    print(f"half-written files after the kill: {len(broken)}")
    yield "again, a worker killed", Run([jobs]).watch(_kill_a_worker)
    yield "again", Run([jobs]).watch(_nothing)
    yield "all anew, one at a time", Run([jobs, "--again", "--jobs", "1"]).watch(_nothing)
    yield "all anew, several at once", Run([jobs, "--again"]).watch(_nothing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--suffix", action="append", help="what is made of each clip (.npz and .bvh)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "clips").mkdir()
        make_clips(options.video, folder / "clips")
        outputs = [f"out/{{name}}{suffix}" for suffix in options.suffix or (".npz", ".bvh")]
        jobs = folder / "night.toml"
        jobs.write_text(f'[[job]]\ninput = "clips"\noutput = {json.dumps(outputs)}\n')
        print(f"{'run':28}{'done':>6}{'failed':>8}{'lost':>6}{'seconds':>9}{'MB':>8}{'left':>6}")
        seen: set[str] = set()
        for title, run in _rows(folder, str(jobs)):
            states, lost = run.states(), sum(event["event"] == "lost" for event in run.events)
            print(
                f"{title:28}{states['done']:6}{states['failed']:8}{lost:6}{run.seconds:9.1f}"
                f"{run.peak:8.0f}{run.left_over:6}"
            )
            if "anew" not in title:
                print(f"  repeated: {', '.join(sorted(seen & set(run.ended()))) or 'nothing'}")
                seen |= set(run.ended())
        made = sorted(path.name for path in (folder / "out").iterdir())
        print(f"{len(made)} files of {_CLIPS - 2} good clips")


if __name__ == "__main__":
    main()
