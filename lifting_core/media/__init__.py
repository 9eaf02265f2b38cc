"""Photos, videos and image sequences as a stream of upright RGB frames with true time stamps."""

from __future__ import annotations

from lifting_core.media.frames import Frame, Media, MediaInfo
from lifting_core.media.opening import open_media
from lifting_core.media.read_ahead import ahead

__all__ = ["Frame", "Media", "MediaInfo", "ahead", "open_media"]
