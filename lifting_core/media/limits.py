"""Sizes above which a picture is refused before memory is taken for it."""

from __future__ import annotations

from lifting_core.errors import InvalidInput

# Pillow's own bound against decompression bombs; five times the pixels of 8K video.
MAX_PIXELS = 178_956_970


def check_size(name: str, width: int, height: int) -> None:
    """Raise `InvalidInput` where a picture of `width` x `height` pixels has more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise too_large(name)


def too_large(name: str) -> InvalidInput:
    """What to tell about a picture of more than `MAX_PIXELS`."""
    return InvalidInput(
        f"{name} is too large to read: it has more than {MAX_PIXELS // 1_000_000} megapixels.",
        "Scale it down first.",
    )
