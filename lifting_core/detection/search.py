"""Where to look for newcomers, and when: a look costs about half as much as following one person."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from lifting_core.detection.windows import Window, search_windows

_SMALLEST_PERSON = 0.2
"""Share of the picture's height: who is at least this tall is found."""

_SMALLEST_IN_WINDOW = 0.37
"""Share of a window's side. MediaPipe's detector finds everybody from 0.35 on, 98% at 0.3, 81% at 0.25."""

_INTERVAL = 8
"""Frames between two looks at what has changed while somebody is followed."""

_REVIEW_INTERVAL = 24
"""Frames between two looks anywhere, changed or not."""

_ALERT = 45
"""Frames with more looks after somebody has been lost: who was hidden by others mostly comes back."""

_SAMPLES = 96
"""Points along the longer side of the picture at which changes are noticed."""

_CHANGE = 20
"""Difference of a colour value, from 0 to 255, that is no noise."""

_CHANGED_SAMPLES = 6
"""Points that a newcomer changes at least: a person of the smallest size covers about 40."""


@dataclass(frozen=True)
class Look:
    """A window to search for newcomers."""

    window: Window
    hide_known: bool
    """Whether to paint over who is followed already: nobody is found beside somebody much larger."""


class SearchPlan:
    """Gives the windows to search in each frame of a clip whose pictures have one size.

    While nobody is followed every frame gets a look, after somebody has been lost every other frame does;
    otherwise there is one now and then, mostly where the picture has changed.
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        self._image_size = image_size
        smallest = _SMALLEST_PERSON * image_size[1] / _SMALLEST_IN_WINDOW
        smallest = max(smallest, image_size[0] / 8)  # not hundreds of tiles in a panorama
        self._whole, *tiles = self.windows = search_windows(image_size, smallest)
        self._tiles = tiles or [self._whole]
        self._turns = cycle(self._tiles)
        self._reviews = cycle(
            [Look(w, w != self._whole) for tile in self._tiles for w in (self._whole, tile)]
        )
        self._changes = _Changes(image_size)
        self._lost: deque[Look] = deque(maxlen=6)
        self._alert = 0
        self._frame = 0

    def lost(self, window: Window) -> None:
        """Tell where somebody was lost: they are looked for there and in twice the surroundings."""
        around = window.doubled(self._image_size)
        self._lost += [Look(window, True), Look(window, False), Look(around, True)]
        self._alert = _ALERT

    def next(self, image: NDArray[np.uint8], followed: Sequence[Window]) -> Look | None:
        """The look that the next frame gets; `followed` are the windows of those who are followed."""
        self._changes.see(image, followed)
        self._frame += 1
        self._alert -= 1
        if not followed:
            return Look(self._whole, False) if self._frame % 2 else Look(self._tile(), False)
        if self._alert > 0:
            if self._frame % 2:
                return None
            if self._frame % 6 == 0:
                return Look(self._tile(), True)
            self._lost.rotate()
            return self._lost[0]
        self._lost.clear()
        if self._frame % _REVIEW_INTERVAL == 0:
            return next(self._reviews)
        changed = self._changes.most(self._tiles) if self._frame % _INTERVAL == 0 else None
        return Look(changed, True) if changed else None

    def _tile(self) -> Window:
        return self._changes.most(self._tiles) or next(self._turns)


class _Changes:
    """Where the picture differs from what it was when that place was last looked at."""

    def __init__(self, image_size: tuple[int, int]) -> None:
        self._step = max(max(image_size) // _SAMPLES, 1)
        self._now: NDArray[np.int16] = np.zeros((0, 0), np.int16)
        self._known = self._now

    def see(self, image: NDArray[np.uint8], looked_at: Sequence[Window]) -> None:
        """Show the next picture, and where everything is known already."""
        self._now = image[:: self._step, :: self._step, 1].astype(np.int16)
        if not self._known.size:
            self._known = self._now.copy()
        for window in looked_at:
            self._settle(window)

    def most(self, windows: Sequence[Window]) -> Window | None:
        """The window with the most changes for its size, which from now on counts as looked at."""
        changed = np.abs(self._now - self._known) > _CHANGE
        counts = [int(changed[self._samples(window)].sum()) for window in windows]
        best = max(range(len(windows)), key=lambda i: counts[i] / windows[i].width)
        if counts[best] < _CHANGED_SAMPLES:
            return None
        self._settle(windows[best])
        return windows[best]

    def _settle(self, window: Window) -> None:
        samples = self._samples(window)
        self._known[samples] = self._now[samples]

    def _samples(self, window: Window) -> tuple[slice, slice]:
        rows = slice(window.top // self._step, (window.top + window.height - 1) // self._step + 1)
        columns = slice(window.left // self._step, (window.left + window.width - 1) // self._step + 1)
        return rows, columns
