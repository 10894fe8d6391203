"""Consistent hashing: who of several members a key belongs to.

Members and a key go in, one member comes out; when a member comes or goes, only the keys that it gets or had move.
"""

from __future__ import annotations

from bisect import bisect
from functools import lru_cache
from hashlib import blake2b

_POINTS = 128
"""Points on the ring for each member: shares then differ by about a tenth."""


class HashRing:
    """Members, each at many points of a ring; a key belongs to the one at the next point."""

    def __init__(self, members: tuple[str, ...]) -> None:
        points = sorted((_hash(f"{member}#{number}"), member) for member in members for number in range(_POINTS))
        self._places = [place for place, _ in points]
        self._members = [member for _, member in points]

    def owner(self, key: str) -> str:
        """The member that ``key`` belongs to; empty if there are no members."""
        if not self._members:
            return ""
        return self._members[bisect(self._places, _hash(key)) % len(self._members)]


@lru_cache(maxsize=64)
def ring_of(members: tuple[str, ...]) -> HashRing:
    """The ring of these members, made once: replicas see the same few again and again."""
    return HashRing(members)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
