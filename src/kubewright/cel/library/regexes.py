"""``find`` and ``findAll``: what a pattern matches in a text."""

from __future__ import annotations

from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.regex import RegexError, compile_pattern
from kubewright.cel.types import INT, STRING, list_of


def _compiled(pattern: str) -> Any:
    try:
        return compile_pattern(pattern)
    except RegexError as error:
        raise EvaluationError(f"Illegal regex: {error}") from error


def _find(text: str, pattern: str) -> str:
    match = _compiled(pattern).search(text)
    return "" if match is None else match.group()


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in _compiled(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


OVERLOADS: list[Overload] = [
    member("find", [STRING, STRING], STRING, _find),
    member("findAll", [STRING, STRING], list_of(STRING), _find_all),
    member("findAll", [STRING, STRING, INT], list_of(STRING), _find_all),
]
