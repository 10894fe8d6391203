"""The tree that the parser makes of an expression.

Macros are trees of their own kind (`Comprehension`, and a `Select` that only tests), so checker, cost estimate and
compiler each see what was meant instead of its expansion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubewright.cel.types import DYN, Type


class Expr:
    """A node; ``offset`` is where in the text it stands, ``type`` what the checker found."""

    __slots__ = ("offset", "type")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.type: Type = DYN


class Literal(Expr):
    __slots__ = ("value",)

    def __init__(self, offset: int, value: Any) -> None:
        super().__init__(offset)
        self.value = value


class Ident(Expr):
    __slots__ = ("name",)

    def __init__(self, offset: int, name: str) -> None:
        super().__init__(offset)
        self.name = name


class Select(Expr):
    """``operand.field``; ``has(operand.field)`` if ``test``; ``operand.?field`` if ``optional``."""

    __slots__ = ("field", "operand", "optional", "test")

    def __init__(self, offset: int, operand: Expr, field: str, *, test: bool = False, optional: bool = False) -> None:
        super().__init__(offset)
        self.operand = operand
        self.field = field
        self.test = test
        self.optional = optional


class Call(Expr):
    """A function or operator; ``overloads`` are those that the checker left possible."""

    __slots__ = ("args", "function", "overloads", "target")

    def __init__(self, offset: int, function: str, args: Sequence[Expr], target: Expr | None = None) -> None:
        super().__init__(offset)
        self.function = function
        self.args = args
        self.target = target
        self.overloads: Sequence[Any] = ()

    @property
    def operands(self) -> list[Expr]:
        """The target, if any, and the arguments."""
        return [self.target, *self.args] if self.target is not None else list(self.args)


class ListLiteral(Expr):
    """``optional`` holds the indices written as ``[?x]``."""

    __slots__ = ("items", "optional")

    def __init__(self, offset: int, items: Sequence[Expr], optional: frozenset[int]) -> None:
        super().__init__(offset)
        self.items = items
        self.optional = optional


class Entry:
    """``key: value`` of a map, ``field: value`` of a struct; with ``?`` in front if optional."""

    __slots__ = ("key", "offset", "optional", "value")

    def __init__(self, offset: int, key: Expr | str, value: Expr, optional: bool) -> None:
        self.offset = offset
        self.key = key
        self.value = value
        self.optional = optional


class MapLiteral(Expr):
    __slots__ = ("entries",)

    def __init__(self, offset: int, entries: Sequence[Entry]) -> None:
        super().__init__(offset)
        self.entries = entries


class StructLiteral(Expr):
    __slots__ = ("entries", "name")

    def __init__(self, offset: int, name: str, entries: Sequence[Entry]) -> None:
        super().__init__(offset)
        self.name = name
        self.entries = entries


class Comprehension(Expr):
    """A macro that goes through a list or map.

    ``kind`` is all, exists, existsOne, map, filter, transformList, transformMap or transformMapEntry; ``variables`` has
    one name (item or key) or two (index and item, or key and value); ``condition`` decides or filters, ``result`` makes
    the new element.
    """

    __slots__ = ("condition", "kind", "range", "result", "variables")

    def __init__(
        self, offset: int, kind: str, over: Expr, variables: Sequence[str], condition: Expr | None, result: Expr | None
    ) -> None:
        super().__init__(offset)
        self.kind = kind
        self.range = over
        self.variables = variables
        self.condition = condition
        self.result = result


class Bind(Expr):
    """``optMap`` and ``optFlatMap``: a name for the value of an optional, if it has one."""

    __slots__ = ("body", "flat", "operand", "variable")

    def __init__(self, offset: int, operand: Expr, variable: str, body: Expr, flat: bool) -> None:
        super().__init__(offset)
        self.operand = operand
        self.variable = variable
        self.body = body
        self.flat = flat


def dotted_name(expr: Expr) -> str | None:
    """``a.b.c`` if the expression is nothing but names."""
    if isinstance(expr, Ident):
        return expr.name
    if isinstance(expr, Select) and not expr.test and not expr.optional:
        operand = dotted_name(expr.operand)
        return None if operand is None else f"{operand}.{expr.field}"
    return None
