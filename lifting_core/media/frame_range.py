"""Which frames of a source are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from lifting_core.errors import InvalidInput


@dataclass(frozen=True)
class FrameRange:
    """Every `step`-th frame from `start` to `end`, both included; to the last frame where `end` is None."""

    start: int = 0
    end: int | None = None
    step: int = 1

    def __post_init__(self) -> None:
        if self.start < 0 or (self.end is not None and self.end < self.start):
            raise InvalidInput(
                f"The range from frame {self.start} to frame {self.end} holds nothing.",
                "Frames are numbered from 0, and the end must not lie before the start.",
            )
        if self.step < 1:
            raise InvalidInput(f"A step of {self.step} frames leads nowhere.", "Use a step of 1 or more.")

    def __contains__(self, index: int) -> bool:
        within = index >= self.start and (self.end is None or index <= self.end)
        return within and (index - self.start) % self.step == 0

    def ends_at(self, index: int) -> bool:
        """Whether nothing after frame `index` is wanted."""
        return self.end is not None and index >= self.end

    def check_within(self, name: str, frames: int) -> None:
        """Raise `InvalidInput` where the range reaches beyond a source of that many `frames`."""
        last = self.start if self.end is None else self.end
        if last >= frames:
            raise InvalidInput(
                f"Frame {last} is outside {name}, which has {frames} frame{'s' if frames != 1 else ''}.",
                f"Choose a range within 0 to {frames - 1}.",
            )
