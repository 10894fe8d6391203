"""The folder below which runs have theirs: gone when its process has ended, and swept up where that was killed.

A folder is locked for as long as it is in use, so what a killed process has left on a volume that outlives it is told
from what others use.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "kubewright-ansible-"
_SETTLED = 60.0
"""Seconds after which a folder that is not locked has nobody who is about to lock it."""


@contextlib.contextmanager
def run_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder of this process's own, for as long as the block lasts.

    :param parent: where it is made, by default where temporary files are.
    """
    parent = parent or Path(tempfile.gettempdir())
    for folder in parent.glob(f"{_PREFIX}*"):
        if _is_left_over(folder):
            shutil.rmtree(folder, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _is_left_over(folder: Path) -> bool:
    try:
        if time.time() - folder.stat().st_mtime < _SETTLED:
            return False
        lock = os.open(folder, os.O_RDONLY)
    except OSError:  # somebody else's, or gone already
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
