"""Memory that reading a long list leaves behind, given back to the system.

The pieces of an answer, and what was made of them on the way, are freed again, but glibc keeps the room for the
process: the cache of 10 000 objects would hold twice the memory of its store from then on.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


def give_back() -> None:
    """Ask glibc for all that it doesn't use, in about a millisecond; elsewhere nobody can be asked."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> Any:
    import ctypes  # where there is something to give back

    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "malloc_trim") else None
