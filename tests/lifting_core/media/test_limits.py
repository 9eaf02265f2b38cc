from __future__ import annotations

import pytest

from lifting_core.errors import InvalidInput
from lifting_core.media.limits import MAX_PIXELS, check_size


def test_8k_passes_and_a_bomb_does_not() -> None:
    check_size("wall.png", 7680, 4320)
    check_size("dot.png", 1, 1)
    check_size("line.png", MAX_PIXELS, 1)
    with pytest.raises(InvalidInput, match=r"bomb.png is too large to read: it has more than 178 megapixels"):
        check_size("bomb.png", MAX_PIXELS + 1, 1)
