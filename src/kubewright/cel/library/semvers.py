"""Semantic versions: ``semver('1.2.3').isLessThan(semver('2.0.0'))``, with ``true`` as second argument to normalize."""

from __future__ import annotations

import re
from typing import NamedTuple

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, INT, STRING, opaque

_NUMBER = r"(0|[1-9]\d*)"
_PATTERN = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\Z")


class Semver(NamedTuple):
    """A version; releases sort after their pre-releases, build metadata does not count."""

    major: int
    minor: int
    patch: int
    pre_release: tuple[tuple[int, int, str], ...]
    is_release: bool


SEMVER = opaque("kubernetes.Semver", Semver)


def _identifier(text: str) -> tuple[int, int, str]:
    """Numbers sort before words, numbers as numbers and words as text."""
    if not text or (text.isdecimal() and len(text) > 1 and text[0] == "0"):
        raise EvaluationError(f"invalid pre-release identifier {text!r}")
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)


def _parse(text: str, normalize: bool = False) -> Semver:
    match = _PATTERN.match(_normalized(text) if normalize else text)
    if match is None:
        raise EvaluationError(f"semver parse error: {text!r} is no semantic version")
    major, minor, patch, pre_release, _ = match.groups()
    identifiers = tuple(_identifier(part) for part in pre_release.split(".")) if pre_release else ()
    return Semver(int(major), int(minor), int(patch), identifiers, not identifiers)


def _normalized(text: str) -> str:
    """Without a leading ``v`` and leading zeros, and with all three numbers."""
    core, sign, rest = re.match(r"v?([^-+]*)([-+]?)(.*)\Z", text, re.DOTALL).groups()  # type: ignore[union-attr]
    numbers = [number.lstrip("0") or ("0" if number else "") for number in core.split(".")]
    return ".".join(numbers + ["0"] * (3 - len(numbers))) + sign + rest


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        _parse(text, normalize)
    except EvaluationError:
        return False
    return True


def _order(one: Semver) -> tuple[object, ...]:
    return (one.major, one.minor, one.patch, one.is_release, one.pre_release)


def _compare(one: Semver, other: Semver) -> int:
    left, right = _order(one), _order(other)
    return (left > right) - (left < right)


OVERLOADS: list[Overload] = [
    Overload("semver", [STRING], SEMVER, _parse),
    Overload("semver", [STRING, BOOL], SEMVER, _parse),
    Overload("isSemver", [STRING], BOOL, _is_semver),
    Overload("isSemver", [STRING, BOOL], BOOL, _is_semver),
    member("major", [SEMVER], INT, lambda one: one.major),
    member("minor", [SEMVER], INT, lambda one: one.minor),
    member("patch", [SEMVER], INT, lambda one: one.patch),
    member("isGreaterThan", [SEMVER, SEMVER], BOOL, lambda one, other: _compare(one, other) > 0),
    member("isLessThan", [SEMVER, SEMVER], BOOL, lambda one, other: _compare(one, other) < 0),
    member("compareTo", [SEMVER, SEMVER], INT, _compare),
]
