"""One picture file as upright RGB pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lifting_core.errors import InvalidInput
from lifting_core.media.exif import focal_length_in_pixels
from lifting_core.media.limits import check_size, too_large

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
_BROKEN_FILE = (OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, struct.error)  # by Pillow


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture."""

    image: NDArray[np.uint8]
    """(height, width, 3) RGB, upright."""
    focal_length: float | None
    """Pixels, where EXIF tells."""


def read_photo(path: Path) -> Photo:
    """Decode the picture at `path`; of several pages the first. Raises `InvalidInput` where it is broken."""
    with open_image(path) as image:
        image.load()
        focal_length = focal_length_in_pixels(image.getexif(), image.width, image.height)
        return Photo(upright_rgb(image), focal_length)


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Pillow's image at `path`, not yet decoded; what goes wrong meanwhile becomes `InvalidInput`."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            check_size(path.name, image.width, image.height)
            yield image
    except Image.DecompressionBombError as error:
        raise too_large(path.name) from error
    except _BROKEN_FILE as error:
        raise InvalidInput(
            f"{path.name} is damaged or cut off: it cannot be decoded.", "Copy or export the picture again."
        ) from error


def upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """(height, width, 3) RGB: EXIF orientation applied, 16 bit scaled to 8, transparency laid over white."""
    image = _eight_bit(ImageOps.exif_transpose(image))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.array(image.convert("RGB"))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 bit scaled to 8: Pillow would cut them off at 255. It scales colours itself."""
    if image.mode not in ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        return image
    grey = np.asarray(image)
    if grey.dtype.kind == "f" or grey.min() < 0 or grey.max() > 0xFFFF:
        raise InvalidInput(
            "The picture has 32 bits a pixel, whose range nobody can know.", "Save it with 8 or 16 bits."
        )
    return Image.fromarray(np.rint(grey / np.float32(257)).astype(np.uint8))
