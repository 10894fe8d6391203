"""Where a stack or a traceback enters the user's code: what leads there says nothing to its reader."""

from __future__ import annotations

import asyncio
import concurrent.futures
from pathlib import Path
from types import TracebackType

_LEADING = tuple(
    f"{folder}/"
    for folder in (Path(__file__).parents[1], Path(asyncio.__file__).parent, Path(concurrent.futures.__file__).parent)
)
"""Whose frames call the user's code: ours, the event loop's and the thread pool's."""


def leads_to_user_code(filename: str) -> bool:
    """Whether a frame of this file, outside all frames of others, only leads to the user's code."""
    return filename.startswith(_LEADING)


def from_user_code(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from where it enters the user's code; all of it where it never does."""
    at = trace
    while at is not None and leads_to_user_code(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return at or trace
