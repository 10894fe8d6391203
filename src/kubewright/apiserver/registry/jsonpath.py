"""The JSONPath of printer columns, scale paths and selectable fields, compiled once and evaluated often.

The dialect is ``k8s.io/client-go/util/jsonpath`` as far as CustomResourceDefinitions may use it: members, indexes,
wildcards, recursive descent, slices and filters that compare with a literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
      \.\.(?P<descendant>[A-Za-z_][\w-]*|\*)
    | \.(?P<member>(?:[^.\[\]\\"'()*?@$\s]|\\.)+)
    | \.(?P<any_member>\*)
    | \[(?P<index>-?\d+)\]
    | \[(?P<slice>-?\d*:-?\d*(?::-?\d*)?)\]
    | \[(?P<any_item>\*)\]
    | \[(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]
    | \[\?\((?P<filter>[^()]+)\)\]
    """,
    re.VERBOSE,
)
_FILTER = re.compile(r"\s*@(?P<path>[^\s=!<>]+)\s*(?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<literal>.+?))?\s*\Z")

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class JSONPathError(ValueError):
    """A path that does not follow the grammar."""


class JSONPath:
    """A compiled path.

    :raises JSONPathError: the text is not a path.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = _parse(text)

    def find(self, value: Any) -> Iterator[Any]:
        """All that the path leads to, in document order; nothing where a member is missing."""
        return _walk(value, self._steps)

    def first(self, value: Any) -> Any:
        """The first that the path leads to, or None."""
        return next(self.find(value), None)


def _parse(text: str) -> Sequence[Step]:
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    inner = inner.removeprefix("$")
    if not inner.startswith((".", "[")):
        raise JSONPathError(f"{text!r} has to begin with a dot")
    steps, position = [], 0
    while position < len(inner):
        found = _TOKEN.match(inner, position)
        if found is None:
            raise JSONPathError(f"unrecognized character in {text!r}: {inner[position:]!r}")
        steps.append(_step(str(found.lastgroup), found[str(found.lastgroup)]))
        position = found.end()
    return steps


def _step(kind: str, text: str) -> Step:
    match kind:
        case "member":
            return _member(re.sub(r"\\(.)", r"\1", text))
        case "quoted":
            return _member(re.sub(r"\\(.)", r"\1", text[1:-1]))
        case "any_member" | "any_item":
            return _children
        case "descendant":
            return _descendants(text)
        case "index":
            return _index(int(text))
        case "slice":
            return _slice(text)
    return _filter(text)


def _walk(value: Any, steps: Sequence[Step]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    for found in steps[0](value):
        yield from _walk(found, steps[1:])


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descendants(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if name == "*":
            yield from _children(value)
        elif isinstance(value, dict) and name in value:
            yield value[name]
        for child in _children(value):
            yield from step(child)

    return step


def _index(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _slice(text: str) -> Step:
    bounds = slice(*(int(part) if part else None for part in text.split(":")))

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[bounds]

    return step


def _filter(text: str) -> Step:
    found = _FILTER.match(text)
    if found is None:
        raise JSONPathError(f"unrecognized filter {text!r}")
    steps = _parse(found["path"])
    if found["operator"] is None:
        return lambda value: (item for item in _children(value) if any(True for _ in _walk(item, steps)))
    compare, literal = _COMPARE[found["operator"]], _literal(found["literal"])

    def step(value: Any) -> Iterator[Any]:
        for item in _children(value):
            for left in _walk(item, steps):
                if _comparable(left, literal) and compare(left, literal):
                    yield item
                    break

    return step


def _literal(text: str) -> Any:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise JSONPathError(f"unrecognized literal {text!r}") from None


def _comparable(left: Any, right: Any) -> bool:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return numbers or type(left) is type(right)
