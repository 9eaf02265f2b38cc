"""Videos made for the tests: frame n shows its own number, in bars that survive any encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

WIDTH, HEIGHT, BITS = 160, 96, 10

Image = NDArray[np.uint8]


def _numbered(number: int) -> Image:
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    bars = np.repeat(np.array(bits) * 180 + 32, WIDTH // BITS)[None, :, None]
    # Noise, so that frames take some bytes.
    noise = np.random.default_rng(number).integers(0, 32, (HEIGHT, WIDTH, 3))
    return (bars + noise).astype(np.uint8)


@pytest.fixture(scope="session")
def number_of() -> Callable[[Image], int]:
    """The number that a frame of `write_video` shows."""

    def read(image: Image) -> int:
        bits = image.reshape(HEIGHT, BITS, WIDTH // BITS, 3).mean(axis=(0, 2, 3)) > 127
        return int(sum(1 << bit for bit in np.flatnonzero(bits)))

    return read


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """Writes a video of the given pictures, or of `count` numbered ones, with time stamps in `time_base`."""

    def write(
        path: Path,
        count: int = 10,
        *,
        pictures: Iterable[Image] | None = None,
        stamps: Sequence[int] | None = None,
        time_base: Fraction = Fraction(1, 30),
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        codec_options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        prepare: Callable[[Any], None] = lambda stream: None,
    ) -> Path:
        with av.open(path, "w", options=container_options or {}) as container:
            stream: Any = container.add_stream(codec, rate=30, options=codec_options or {})
            stream.codec_context.time_base = time_base
            stream.gop_size = 12
            for index, picture in enumerate(pictures or map(_numbered, range(count))):
                if index == 0:
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = pixel_format
                    prepare(stream)
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts = stamps[index] if stamps else index
                frame.time_base = time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
