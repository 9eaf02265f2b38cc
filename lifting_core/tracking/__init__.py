"""Who is who: from the people of single frames to one track a person, and to the one to lift."""

from lifting_core.tracking.choice import choose, in_order
from lifting_core.tracking.tracks import Track, Tracker, track

__all__ = ["Track", "Tracker", "choose", "in_order", "track"]
