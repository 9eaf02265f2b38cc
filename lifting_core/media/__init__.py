"""Photos, videos and image sequences as a stream of upright RGB frames with true time stamps."""

from __future__ import annotations

from .frames import Frame, Media, MediaInfo
from .opening import open_media
from .read_ahead import ahead

__all__ = ["Frame", "Media", "MediaInfo", "ahead", "open_media"]
