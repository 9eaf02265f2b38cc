from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from lifting_core.errors import InvalidInput
from lifting_core.media.limits import MAX_PIXELS
from lifting_core.media.photo import read_photo

UPRIGHT = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
# What a camera stores for an upright picture, by EXIF orientation (Exif 2.32, 4.6.4, tag 274).
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(np.ascontiguousarray(STORED[orientation])).save(path, exif=exif, lossless=True)
    np.testing.assert_array_equal(read_photo(path).image, UPRIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_agrees_with_opencv(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.ascontiguousarray(STORED[orientation])).save(
        path, exif=exif, quality=95, subsampling=0
    )
    reference = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.abs(read_photo(path).image.astype(int) - reference).max() <= 2


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[0, :, 3] = 0, 51, 255
    Image.fromarray(rgba).save(tmp_path / "cut_out.png")
    expected = [[255, 255, 255], [244, 204, 204], [200, 0, 0]]  # 255 + (colour - 255) * alpha / 255
    np.testing.assert_array_equal(read_photo(tmp_path / "cut_out.png").image[0], expected)


def test_a_transparent_palette_is_laid_over_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "palette.png", transparency=0)
    assert read_photo(tmp_path / "palette.png").image.tolist() == [[[255, 255, 255], [40, 50, 60]]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled(tmp_path: Path, suffix: str) -> None:
    grey = np.arange(0, 65536, 17, dtype=np.uint16).reshape(16, -1)
    cv2.imwrite(str(tmp_path / f"grey.{suffix}"), grey)
    image = read_photo(tmp_path / f"grey.{suffix}").image
    np.testing.assert_array_equal(image, np.rint(grey / 257.0).astype(np.uint8)[..., None].repeat(3, axis=2))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_colour_is_scaled(tmp_path: Path, suffix: str) -> None:
    rgb = np.random.default_rng(1).integers(0, 65536, (6, 5, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / f"colour.{suffix}"), rgb[..., ::-1])
    image = read_photo(tmp_path / f"colour.{suffix}").image
    assert np.abs(image - rgb / 257.0).max() <= 1


def test_grey_and_cmyk_become_rgb(tmp_path: Path) -> None:
    Image.new("L", (4, 3), 77).save(tmp_path / "grey.jpg")
    Image.new("1", (4, 3), 1).save(tmp_path / "bits.png")
    Image.new("CMYK", (4, 3), (0, 0, 0, 0)).save(tmp_path / "print.jpg")
    assert np.abs(read_photo(tmp_path / "grey.jpg").image.astype(int) - 77).max() <= 1
    assert (read_photo(tmp_path / "bits.png").image == 255).all()
    assert (read_photo(tmp_path / "print.jpg").image >= 254).all()


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((3, 3), np.float32)).save(tmp_path / "depth.tif")
    with pytest.raises(InvalidInput, match=r"32 bits.*8 or 16 bits"):
        read_photo(tmp_path / "depth.tif")


def test_the_focal_length_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 26
    Image.new("RGB", (400, 300)).save(tmp_path / "portrait.jpg", exif=exif)
    photo = read_photo(tmp_path / "portrait.jpg")
    assert photo.image.shape == (400, 300, 3)
    assert photo.focal_length == pytest.approx(26 / 43.2666 * 500, rel=1e-5)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    assert path.stat().st_size < 100_000 < MAX_PIXELS
    with pytest.raises(InvalidInput, match=r"bomb.png is too large"):
        read_photo(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), suffix=st.sampled_from(["jpg", "png", "webp", "tif", "gif", "bmp"]))
def test_a_damaged_file_is_decoded_or_refused_in_words(
    tmp_path: Path, data: st.DataObject, suffix: str
) -> None:
    path = tmp_path / f"photo.{suffix}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(UPRIGHT.repeat(8, 0).repeat(8, 1)).save(path, exif=exif)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with suppress(InvalidInput):
        image = read_photo(path).image
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
