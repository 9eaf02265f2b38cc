"""Videos, decoded by FFmpeg through PyAV."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.buffer import Buffer
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from lifting_core.errors import InvalidInput
from lifting_core.media.extent import has_true_stamps, measure, shown_stamps
from lifting_core.media.frame_range import FrameRange
from lifting_core.media.frames import Frame, MediaInfo
from lifting_core.media.limits import check_size
from lifting_core.media.orientation import Orientation

_log = logging.getLogger(__name__)

# Local files of these kinds only: a play list could name other files, or fetch from the network.
_CONTAINER_OPTIONS = {
    "format_whitelist": "mov,mp4,avi,matroska,webm,flv,ogg,asf,mpeg,mpegts",
    "protocol_whitelist": "file",
}
_ADVICE = "Record or copy the video again."
_SEEK_FROM = 96  # frames; below it, decoding from the start is as quick
_RUN_UP = 32  # frames decoded before the first one wanted, so that it stands on intact ones
_REORDERED = 64  # frames stored later that might be shown earlier, more than any codec reorders
_ENDS_EARLY = 0.5  # seconds missing at the end that are worth a warning


class Video:
    """`Media` of a video file: upright frames of square pixels at the times they are shown.

    The first frame is shown at 0 s. Damage ends the video: the frames before it are used, with a warning.
    """

    def __init__(self, path: Path, chosen: FrameRange) -> None:
        with _open(path) as container:
            stream = _picture_stream(container, path)
            first = next(_decoded(container, stream), None)
            if first is None:
                raise InvalidInput(f"{path.name} holds no frame that can be decoded.", _ADVICE)
            self._has_true_stamps = has_true_stamps(container, stream)
            self._time_base = stream.time_base or Fraction(1, av.time_base)
            self._stored_size = _square_pixels(stream, first, path.name)
        with _open(path) as container:
            extent = measure(container, _picture_stream(container, path))
        chosen.check_within(path.name, extent.frames)
        self._path = path
        self._chosen = chosen
        self._extent = extent
        self._first_stamp = first.pts
        self._orientation = _orientation(first)
        width, height = self._orientation.size(*self._stored_size)
        self.info = MediaInfo(
            kind="video",
            name=path.name,
            width=width,
            height=height,
            fps=extent.fps,
            frames=extent.frames,
            duration=extent.duration,
            focal_length=None,
        )

    def __iter__(self) -> Iterator[Frame]:
        index, time = -1, -1.0
        for index, picture in self._numbered():
            time = self._time(index, picture, after=time)
            if index in self._chosen:
                yield Frame(index=index, time=time, image=self._image(picture))
            if self._chosen.ends_at(index):
                return
        self._check_ending(index, time)

    def _numbered(self) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their numbers, from the start of the range or from frame 0."""
        if self._chosen.start >= _SEEK_FROM and self._has_true_stamps:
            with _open(self._path) as container:
                pictures = self._sought(container, _picture_stream(container, self._path))
                if pictures is not None:
                    yield from enumerate(pictures, self._chosen.start)
                    return
            _log.debug("%s does not tell where its frames are: decoding from the start", self._path.name)
        with _open(self._path) as container:
            yield from enumerate(_decoded(container, _picture_stream(container, self._path)))

    def _sought(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame] | None:
        """Frames from the start of the range on, by a jump to a key frame; None where that is not certain.

        Frame n of the video is the one with the n-th time stamp in order, so the stamps of the packets up to
        there must be known and distinct, and the first frame must be the one that decodes first.
        """
        start = self._chosen.start
        stored = list(islice(shown_stamps(container, stream), start + _REORDERED))
        stamps = sorted({stamp for stamp in stored if stamp is not None})
        if len(stamps) < len(stored) or start >= len(stamps) or stamps[0] != self._first_stamp:
            return None
        with suppress(av.FFmpegError):
            container.seek(stamps[start - _RUN_UP], stream=stream)
            pictures = _decoded(container, stream)
            for picture in pictures:
                if picture.pts is None or picture.pts >= stamps[start]:
                    return chain([picture], pictures) if picture.pts == stamps[start] else None
        return None

    def _time(self, index: int, picture: VideoFrame, after: float) -> float:
        """Seconds from the first frame; where the file tells no time later than `after`, evenly spaced."""
        if not self._has_true_stamps or picture.pts is None or self._first_stamp is None:
            return index / self._extent.fps
        time = float((picture.pts - self._first_stamp) * self._time_base)
        return time if time > after else after + 1 / self._extent.fps

    def _image(self, picture: VideoFrame) -> NDArray[np.uint8]:
        width, height = self._stored_size
        stored = picture.to_ndarray(format="rgb24", width=width, height=height)
        return self._orientation.apply(stored.astype(np.uint8, copy=False))

    def _check_ending(self, last: int, time: float) -> None:
        """Warn where frame `last`, shown at `time`, is not the end that the file promises.

        Raises `InvalidInput` where the range begins after it.
        """
        if last < self._chosen.start:
            raise InvalidInput(
                f"{self._path.name} is damaged or cut off before frame {self._chosen.start}.",
                f"Choose a range within 0 to {last}, or record or copy the video again.",
            )
        missing = (self._extent.promised or 0) - time - 1 / self._extent.fps
        if last + 1 < self._extent.frames or missing > _ENDS_EARLY:
            _log.warning(
                "%s is damaged or cut off after frame %d, at %.2f s; the frames up to there are used.",
                self._path.name,
                last,
                time,
            )


