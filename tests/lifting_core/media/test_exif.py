from __future__ import annotations

import math
from fractions import Fraction

import pytest
from PIL import ExifTags, Image

from lifting_core.media.exif import focal_length_in_pixels

Tags = ExifTags.Base


def _exif(**tags: object) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update({Tags[name].value: value for name, value in tags.items()})
    return exif


def test_a_35_mm_equivalent_keeps_the_diagonal_angle_of_view() -> None:
    # A phone's main camera: 26 mm equivalent, 4:3. Full frame has a diagonal of 43.27 mm.
    focal_length = focal_length_in_pixels(_exif(FocalLengthIn35mmFilm=26), 4032, 3024)
    assert focal_length is not None
    angle = 2 * math.degrees(math.atan(math.hypot(4032, 3024) / 2 / focal_length))
    assert angle == pytest.approx(79.5, abs=0.1)  # lens makers' tables give 79.5 degrees for 26 mm


@pytest.mark.parametrize(("unit", "resolution"), [(2, 6000 / (36 / 25.4)), (3, 6000 / 3.6), (4, 6000 / 36)])
def test_focal_length_and_pixel_pitch_tell_in_every_unit(unit: int, resolution: float) -> None:
    # A full-frame camera, 36 mm and 6000 pixels wide, with a 50 mm lens.
    exif = _exif(
        FocalLength=50.0, FocalPlaneXResolution=resolution, FocalPlaneResolutionUnit=unit, ExifImageWidth=6000
    )
    assert focal_length_in_pixels(exif, 6000, 4000) == pytest.approx(50 / 36 * 6000)
    assert focal_length_in_pixels(exif, 1500, 1000) == pytest.approx(50 / 36 * 1500)  # a scaled copy


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"FocalLengthIn35mmFilm": 0},
        {"FocalLength": 50.0},
        {"FocalLength": 50.0, "FocalPlaneXResolution": 0},
        {"FocalLength": "about fifty", "FocalPlaneXResolution": 100.0},
        {"FocalLength": 50.0, "FocalPlaneXResolution": 100.0, "FocalPlaneResolutionUnit": 1},
        {"FocalLength": math.nan, "FocalPlaneXResolution": 100.0},
        {"FocalLength": -Fraction(3), "FocalPlaneXResolution": 100.0},
    ],
)
def test_what_exif_leaves_open_stays_open(tags: dict[str, object]) -> None:
    assert focal_length_in_pixels(_exif(**tags), 600, 400) is None
