from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.media import Frame, ahead, open_media

WriteVideo = Callable[..., Path]
NumberOf = Callable[[NDArray[np.uint8]], int]

KINDS = {
    "h264.mp4": {"codec": "libx264"},
    "h264.mov": {"codec": "libx264"},
    "h264.mkv": {"codec": "libx264"},
    "h264.avi": {"codec": "libx264"},
    "mpeg4.avi": {"codec": "mpeg4", "codec_options": {"bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "hevc.mp4": {"codec": "libx265", "codec_options": {"x265-params": "log-level=none"}},
    "vp8.webm": {"codec": "libvpx", "codec_options": {"auto-alt-ref": "1", "lag-in-frames": "16"}},
    "vp9.webm": {"codec": "libvpx-vp9", "codec_options": {"cpu-used": "8"}},
    "fragmented.mp4": {"codec": "libx264", "container_options": {"movflags": "frag_keyframe+empty_moov"}},
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory, write_video: WriteVideo) -> Callable[[str], Path]:
    """A video of 150 numbered frames at 30 frames/s of each of the KINDS, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("videos")

    def video(kind: str) -> Path:
        path = folder / kind
        return path if path.exists() else write_video(path, 150, **KINDS[kind])

    return video


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_every_frame_once(
    videos: Callable[[str], Path], number_of: NumberOf, kind: str
) -> None:
    media = open_media(videos(kind))
    frames = list(media)
    assert [frame.index for frame in frames] == list(range(150))
    assert [number_of(frame.image) for frame in frames] == list(range(150))
    tick = 0.0006 if kind.endswith(("mkv", "webm")) else 1e-9  # Matroska counts milliseconds
    assert [frame.time for frame in frames] == pytest.approx([n / 30 for n in range(150)], abs=tick)
    assert (media.info.kind, media.info.name, media.info.frames) == ("video", kind, 150)
    assert (media.info.width, media.info.height) == (160, 96)
    assert media.info.fps == pytest.approx(30)
    assert media.info.duration == pytest.approx(5)
    assert all(frame.image.flags.c_contiguous and frame.image.dtype == np.uint8 for frame in frames)


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_far_in_is_exact(
    videos: Callable[[str], Path], number_of: NumberOf, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="lifting_core.media")
    path = videos(kind)
    times = {frame.index: frame.time for frame in open_media(path)}
    for start, end, step in [(95, 99, 2), (96, 100, 1), (131, 149, 7), (149, None, 1)]:
        frames = list(open_media(path, start, end, step))
        expected = list(range(start, (149 if end is None else end) + 1, step))
        assert [frame.index for frame in frames] == expected
        assert [number_of(frame.image) for frame in frames] == expected
        assert [frame.time for frame in frames] == [times[index] for index in expected]
    assert "decoding from the start" not in caplog.text


def test_a_jump_decodes_little(
    videos: Callable[[str], Path], number_of: NumberOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = open_media(videos("h264.mp4"), start=149)
    decoded: list[int | None] = []
    from lifting_core.media import video

    original = video._decoded_while_possible

    def counting(*arguments: Any) -> Any:
        for picture in original(*arguments):
            decoded.append(picture.pts)
            yield picture

    monkeypatch.setattr(video, "_decoded_while_possible", counting)
    assert [number_of(frame.image) for frame in media] == [149]
    assert len(decoded) <= 32 + 12 + 1  # the run-up, up to the key frame before it


def test_a_video_is_read_as_often_as_asked(videos: Callable[[str], Path]) -> None:
    media = open_media(videos("h264.mp4"), end=5)
    first, second = list(media), list(media)
    assert [frame.index for frame in first] == [frame.index for frame in second] == list(range(6))
    np.testing.assert_array_equal(first[3].image, second[3].image)


@pytest.mark.parametrize(
    ("time_base", "suffix"),
    [
        (Fraction(1, 90_000), "mp4"),
        (Fraction(1, 11_988), "mov"),
        (Fraction(1001, 60_000), "mp4"),
        (Fraction(1, 1000), "mkv"),
    ],
)
@pytest.mark.parametrize("begin", [0, 777])
def test_variable_frame_rates_keep_their_times(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf, time_base: Fraction, suffix: str, begin: int
) -> None:
    gaps = np.random.default_rng(3).integers(1, 6, 139) * max(1, round(Fraction(1, 120) / time_base))
    stamps = (begin + np.concatenate([[0], np.cumsum(gaps)])).tolist()
    path = write_video(tmp_path / f"variable.{suffix}", 140, stamps=stamps, time_base=time_base)
    expected = [float((stamp - begin) * time_base) for stamp in stamps]
    media = open_media(path)
    assert [frame.time for frame in media] == pytest.approx(expected, abs=1e-6)
    assert media.info.fps == pytest.approx(139 / expected[-1], rel=0.02)
    late = list(open_media(path, start=120))
    assert [frame.time for frame in late] == pytest.approx(expected[120:], abs=1e-6)
    assert [number_of(frame.image) for frame in late] == list(range(120, 140))


@pytest.mark.parametrize("start", [0, 100])
def test_what_an_edit_list_cuts_away_is_not_there(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf, start: int
) -> None:
    path = write_video(
        tmp_path / "trimmed.mp4",
        150,
        stamps=list(range(-7, 143)),
        container_options={"avoid_negative_ts": "disabled", "use_editlist": "1"},
    )
    media = open_media(path, start)
    frames = list(media)
    assert media.info.frames == 143
    assert [frame.index for frame in frames] == list(range(start, 143))
    assert [number_of(frame.image) for frame in frames] == list(range(start + 7, 150))
    assert frames[0].time == pytest.approx(start / 30)


# Quarter turns clockwise to the matrix (a, b, c, d) of the track header (ISO/IEC 14496-12, 8.3.2).
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize("degrees", TURNS)
def test_rotation_agrees_with_opencv(tmp_path: Path, write_video: WriteVideo, degrees: int) -> None:
    path = write_video(tmp_path / "turned.mp4", 3)
    content = path.read_bytes()
    plain, turned = (
        (np.array([*values[:2], 0, *values[2:], 0, 0, 0, 1 << 14]) * (1 << 16)).astype(">i4").tobytes()
        for values in (TURNS[0], TURNS[degrees])
    )
    matrix = content.index(plain, content.index(b"tkhd"))
    path.write_bytes(content[:matrix] + turned + content[matrix + len(turned) :])

    media = open_media(path)
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    for frame in media:
        found, reference = capture.read()
        assert found
        assert frame.image.shape == reference.shape == (media.info.height, media.info.width, 3)
        assert np.abs(frame.image.astype(int) - reference[..., ::-1]).max() <= 3
    capture.release()


@pytest.mark.parametrize(
    ("pixel_format", "colorspace", "color_range", "weights"),
    [
        ("yuv444p", 1, 1, (0.2126, 0.0722)),  # BT.709
        ("yuv444p", 1, 2, (0.2126, 0.0722)),
        ("yuv444p", 5, 1, (0.299, 0.114)),  # BT.601
        ("yuv444p10le", 1, 1, (0.2126, 0.0722)),
        ("yuv444p10le", 9, 1, (0.2627, 0.0593)),  # BT.2020, as in HDR
    ],
)
def test_colours_follow_the_matrix_and_range_of_the_file(
    tmp_path: Path, pixel_format: str, colorspace: int, color_range: int, weights: tuple[float, float]
) -> None:
    path = tmp_path / "colour.mkv"
    luma, blue, red = 120, 90, 170
    bits = 10 if "10" in pixel_format else 8
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 16, 16, pixel_format
        stream.codec_context.colorspace, stream.codec_context.color_range = colorspace, color_range
        frame = av.VideoFrame(16, 16, pixel_format)
        for plane, value in zip(frame.planes, (luma, blue, red), strict=True):
            samples = np.full(plane.buffer_size * 8 // (16 if bits > 8 else 8), value << (bits - 8))
            plane.update(samples.astype(np.uint16 if bits > 8 else np.uint8).tobytes())
        frame.colorspace, frame.color_range = colorspace, color_range
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    # ITU-T H.273, 8.3 (MatrixCoefficients), solved for R, G, B.
    y = luma / 255 if color_range == 2 else (luma - 16) / 219
    cb, cr = ((value - 128) / (255 if color_range == 2 else 224) for value in (blue, red))
    weight_red, weight_blue = weights
    r, b = y + 2 * (1 - weight_red) * cr, y + 2 * (1 - weight_blue) * cb
    g = (y - weight_red * r - weight_blue * b) / (1 - weight_red - weight_blue)
    image = next(iter(open_media(path))).image
    assert image[8, 8].tolist() == pytest.approx([255 * channel for channel in (r, g, b)], abs=2)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv444p", "gray"])
def test_other_pixel_formats_come_out_as_8_bit_rgb(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf, pixel_format: str
) -> None:
    path = write_video(tmp_path / "deep.mkv", 4, codec="ffv1", pixel_format=pixel_format)
    assert [number_of(frame.image) for frame in open_media(path)] == [0, 1, 2, 3]


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path, write_video: WriteVideo) -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    media = open_media(write_video(tmp_path / "camcorder.mp4", 2, prepare=prepare))
    assert (media.info.width, media.info.height) == (213, 96)
    assert [frame.image.shape for frame in media] == [(96, 213, 3)] * 2


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7680, 4320)])
def test_tiny_and_8k_videos(tmp_path: Path, write_video: WriteVideo, width: int, height: int) -> None:
    picture = np.full((height, width, 3), 128, np.uint8)
    path = write_video(tmp_path / "size.avi", pictures=[picture], codec="mjpeg", pixel_format="yuvj444p")
    assert [frame.image.shape for frame in open_media(path)] == [(height, width, 3)]


@pytest.mark.parametrize("kind", ["h264.mp4", "h264.mkv", "mpeg4.avi", "vp9.webm", "fragmented.mp4"])
def test_a_truncated_video_is_used_up_to_the_damage(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    options: dict[str, Any] = {"container_options": {"movflags": "faststart"} if kind == "h264.mp4" else {}}
    path = write_video(tmp_path / kind, 150, **{**options, **KINDS[kind]})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    frames = list(open_media(path))
    assert 20 < len(frames) < 150
    assert [number_of(frame.image) for frame in frames] == list(range(len(frames)))
    assert f"{kind} is damaged or cut off after frame {len(frames) - 1}" in caplog.text


def test_a_range_in_the_missing_part_is_refused(tmp_path: Path, write_video: WriteVideo) -> None:
    path = write_video(tmp_path / "cut.mp4", 150, container_options={"movflags": "faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidInput, match=r"cut.mp4 is damaged or cut off before frame 140"):
        list(open_media(path, start=140))


def test_damage_in_the_middle_ends_the_video_there(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_video(tmp_path / "scratched.mp4", 150)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    frames = list(open_media(path))
    assert 10 < len(frames) < 150
    assert [number_of(frame.image) for frame in frames] == list(range(len(frames)))
    assert "scratched.mp4 is damaged or cut off after frame" in caplog.text


def test_an_intact_video_warns_of_nothing(
    tmp_path: Path, write_video: WriteVideo, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(list(open_media(write_video(tmp_path / "clip.mp4", 12)))) == 12
    assert len(list(open_media(tmp_path / "clip.mp4", start=3, end=5))) == 3
    assert caplog.records == []


def test_a_video_without_its_index_is_refused(tmp_path: Path, write_video: WriteVideo) -> None:
    path = write_video(tmp_path / "cut.mp4", 30)
    path.write_bytes(path.read_bytes()[:-800])  # the index stands at the end
    with pytest.raises(InvalidInput, match=r"cut.mp4 is a damaged or incomplete video"):
        open_media(path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with av.open(tmp_path / "song.mp4", "w") as container:
        stream: Any = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InvalidInput, match=r"song.mp4 holds no moving pictures, only sound"):
        open_media(tmp_path / "song.mp4")


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_a_video_of_no_frames_is_refused(tmp_path: Path, write_video: WriteVideo, suffix: str) -> None:
    path = tmp_path / f"nothing.{suffix}"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(InvalidInput, match=r"nothing"):
        open_media(path)


# The larger of the two FFmpeg itself refuses to decode.
@pytest.mark.parametrize(
    ("side", "complaint"), [(15_000, "is too large"), (60_000, "no frame that can be decoded")]
)
def test_an_absurd_size_is_refused(
    tmp_path: Path, write_video: WriteVideo, side: int, complaint: str
) -> None:
    path = write_video(tmp_path / "huge.avi", 2, codec="rawvideo", pixel_format="bgr24")
    content = bytearray(path.read_bytes())
    header = content.index(b"strf") + 8  # BITMAPINFOHEADER
    content[header + 4 : header + 12] = np.array([side, side], "<i4").tobytes()
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=rf"huge.avi .*{complaint}"):
        open_media(path)


def test_a_range_outside_the_clip_is_refused(videos: Callable[[str], Path]) -> None:
    for kind in ("h264.mp4", "vp9.webm"):  # one tells its number of frames, one does not
        with pytest.raises(InvalidInput, match=rf"Frame 150 is outside {kind}, which has 150 frames"):
            open_media(videos(kind), end=150)


def test_a_long_video_holds_few_frames_and_leaves_no_thread(
    tmp_path: Path, write_video: WriteVideo, number_of: NumberOf
) -> None:
    path = write_video(tmp_path / "long.mp4", 1000, codec_options={"preset": "ultrafast"})
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0
    for number, frame in enumerate(ahead(open_media(path), depth=4)):
        alive.add(frame)
        most = max(most, len(alive))
        assert number_of(frame.image) == number
        if number == 900:
            break
    del frame
    assert most <= 4 + 2
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


@pytest.mark.parametrize("name", ["sports2d_walk.mp4", "pose2sim/cam01.mp4"])
def test_real_videos_agree_with_opencv(shared_folder: Path, name: str) -> None:
    path = shared_folder / "media" / name
    capture = cv2.VideoCapture(str(path))
    media = open_media(path, end=20)
    assert media.info.frames == int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    for frame in media:
        found, reference = capture.read()
        assert found
        assert (
            np.abs(frame.image.astype(int) - reference[..., ::-1]).mean() < 6
        )  # OpenCV takes BT.601 for all
    capture.release()
