"""What value validation finds wrong, before it is known where.

A check deep in a schema returns problems that know only how to word themselves; every level on the way up puts its own
step in front of their path.  So a valid object costs no path at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kubewright.objects.errors import Cause

NO_FIELD = "<nil>"
"""What Kubernetes prints as the field of an error that belongs to no field."""


class Problem:
    """One failed check: ``word`` makes its cause once ``path`` is complete."""

    __slots__ = ("path", "word")

    def __init__(self, word: Callable[[str], Cause]) -> None:
        self.path = ""
        self.word = word

    def cause(self) -> Cause:
        return self.word(self.path)


Problems = list[Problem] | None


def below(problems: Iterable[Problem], step: str) -> None:
    """Say where the problems were found: in a member (``name``), or below ``[0]`` or ``[key]``."""
    for problem in problems:
        rest = problem.path
        problem.path = step + rest if not rest or rest[0] == "[" else f"{step}.{rest}"


def causes(problems: Problems) -> list[Cause]:
    return [problem.cause() for problem in problems or ()]


def same(a: Any, b: Any) -> bool:
    """Equality of JSON values; unlike Python's it tells true from 1, and like JSON's it takes 1 for 1.0."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
