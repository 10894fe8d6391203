"""cel-go's extended strings, version 2: searching, splitting, replacing, quoting, formatting."""

from __future__ import annotations

import re
from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.standard import type_value
from kubewright.cel.types import DYN, INT, STRING, list_of
from kubewright.cel.values import Duration, Timestamp, TypeValue, Uint, format_number

_DIRECTIVE = re.compile(r"%(?:(%)|(?:\.(\d+))?([a-zA-Z]))|%")
_QUOTES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
}  # fmt: skip
_TO_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_TO_UPPER = {lower: lower - 32 for lower in range(97, 123)}


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise EvaluationError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if start < 0 or start > len(text):
        raise EvaluationError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str, last: int | None = None) -> int:
    if last is None:
        return text.rfind(part)
    if not part:
        return last
    if last < 0 or last > len(text):
        raise EvaluationError(f"index out of range: {last}")
    return text.rfind(part, 0, last + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    for position in (start, stop):
        if position < 0 or position > len(text):
            raise EvaluationError(f"index out of range: {position}")
    if start > stop:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, -1 if limit < 0 else limit - 1)
    if limit < 0 or limit >= len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]]


def _join(items: list[str], separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise EvaluationError("no such overload")
    return separator.join(items)


def _quote(text: str) -> str:
    return '"' + "".join(_QUOTES.get(char, char) for char in text) + '"'


def _format(template: str, args: list[Any]) -> str:
    """Go-like formatting with ``%s %d %f %e %x %X %o %b``; the type of each argument is checked."""
    used = 0

    def clause(match: re.Match[str]) -> str:
        nonlocal used
        if match[1]:
            return "%"
        if not match[3]:
            raise EvaluationError("could not parse formatting clause: unexpected end of string")
        if used >= len(args):
            raise EvaluationError(f"index {used} out of range")
        used += 1
        return _directive(match[3], match[2], args[used - 1])

    result = _DIRECTIVE.sub(clause, template)
    if used < len(args):
        raise EvaluationError("more arguments supplied than there are formatting clauses")
    return result


def _directive(verb: str, precision: str | None, value: Any) -> str:
    kind = type(value)
    match verb:
        case "s":
            return _plain(value)
        case "d" if kind in (int, Uint):
            return str(int(value))
        case "d" if kind is float and value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        case "f" if kind in (int, Uint, float):
            return f"{value:.{precision or 6}f}"
        case "e" if kind in (int, Uint, float):
            return f"{float(value):.{precision or 6}e}"
        case "b" if kind in (int, Uint, bool):
            return f"{int(value):b}"
        case "o" if kind in (int, Uint):
            return f"{int(value):o}"
        case "x" | "X" if kind in (int, Uint):
            return f"{int(value):{verb}}"
        case "x" | "X" if kind in (str, bytes):
            text: str = (value.encode() if kind is str else value).hex()
            return text.upper() if verb == "X" else text
    raise EvaluationError(f"could not parse formatting clause: unrecognized formatting clause or type for %{verb}")


def _plain(value: Any) -> str:
    """A value as ``%s`` shows it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return str(value)
        case bytes():
            return value.decode(errors="replace")
        case None:
            return "null"
        case float():
            return format_number(value)
        case int():
            return str(int(value))
        case list():
            return f"[{', '.join(map(_plain, value))}]"
        case dict():
            return "{" + ", ".join(sorted(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())) + "}"
        case TypeValue():
            return value.name
        case Duration() | Timestamp():
            return str(value)
    raise EvaluationError(f"could not convert argument of type {type_value(value).name} to string")


OVERLOADS: list[Overload] = [
    member("charAt", [STRING, INT], STRING, _char_at),
    member("indexOf", [STRING, STRING], INT, _index_of),
    member("indexOf", [STRING, STRING, INT], INT, _index_of),
    member("lastIndexOf", [STRING, STRING], INT, _last_index_of),
    member("lastIndexOf", [STRING, STRING, INT], INT, _last_index_of),
    member("join", [list_of(STRING)], STRING, _join),
    member("join", [list_of(STRING), STRING], STRING, _join),
    member("lowerAscii", [STRING], STRING, lambda text: text.translate(_TO_LOWER)),
    member("upperAscii", [STRING], STRING, lambda text: text.translate(_TO_UPPER)),
    member("replace", [STRING, STRING, STRING], STRING, _replace),
    member("replace", [STRING, STRING, STRING, INT], STRING, _replace),
    member("split", [STRING, STRING], list_of(STRING), _split),
    member("split", [STRING, STRING, INT], list_of(STRING), _split),
    member("substring", [STRING, INT], STRING, _substring),
    member("substring", [STRING, INT, INT], STRING, _substring),
    member("trim", [STRING], STRING, str.strip),
    member("format", [STRING, list_of(DYN)], STRING, _format),
    Overload("strings.quote", [STRING], STRING, _quote),
]
