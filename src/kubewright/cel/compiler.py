"""A checked tree to Python closures: each node becomes a function of the frame, the variables and the cost so far.

Where the checker is sure of the types, operators are Python's own; where it is not, overloads are chosen by the values.
Straight-line code is charged once, up front; loops are charged for all their turns when they start, so that no
expression runs longer than its budget.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubewright.cel.access import (
    as_key,
    field_decode,
    has_member,
    index_optional,
    index_value,
    item_decode,
    missing_member,
    select_optional,
)
from kubewright.cel.errors import BudgetExceeded, EvaluationError
from kubewright.cel.frame import FIRST_VARIABLE, Frame, Run, truth
from kubewright.cel.functions import Overload, holds
from kubewright.cel.loops import all_of, any_of, transform, turns_of
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
from kubewright.cel.types import Type, is_optional
from kubewright.cel.values import INT_MAX, INT_MIN, NONE, Optional, Struct, equal

_PLAIN = frozenset(("int", "uint", "string", "bytes", "bool", "duration", "timestamp"))
_ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    "_<_": operator.lt, "_<=_": operator.le, "_>_": operator.gt, "_>=_": operator.ge,
}  # fmt: skip


class Compiler:
    """Compiles one expression; ``variables`` gives each declared variable its place in the frame."""

    def __init__(self, variables: Mapping[str, int]) -> None:
        self.slots: list[dict[str, int]] = [dict(variables)]
        self.size = FIRST_VARIABLE + len(variables)
        self.used: set[str] = set()

    def compile(self, expr: Expr) -> Run:
        match expr:
            case Literal():
                value = expr.value
                return lambda frame: value
            case Ident():
                return self.ident(expr)
            case Select():
                return self.select(expr)
            case Call():
                return self.call(expr)
            case ListLiteral():
                return self.list_literal(expr)
            case MapLiteral():
                return self.map_literal(expr)
            case StructLiteral():
                return self.struct_literal(expr)
            case Comprehension():
                return self.comprehension(expr)
            case Bind():
                return self.bind(expr)
        raise AssertionError(f"no such node: {expr!r}")

    def ident(self, expr: Ident) -> Run:
        for depth, scope in enumerate(reversed(self.slots)):
            if expr.name in scope:
                slot = scope[expr.name]
                if depth == len(self.slots) - 1:
                    self.used.add(expr.name)
                return lambda frame: frame[slot]
        raise AssertionError(f"the checker let an unknown name pass: {expr.name}")

    def reserve(self, name: str) -> int:
        """A new place in the frame for a variable of the innermost scope."""
        slot = self.slots[-1][name] = self.size
        self.size += 1
        return slot

    # Member access

    def select(self, expr: Select) -> Run:
        operand, key = self.compile(expr.operand), expr.operand.type.keys.get(expr.field, expr.field)
        if is_optional(expr.operand.type) or expr.optional:
            return select_optional(operand, key, test=expr.test, decode=field_decode(expr.operand.type, expr.field))
        if expr.test:
            return lambda frame: has_member(operand(frame), key)
        decode = expr.type.decode

        def run(frame: Frame) -> Any:
            value = operand(frame)
            try:
                return value[key]
            except (KeyError, TypeError):
                raise missing_member(value, key) from None

        return run if decode is None else lambda frame: decode(run(frame))

    def index(self, expr: Call) -> Run:
        operand, index = (self.compile(arg) for arg in expr.args)
        decode = expr.type.decode
        if is_optional(expr.args[0].type):
            return lambda frame: index_optional(operand(frame), index(frame), None)
        if decode is None:
            return lambda frame: index_value(operand(frame), index(frame))
        return lambda frame: decode(index_value(operand(frame), index(frame)))

    def optional_index(self, expr: Call) -> Run:
        operand, index = (self.compile(arg) for arg in expr.args)
        decode = expr.type.params[0].decode if is_optional(expr.type) else None
        return lambda frame: index_optional(operand(frame), index(frame), decode)

    # Calls

    def call(self, expr: Call) -> Run:
        special = {
            "_&&_": self.logical_and, "_||_": self.logical_or, "_?_:_": self.conditional, "_==_": self.equality,
            "_!=_": self.equality, "_[_]": self.index, "_[?_]": self.optional_index, "or": self.or_else,
            "orValue": self.or_else,
        }.get(expr.function)  # fmt: skip
        if special is not None:
            return special(expr)
        kinds = {arg.type.kind for arg in expr.args}
        if len(kinds) == 1 and len(expr.args) == 2 and kinds <= _PLAIN:
            if expr.function in _ORDER:
                return self.ordering(expr)
            if kinds == {"int"} and expr.function in ("_+_", "_-_", "_*_"):
                return self.int_arithmetic(expr)
        return self.overloaded(expr)

    def overloaded(self, expr: Call) -> Run:
        operands = [self.compile(operand) for operand in expr.operands]
        overloads: Sequence[Overload] = expr.overloads
        dynamic = any(_is_dynamic(operand.type) for operand in expr.operands)
        if len(overloads) > 1 or dynamic:
            return _dispatch(overloads, operands)
        function = overloads[0].run
        match operands:
            case [only]:
                return lambda frame: function(only(frame))
            case [first, second]:
                return lambda frame: function(first(frame), second(frame))
        return lambda frame: function(*[operand(frame) for operand in operands])

    def ordering(self, expr: Call) -> Run:
        compare = _ORDER[expr.function]
        left, right = (self.compile(arg) for arg in expr.args)
        if isinstance(expr.args[1], Literal):
            constant = expr.args[1].value
            return lambda frame: compare(left(frame), constant)
        return lambda frame: compare(left(frame), right(frame))

    def int_arithmetic(self, expr: Call) -> Run:
        compute = {"_+_": operator.add, "_-_": operator.sub, "_*_": operator.mul}[expr.function]
        left, right = (self.compile(arg) for arg in expr.args)

        def run(frame: Frame) -> int:
            result: int = compute(left(frame), right(frame))
            if INT_MIN <= result <= INT_MAX:
                return result
            raise EvaluationError("integer overflow")

        return run

    def equality(self, expr: Call) -> Run:
        left, right = (self.compile(arg) for arg in expr.args)
        kinds = [arg.type.kind for arg in expr.args]
        negated = expr.function == "_!=_"
        if kinds[0] == kinds[1] and kinds[0] in _PLAIN:
            compare = operator.ne if negated else operator.eq
            if isinstance(expr.args[1], Literal):
                constant = expr.args[1].value
                return lambda frame: compare(left(frame), constant)
            return lambda frame: compare(left(frame), right(frame))
        if negated:
            return lambda frame: not equal(left(frame), right(frame))
        return lambda frame: equal(left(frame), right(frame))

    def logical_and(self, expr: Call) -> Run:
        left, right = (self.compile(arg) for arg in expr.args)

        def run(frame: Frame) -> bool:
            try:
                if left(frame) is False:
                    return False
            except BudgetExceeded:
                raise
            except EvaluationError:
                # An error on one side does not matter if the other side decides.
                if right(frame) is False:
                    return False
                raise
            return truth(right(frame))

        return run

    def logical_or(self, expr: Call) -> Run:
        left, right = (self.compile(arg) for arg in expr.args)

        def run(frame: Frame) -> bool:
            try:
                if left(frame) is True:
                    return True
            except BudgetExceeded:
                raise
            except EvaluationError:
                if right(frame) is True:
                    return True
                raise
            return truth(right(frame))

        return run

    def conditional(self, expr: Call) -> Run:
        condition, then, otherwise = (self.compile(arg) for arg in expr.args)
        return lambda frame: then(frame) if truth(condition(frame)) else otherwise(frame)

    def or_else(self, expr: Call) -> Run:
        """``a.or(b)`` and ``a.orValue(b)``: the alternative is evaluated only if it is needed."""
        optional, alternative = (self.compile(operand) for operand in expr.operands)
        unwrap = expr.function == "orValue"

        def run(frame: Frame) -> Any:
            value = optional(frame)
            if not isinstance(value, Optional):
                raise EvaluationError("no such overload")
            if value.present:
                return value.value if unwrap else value
            return alternative(frame)

        return run

    # Literals

    def list_literal(self, expr: ListLiteral) -> Run:
        items = [self.compile(item) for item in expr.items]
        if all(isinstance(item, Literal) for item in expr.items):
            constant = [item.value for item in expr.items if isinstance(item, Literal)]
            return lambda frame: constant
        if not expr.optional:
            return lambda frame: [item(frame) for item in items]
        optional = expr.optional

        def run(frame: Frame) -> list[Any]:
            values = ((index, item(frame)) for index, item in enumerate(items))
            return [
                value.value if index in optional else value
                for index, value in values
                if index not in optional or value.present
            ]

        return run

    def map_literal(self, expr: MapLiteral) -> Run:
        entries = [
            (self.compile(entry.key), self.compile(entry.value), entry.optional)
            for entry in expr.entries
            if isinstance(entry.key, Expr)
        ]

        def run(frame: Frame) -> dict[Any, Any]:
            result: dict[Any, Any] = {}
            for make_key, make_value, optional in entries:
                key, value = as_key(make_key(frame)), make_value(frame)
                if key in result:
                    raise EvaluationError(f"Failed with repeated key {key}")
                if not optional:
                    result[key] = value
                elif value.present:
                    result[key] = value.value
            return result

        return run

    def struct_literal(self, expr: StructLiteral) -> Run:
        entries = [
            (key, self.compile(entry.value), entry.optional)
            for entry in expr.entries
            if isinstance(key := entry.key, str)
        ]

        name = expr.name

        def run(frame: Frame) -> Struct:
            result = Struct(name)
            for key, make_value, optional in entries:
                value = make_value(frame)
                if not optional:
                    result[key] = value
                elif value.present:
                    result[key] = value.value
            return result

        return run

    # Macros

    def comprehension(self, expr: Comprehension) -> Run:
        over = self.compile(expr.range)
        decode = item_decode(expr.range.type)
        self.slots.append({})
        slots = [self.reserve(name) for name in expr.variables]
        condition = None if expr.condition is None else self.compile(expr.condition)
        result = None if expr.result is None else self.compile(expr.result)
        self.slots.pop()
        charge = 1 + sum(straight_cost(part) for part in (expr.condition, expr.result) if part is not None)
        turns = turns_of(over, slots, decode, charge)
        match expr.kind:
            case "all" | "exists":
                assert condition is not None
                return all_of(turns, condition) if expr.kind == "all" else any_of(turns, condition)
            case "existsOne":
                assert condition is not None
                counted = condition
                return lambda frame: sum(truth(counted(frame)) for _ in turns(frame)) == 1
            case "filter":
                assert condition is not None
                kept, slot = condition, slots[0]
                return lambda frame: [frame[slot] for _ in turns(frame) if truth(kept(frame))]
        assert result is not None
        return transform(expr.kind, turns, slots, condition, result)

    def bind(self, expr: Bind) -> Run:
        operand, flat = self.compile(expr.operand), expr.flat
        self.slots.append({})
        slot = self.reserve(expr.variable)
        body = self.compile(expr.body)
        self.slots.pop()

        def run(frame: Frame) -> Any:
            value = operand(frame)
            if not isinstance(value, Optional):
                raise EvaluationError("no such overload")
            if not value.present:
                return NONE
            frame[slot] = value.value
            result = body(frame)
            return result if flat else Optional(True, result)

        return run


def _dispatch(overloads: Sequence[Overload], operands: Sequence[Run]) -> Run:
    """Choose the overload by the values; a single one still checks them."""

    def run(frame: Frame) -> Any:
        values = [operand(frame) for operand in operands]
        for overload in overloads:
            if all(map(holds, overload.params, values)):
                return overload.run(*values)
        raise EvaluationError("no such overload")

    return run


def _is_dynamic(one: Type) -> bool:
    return one.kind == "dyn"


def straight_cost(expr: Expr) -> int:
    """What an expression costs without the turns of its loops."""
    match expr:
        case Literal():
            return 0
        case Ident():
            return 1
        case Select():
            return straight_cost(expr.operand) + (0 if expr.test else 1)
        case Call():
            return 1 + sum(map(straight_cost, expr.operands))
        case ListLiteral():
            return 10 + sum(map(straight_cost, expr.items))
        case MapLiteral():
            keys = (entry.key for entry in expr.entries if isinstance(entry.key, Expr))
            return 30 + sum(map(straight_cost, keys)) + sum(straight_cost(entry.value) for entry in expr.entries)
        case StructLiteral():
            return 40 + sum(straight_cost(entry.value) for entry in expr.entries)
        case Comprehension():
            return 1 + straight_cost(expr.range)
        case Bind():
            return straight_cost(expr.operand) + straight_cost(expr.body)
    return 0
