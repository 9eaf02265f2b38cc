"""What can go wrong, in words a user can act on."""

from __future__ import annotations


class LiftPoseError(Exception):
    """A failure with one clear sentence (`message`) and what the user can do about it (`advice`)."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class InvalidInput(LiftPoseError):
    """The request itself cannot be met: a missing file, a damaged file, an armature that lacks bones."""
