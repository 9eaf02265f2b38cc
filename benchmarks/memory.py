"""Peak memory of lifting 300 and 6,000 frames of the same content: `memory.py VIDEO`, on Linux.

150 frames of the video, forwards and backwards, are shown once and 20 times; each in a process of its own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

_LIFT = """
import re, sys
from pathlib import Path
from lifting_core.pipeline import lift
lift(sys.argv[1])
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def there_and_back(video: str) -> Iterator[av.VideoFrame]:
    """The first 150 frames of the video, small, forwards and backwards without end and without a leap."""
    with av.open(video) as container:
        pictures = itertools.islice(container.decode(video=0), 150)
        frames = [picture.reformat(640, 360, "yuv420p") for picture in pictures]
    return itertools.cycle([*frames, *reversed(frames)])


def write_repeated(video: str, path: Path, frames: int) -> None:
    """Write a video of so many frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for index, frame in enumerate(itertools.islice(there_and_back(video), frames)):
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def peak_memory(path: Path) -> float:
    """Megabytes that a fresh process needed to lift the video, at most."""
    done = subprocess.run(
        [sys.executable, "-c", _LIFT, str(path)], check=True, stdout=subprocess.PIPE, text=True
    )
    return round(int(done.stdout) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    options = parser.parse_args()
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for frames in (300, 6000):
            path = Path(folder) / f"{frames}.mp4"
            write_repeated(options.video, path, frames)
            peaks[frames] = peak_memory(path)
    short, long = peaks.values()
    print(json.dumps({"peak_megabytes": peaks, "difference": round(long - short, 1)}))


if __name__ == "__main__":
    main()
