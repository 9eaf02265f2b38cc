"""What can go wrong with an installation, in words that say what to do."""

from __future__ import annotations

import re

_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|os error 28|not enough space on the disk|os error 112|Disk quota exceeded",
        "The disk is full.",
        "Make room and press Install again: what has been downloaded is kept.",
    ),
    (
        r"hash mismatch|do not match the hashes",
        "A downloaded package is not the one that was expected.",
        "Try again; if it persists, something between you and the package index changes downloads.",
    ),
    (
        r"certificate|CERTIFICATE_VERIFY_FAILED|UnknownIssuer|invalid peer cert",
        "The package index's certificate is not trusted on this machine.",
        "Name your organisation's certificates in the variable SSL_CERT_FILE, or use a folder of wheels.",
    ),
    (
        r"No interpreter found|no interpreter found|No Python at|not a valid (Python )?interpreter"
        r"|Failed to inspect Python interpreter|Failed to query Python interpreter",
        "There is no usable Python 3.11.",
        "Choose a Python 3.11 in the preferences, or leave the choice empty to get one downloaded.",
    ),
    (
        r"dns error|Name or service not known|Temporary failure in name resolution|getaddrinfo failed"
        r"|Connection refused|connection error|error sending request|Network is unreachable|timed out"
        r"|Failed to establish a new connection|NewConnectionError|Could not connect|error trying to connect",
        "The package index cannot be reached.",
        "Check the network and press Install again, or install from a folder of wheels.",
    ),
    (
        r"Permission denied|Access is denied|os error 13|os error 5\b|Operation not permitted",
        "The system does not allow writing into the add-on's folder.",
        "Allow it, or see whether a virus scanner holds the folder; then press Install again.",
    ),
    (
        r"no wheels with a matching|no wheels are usable|has no (compatible )?wheels|not found in the package"
        r"|not found in the provided|No matching distribution found|no version of|not found in the cache",
        "A package is missing.",
        "Complete the folder of wheels, or install from the package index.",
    ),
)


class InstallationFailure(Exception):
    """Something that is told to the user: what is wrong, and what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice


class Cancelled(Exception):
    """The user wants no more of it."""


def explained(output: str) -> InstallationFailure:
    """The failure that a program's last words tell of."""
    for pattern, message, advice in _KNOWN:
        if re.search(pattern, output, re.IGNORECASE):
            return InstallationFailure(message, advice)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = f" It said: {lines[-1]}" if lines else ""
    return InstallationFailure(f"A step of the installation failed.{said}", "The log has all of it.")
