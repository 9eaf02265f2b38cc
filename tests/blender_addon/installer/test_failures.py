from __future__ import annotations

import pytest

from blender_addon.installer.failures import explained


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("error: failed to write: No space left on device (os error 28)", "disk is full"),
        ("OSError: [Errno 122] Disk quota exceeded", "disk is full"),
        ("  Caused by: dns error: failed to lookup address information", "cannot be reached"),
        ("NewConnectionError: Failed to establish a new connection: [Errno 111]", "cannot be reached"),
        ("invalid peer certificate: UnknownIssuer", "certificate"),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("error: failed to create directory: Permission denied (os error 13)", "does not allow writing"),
        ("PermissionError: [WinError 5] Access is denied", "does not allow writing"),
        ("error: No interpreter found for Python 3.11 in managed installations", "no usable Python"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "not the one that was expected",
        ),
        ("ERROR: No matching distribution found for uv==0.13.8", "missing"),
    ],
)
def test_known_failures_get_words(output: str, words: str) -> None:
    failure = explained(f"some line\n{output}\nanother line")
    assert words in failure.message
    assert failure.advice


def test_unknown_failures_say_the_last_line() -> None:
    assert "the moon is full" in explained("first\nthe moon is full\n\n").message
    assert explained("").message
