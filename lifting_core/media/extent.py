"""How long a video is, and when its frames are shown, without decoding it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_FRAME_RATE = 24.0  # of a video of one frame that states none
_SAME_RATE = 0.01  # relative; Matroska rounds times to milliseconds, which blurs a rate that the header tells
_MATROSKA_DURATION = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Extent:
    """How long a video is."""

    frames: int
    fps: float
    """Average frames a second."""
    duration: float
    """Seconds."""
    promised: float | None
    """Seconds that the file's header tells; more than `duration` where the file is cut off."""


def measure(container: InputContainer, stream: VideoStream) -> Extent:
    """The extent as the container's header tells, or counted from all packets where it does not.

    MP4 counts the frames that an edit list cuts away, too: there the header is believed only if its number of
    frames agrees with its duration.
    """
    promised = _promised_duration(container, stream)
    rate = float(stream.average_rate or 0)
    if stream.frames and rate:
        duration = stream.frames / rate
        is_edited = "mp4" in container.format.name and abs(duration - (promised or 0)) * rate > 1.5
        if not is_edited:
            return Extent(stream.frames, rate, duration, promised)
    stamps = list(shown_stamps(container, stream))
    known = [stamp for stamp in stamps if stamp is not None]
    span = float((max(known) - min(known)) * stream.time_base) if known and stream.time_base else 0.0
    counted = (len(stamps) - 1) / span if span > 0 else rate or _FRAME_RATE
    fps = rate if abs(rate - counted) < _SAME_RATE * counted else counted
    return Extent(len(stamps), fps, len(stamps) / fps, promised)


def shown_stamps(container: InputContainer, stream: VideoStream) -> Iterator[int | None]:
    """Presentation times of the frames in `stream.time_base`, in the order stored, up to the first damage.

    Left out is what is never shown: what an edit list cuts away, and VP8's alternate references.
    """
    hides_frames = stream.codec_context.name == "vp8"
    with suppress(av.FFmpegError):
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard and not (hides_frames and _vp8_is_hidden(packet)):
                yield packet.pts


def has_true_stamps(container: InputContainer, stream: VideoStream) -> bool:
    """Whether frames carry presentation times.

    AVI stores none, its frames are evenly spaced. FFmpeg passes on the order of decoding, which is another
    one where frames are reordered and no parser knows.
    """
    return not (container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc"))


def _promised_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds of the picture stream; of the whole file, where sound may be longer, only if it is alone."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if tag := _MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", "")):
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _vp8_is_hidden(packet: av.Packet[VideoStream]) -> bool:
    """The show_frame bit of the frame header, unset (RFC 6386, section 9.1)."""
    return not memoryview(packet)[0] >> 4 & 1
