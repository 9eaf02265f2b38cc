"""A folder beside the data that holds what reading them came to, so that it need not be done again."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lifting_core.errors import InvalidInput, LiftPoseError
from lifting_core.files import written_whole
from lifting_core.progress import Progress
from training.datasets.human36m.sequence import Sequence

log = logging.getLogger(__name__)

FOLDER = ".lift-pose-cache"
_PARTS = 4  # of a path, from the subject's folder on: S1/MyPoseFeatures/D3_Positions/Eating.cdf
_VERSION = 1
"""To be raised whenever the same files come to other arrays."""


def fingerprint(files: Iterable[Path], progress: Progress) -> str:
    """A digest of the content of files and of where they lie.

    Raises InvalidInput when one cannot be read.
    """
    files = list(files)
    digest = hashlib.blake2b(f"version {_VERSION}".encode(), digest_size=20)
    for done, path in enumerate(files):
        progress("checking", done, len(files))
        place = "/".join(path.parts[-_PARTS:])
        try:
            digest.update(f"\0{place}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise InvalidInput(
                f"{path} cannot be read: {error.strerror}.", "Check its permissions."
            ) from error
    return digest.hexdigest()


def read(path: Path, digest: str) -> list[Sequence] | None:
    """The sequences in a cache file; None when it is missing, damaged or made from other content."""
    try:
        with np.load(path, allow_pickle=False) as record:
            if str(record["digest"]) != digest:
                return None
            ends = np.cumsum(record["lengths"])[:-1]
            keypoints = np.split(record["keypoints"], ends)
            joints = np.split(record["joints"], ends)
            keys = record["keys"].tolist()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged and will be made anew (%s).", path, error)
        return None
    return [
        Sequence(subject, action, int(take), camera, *arrays)
        for (subject, action, take, camera), *arrays in zip(keys, keypoints, joints, strict=True)
    ]


def write(path: Path, digest: str, sequences: list[Sequence]) -> None:
    """Write a cache file, whole or not at all; a folder that cannot be written to is told in the log."""
    try:
        path.parent.mkdir(exist_ok=True)
        with written_whole(path) as temporary:
            np.savez(
                temporary,
                digest=digest,
                keys=np.array([[str(part) for part in sequence.key] for sequence in sequences]),
                lengths=[len(sequence.joints) for sequence in sequences],
                keypoints=np.concatenate([sequence.keypoints for sequence in sequences]),
                joints=np.concatenate([sequence.joints for sequence in sequences]),
            )
    except (OSError, LiftPoseError) as error:
        log.warning("The data will be read anew each time, for no cache can be kept: %s", error)
