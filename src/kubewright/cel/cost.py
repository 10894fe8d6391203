"""How much an expression can cost at most, before it is ever run: what CRDs are refused by.

The model is that of cel-go's ``checker/cost.go`` with the costs of ``k8s.io/apiserver/pkg/cel/library/cost.go``: sizes
come from literals and from the bounds of the schema (`Type.max_elements`), costs add up over the tree, loops multiply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from kubewright.cel.syntax import (
    Bind,
    Call,
    Comprehension,
    Expr,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Select,
    StructLiteral,
)
from kubewright.cel.types import Type

UNBOUNDED = (1 << 64) - 1
_TRAVERSAL, _REGEX = 0.1, 0.25


def _capped(number: float) -> int:
    return min(math.ceil(number), UNBOUNDED) if number < UNBOUNDED else UNBOUNDED


class Cost(NamedTuple):
    """Bounds of a cost or of a size; the upper one stops at 2**64-1."""

    low: int
    high: int

    def plus(self, other: Cost) -> Cost:
        return Cost(_capped(self.low + other.low), _capped(self.high + other.high))

    def times(self, other: Cost) -> Cost:
        return Cost(_capped(self.low * other.low), _capped(self.high * other.high))

    def scaled(self, factor: float) -> Cost:
        return Cost(_capped(self.low * factor), _capped(self.high * factor))

    def union(self, other: Cost) -> Cost:
        return Cost(min(self.low, other.low), max(self.high, other.high))


def fixed(cost: int) -> Cost:
    return Cost(cost, cost)


ZERO, ONE = fixed(0), fixed(1)
_ANY = Cost(0, UNBOUNDED)
_SCALAR_KINDS = frozenset(("bool", "int", "uint", "double", "null_type", "duration", "timestamp", "type"))
_COMPARISONS = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))
_NOMINAL = frozenset((
    "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error",
    "errored", "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast",
    "isLinkLocalUnicast", "sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan",
    "compareTo", "add", "sub",
))  # fmt: skip
_LIST_TRAVERSALS = frozenset(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"))
_PARSERS = frozenset(("url", "cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity"))


def estimate_cost(expr: Expr) -> Cost:
    """The least and the most that an evaluation of a checked expression can cost."""
    return _Estimate().cost(expr)


class _Estimate:
    """Costs of one expression; remembers the sizes that calls were found to produce."""

    def __init__(self) -> None:
        self.sizes: dict[int, Cost] = {}
        self.element_sizes: dict[int, Cost] = {}
        self.locals: list[tuple[str, Cost | None]] = []

    def cost(self, expr: Expr | None) -> Cost:
        match expr:
            case Ident():
                return ONE
            case Select():
                operand = self.cost(expr.operand)
                counts = not expr.test and expr.operand.type.kind in ("map", "object", "param")
                return operand.plus(ONE) if counts else operand
            case Call():
                return self.call(expr)
            case ListLiteral():
                costs = [self.cost(item) for item in expr.items]
                self.element_sizes[id(expr)] = _union([self.size(item) for item in expr.items])
                return _sum([*costs, fixed(10)])
            case MapLiteral():
                parts = [
                    self.cost(part)
                    for entry in expr.entries
                    for part in (entry.key, entry.value)
                    if isinstance(part, Expr)
                ]
                self.element_sizes[id(expr)] = _union([self.size(entry.value) for entry in expr.entries])
                return _sum([*parts, fixed(30)])
            case StructLiteral():
                return _sum([*(self.cost(entry.value) for entry in expr.entries), fixed(40)])
            case Comprehension():
                return self.comprehension(expr)
            case Bind():
                return self.cost(expr.operand).plus(self.cost(expr.body)).plus(ONE)
        return ZERO

    # Sizes

    def size(self, expr: Expr) -> Cost:
        """How many elements, characters or bytes a value has; scalars count one."""
        known = self.sizes.get(id(expr)) or self.literal_size(expr)
        if known is not None:
            return known
        # A map's value got by name (not by index) is out of reach of the schema, as in cel-go.
        by_name = isinstance(expr, Select) and expr.operand.type.kind == "map"
        if expr.type.max_elements is not None and not by_name:
            return Cost(0, expr.type.max_elements)
        if expr.type.kind in _SCALAR_KINDS:
            return ONE
        if isinstance(expr, Ident):
            for name, size in reversed(self.locals):
                if name == expr.name:
                    return size or _ANY
        return _ANY

    def literal_size(self, expr: Expr) -> Cost | None:
        match expr:
            case Literal() if isinstance(expr.value, str | bytes):
                return fixed(len(expr.value))
            case ListLiteral():
                return fixed(len(expr.items))
            case MapLiteral():
                return fixed(len(expr.entries))
        return None

    def element_size(self, container: Expr) -> Cost:
        known = self.element_sizes.get(id(container))
        if known is not None:
            return known
        params = container.type.params
        return _type_size(params[-1]) if params else _ANY

    # Calls

    def call(self, expr: Call) -> Cost:
        costs = [self.cost(arg) for arg in expr.args]
        target_cost = ZERO if expr.target is None else self.cost(expr.target)
        if expr.function == "dyn":
            self.sizes[id(expr)] = self.size(expr.args[0])
            return costs[0].plus(ONE)
        match expr.function:
            case "_&&_" | "_||_":
                return Cost(costs[0].low, costs[0].plus(costs[1]).high)
            case "_?_:_":
                self.sizes[id(expr)] = self.size(expr.args[1]).union(self.size(expr.args[2]))
                return costs[0].plus(costs[1].union(costs[2]))
        return target_cost.plus(self.function(expr)).plus(_sum(costs))

    def function(self, expr: Call) -> Cost:
        """What a call costs beside its operands; notes the size of its result."""
        name, args = expr.function, expr.args
        subject = expr.target if expr.target is not None else (args[0] if args else None)
        if name in _NOMINAL:
            return ONE
        if name == "check":
            return fixed(350_000)
        if subject is None:
            return ONE
        if name in _PARSERS:
            return ONE if expr.target is not None else self.size(subject).scaled(_TRAVERSAL)
        if name == "ip.isCanonical":
            return self.size(subject).scaled(2 * _TRAVERSAL)
        if name in _COMPARISONS:
            return self.comparison(name, args)
        if name in _LIST_TRAVERSALS:
            return self.list_traversal(subject)
        if name == "@in":
            return self.size(args[1]) if args[1].type.kind != "map" else ONE
        return self.of_text(expr, subject) or self.of_regex(expr, subject) or self.of_container(expr) or ONE

    def comparison(self, name: str, args: Sequence[Expr]) -> Cost:
        if name not in ("_==_", "_!=_") and not any(arg.type.kind in ("string", "bytes", "dyn") for arg in args):
            return ONE
        most = min(self.size(args[0]).high, self.size(args[1]).high)
        return Cost(1 if most else 0, most).scaled(_TRAVERSAL)

    def list_traversal(self, subject: Expr) -> Cost:
        if subject.type.kind != "list":
            return self.size(subject).scaled(_TRAVERSAL)
        each = ONE
        if subject.type.params[0].kind in ("string", "bytes"):
            each = each.plus(self.element_size(subject).scaled(_TRAVERSAL))
        return self.size(subject).times(each)

    def of_text(self, expr: Call, subject: Expr) -> Cost | None:
        """Functions that go through a text once or twice."""
        size = self.size(subject)
        result: Cost | None = None
        match expr.function:
            case "lowerAscii" | "upperAscii" | "substring" | "trim":
                cost, result = size.scaled(_TRAVERSAL), size
            case "replace":
                cost, result = size.scaled(2 * _TRAVERSAL), self.replaced_size(size, expr.args)
            case "split":
                cost, result = size.scaled(2 * _TRAVERSAL), Cost(0, size.high)
            case "join":
                result = size.times(self.element_size(subject))
                if expr.args:
                    separators = Cost(max(0, size.low - 1), max(0, size.high - 1))
                    result = result.plus(self.size(expr.args[0]).times(separators))
                cost = result.scaled(_TRAVERSAL)
            case "startsWith" | "endsWith":
                cost = self.size(expr.args[0]).scaled(_TRAVERSAL)
            case "contains" if subject.type.kind == "string":
                cost = size.scaled(_TRAVERSAL).times(self.size(expr.args[0]).scaled(_TRAVERSAL))
            case "format" | "strings.quote":
                cost = size.scaled(_TRAVERSAL)
            case "bytes" if subject.type.kind == "string":
                cost, result = size.scaled(_TRAVERSAL), Cost(size.low, _capped(size.high * 4))
            case "string" if subject.type.kind == "bytes":
                cost, result = size.scaled(_TRAVERSAL), Cost(size.low // 4, size.high)
            case _:
                return None
        if result is not None:
            self.sizes[id(expr)] = result
        return cost

    def replaced_size(self, size: Cost, args: Sequence[Expr]) -> Cost:
        old, new = self.size(args[0]), self.size(args[1])
        most_count, most_kept = 0, 0
        if old.low == 0:
            most_count, most_kept = _capped(size.high + 1), size.high
        elif new.high <= old.low:
            most_kept = size.high
        else:
            most_count = _capped(size.high / old.low)
        least_count, least_kept = 0, 0
        if old.high == 0:
            least_count, least_kept = size.low + 1, size.low
        elif old.high <= new.low:
            least_kept = size.low
        else:
            least_count = _capped(size.low / old.high)
        return Cost(least_count, most_count).times(new).plus(Cost(least_kept, most_kept))

    def of_regex(self, expr: Call, subject: Expr) -> Cost | None:
        if expr.function not in ("matches", "find", "findAll"):
            return None
        size = self.size(subject)
        pattern = expr.args[0] if expr.target is not None else expr.args[1]
        if expr.function != "matches":
            self.sizes[id(expr)] = Cost(0, size.high)
        return size.plus(ONE).scaled(_TRAVERSAL).times(self.size(pattern).scaled(_REGEX))

    def of_container(self, expr: Call) -> Cost | None:
        match expr.function:
            case "_+_" if expr.type.kind in ("string", "bytes", "list", "dyn"):
                size = self.size(expr.args[0]).plus(self.size(expr.args[1]))
                self.sizes[id(expr)] = size
                return ONE if expr.type.kind == "list" else size.scaled(_TRAVERSAL)
            case "_[_]" | "_[?_]":
                if expr.type.max_elements is None:
                    self.sizes[id(expr)] = self.element_size(expr.args[0])
                return ONE
        return None

    # Loops

    def comprehension(self, expr: Comprehension) -> Cost:
        over = self.cost(expr.range)
        size = self.size(expr.range)
        values = self.element_size(expr.range)
        keys = _type_size(expr.range.type.params[0]) if expr.range.type.kind == "map" else ONE
        sizes = [keys, values] if len(expr.variables) == 2 else [values if expr.range.type.kind != "map" else keys]
        self.locals += zip(expr.variables, sizes, strict=True)
        condition, result = self.cost(expr.condition), self.cost(expr.result)
        made = None if expr.result is None else self.size(expr.result)
        del self.locals[-len(expr.variables) :]
        start, turn, end = _loop_costs(expr.kind, condition, result, filtered=expr.condition is not None)
        if expr.kind not in ("all", "exists", "existsOne"):
            self.sizes[id(expr)] = size
            self.element_sizes[id(expr)] = values if made is None else made
        return _sum([over, start, size.times(turn), end])


def _loop_costs(kind: str, condition: Cost, result: Cost, *, filtered: bool) -> tuple[Cost, Cost, Cost]:
    """What a macro costs in its expanded form: at the start, in each turn, and at the end."""
    match kind:
        case "all":
            return ZERO, fixed(2).plus(Cost(1, 1 + condition.high)), ONE
        case "exists":
            return ZERO, fixed(3).plus(Cost(1, 1 + condition.high)), ONE
        case "existsOne":
            return ZERO, condition.plus(Cost(1, 2)), fixed(2)
    grow = fixed(12) if kind in ("filter", "map", "transformList") else fixed(32)
    step = grow.plus(ONE if kind == "filter" else result)
    if filtered:
        step = condition.plus(step.union(ONE))
    return fixed(10) if kind in ("filter", "map", "transformList") else fixed(30), step, ONE


def _type_size(one: Type) -> Cost:
    if one.max_elements is not None:
        return Cost(0, one.max_elements)
    return ONE if one.kind in _SCALAR_KINDS else _ANY


def _sum(costs: Sequence[Cost]) -> Cost:
    total = ZERO
    for cost in costs:
        total = total.plus(cost)
    return total


def _union(costs: Sequence[Cost]) -> Cost:
    if not costs:
        return ZERO
    total = costs[0]
    for cost in costs[1:]:
        total = total.union(cost)
    return total
