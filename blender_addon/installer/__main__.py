"""The installer process."""

from __future__ import annotations

import sys

from .conversation import converse

# Unbuffered: a thread waits in a read when the process ends, and must not hold a buffer's lock then.
sys.exit(converse(sys.stdin.buffer.raw, sys.stdout.buffer))
