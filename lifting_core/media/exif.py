"""The focal length that a camera wrote beside the picture."""

from __future__ import annotations

import math

from PIL import ExifTags, Image

_FULL_FRAME_DIAGONAL = math.hypot(36.0, 24.0)  # mm
_MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # of FocalPlaneResolutionUnit


def focal_length_in_pixels(exif: Image.Exif, width: int, height: int) -> float | None:
    """Focal length in pixels of a picture of `width` x `height` pixels as stored, None where EXIF is silent.

    The tags are those of CIPA DC-008 (Exif 2.32), section 4.6.5. A 35 mm equivalent is taken to keep the
    diagonal angle of view (CIPA DCG-001). Without it, focal length and pixel pitch of the sensor tell;
    they hold for the picture as taken (PixelXDimension) and shrink with a scaled copy.
    """
    tags = exif.get_ifd(ExifTags.IFD.Exif)
    equivalent = _positive(tags.get(ExifTags.Base.FocalLengthIn35mmFilm))
    if equivalent:
        return equivalent * math.hypot(width, height) / _FULL_FRAME_DIAGONAL
    length = _positive(tags.get(ExifTags.Base.FocalLength))
    resolution = _positive(tags.get(ExifTags.Base.FocalPlaneXResolution))
    unit = _MILLIMETRES_PER_UNIT.get(tags.get(ExifTags.Base.FocalPlaneResolutionUnit, 2))
    if not (length and resolution and unit):
        return None
    width_as_taken = _positive(tags.get(ExifTags.Base.ExifImageWidth)) or width
    return length * resolution / unit * width / width_as_taken


def _positive(value: object) -> float | None:
    """EXIF's way to say "unknown" is a zero, or a fraction with a zero below."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None