def _open(path: Path) -> InputContainer:
    try:
        return av.open(str(path.absolute()), container_options=_CONTAINER_OPTIONS, metadata_errors="replace")
    except av.FFmpegError as error:
        raise InvalidInput(
            f"{path.name} is a damaged or incomplete video: {error.strerror}.", _ADVICE
        ) from error


def _picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures, of a size that can be decoded."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:  # the cover of a song
            continue
        if stream.codec_context is None:
            raise InvalidInput(f"{path.name} is damaged, or coded in an unknown way.", _ADVICE)
        check_size(path.name, stream.width, stream.height)
        stream.thread_type = "AUTO"
        return stream
    if container.streams.audio:
        raise InvalidInput(f"{path.name} holds no moving pictures, only sound.", "Choose a video.")
    raise InvalidInput(f"{path.name} is a damaged or incomplete video: it lacks its pictures.", _ADVICE)


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The frames in the order they are shown, up to the first damage."""
    return takewhile(lambda picture: not picture.is_corrupt, _decoded_while_possible(container, stream))


def _decoded_while_possible(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    try:
        for packet in container.demux(stream):
            if packet.is_corrupt:
                if container.format.name != "avi":  # whose times are guesses there
                    yield from _held_back(stream, before=packet.pts)
                return
            yield from stream.decode(packet)
    except av.FFmpegError as error:
        _log.debug("decoding ended early: %s", error)


def _held_back(stream: VideoStream, before: int | None) -> Iterator[VideoFrame]:
    """The frames that the decoder still holds, up to the time of one that is missing."""
    for picture in stream.decode(None):
        if before is None or picture.pts is None or picture.pts >= before:
            return
        yield picture


def _square_pixels(stream: VideoStream, picture: VideoFrame, name: str) -> tuple[int, int]:
    """Width and height of the stored picture, widened or narrowed where its pixels are not square."""
    aspect = stream.sample_aspect_ratio or 1
    width = max(1, round(picture.width * aspect))
    check_size(name, width, picture.height)
    return width, picture.height


def _orientation(picture: VideoFrame) -> Orientation:
    side_data = cast("Mapping[str, Buffer]", picture.side_data)  # PyAV's own annotation is too narrow
    matrix = side_data.get("DISPLAYMATRIX")
    return Orientation() if matrix is None else Orientation.from_display_matrix(bytes(matrix))
