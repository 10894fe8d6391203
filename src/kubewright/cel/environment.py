"""Where expressions are compiled: the declared variables, with the functions that Kubernetes gives to all of them.

Text flows in, `Program`s flow out: they are evaluated against values of the variables, within a budget of cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.cel.checker import Checker
from kubewright.cel.compiler import Compiler, straight_cost
from kubewright.cel.cost import Cost, estimate_cost
from kubewright.cel.errors import BudgetExceeded, CompileError, EvaluationError, Issue
from kubewright.cel.frame import COST, FIRST_VARIABLE, LIMIT
from kubewright.cel.functions import table
from kubewright.cel.library import OVERLOADS as KUBERNETES
from kubewright.cel.parser import parse
from kubewright.cel.regex import RegexError, compile_pattern
from kubewright.cel.standard import OVERLOADS as STANDARD
from kubewright.cel.standard import TYPES
from kubewright.cel.syntax import (
    Bind,
    Call,
    Comprehension,
    Expr,
    ListLiteral,
    Literal,
    MapLiteral,
    Select,
    StructLiteral,
)
from kubewright.cel.types import Type
from kubewright.cel.values import Duration, Timestamp

PER_CALL_LIMIT = 1_000_000
"""What one evaluation may cost (``k8s.io/apiserver/pkg/apis/cel``)."""

_FUNCTIONS = table([*STANDARD, *KUBERNETES])


class Budget:
    """What is left to spend over several evaluations."""

    __slots__ = ("remaining",)

    def __init__(self, limit: int) -> None:
        self.remaining = limit


class Program:
    """A compiled expression.

    ``result_type`` is what it evaluates to, ``references`` are the declared variables that it uses.
    """

    def __init__(self, source: str, expr: Expr, variables: Mapping[str, Type]) -> None:
        places = {name: FIRST_VARIABLE + index for index, name in enumerate(variables)}
        compiler = Compiler(places)
        self.source = source
        self.result_type = expr.type
        self._run = compiler.compile(expr)
        self._size = compiler.size
        self._fixed_cost = straight_cost(expr)
        self.references = frozenset(compiler.used)
        self._inputs = [(name, places[name], variables[name].decode) for name in sorted(self.references)]
        self._expr = expr

    @property
    def cost(self) -> Cost:
        """The least and the most that an evaluation can cost, by what is declared of the variables."""
        return estimate_cost(self._expr)

    def evaluate(self, values: Mapping[str, Any], budget: Budget | None = None) -> Any:
        """The value of the expression.

        :param values: the variables; those that the expression does not use may be left out.
        :param budget: what may be spent, beside the limit of a single call; what was spent is taken off.
        :raises EvaluationError: it has no value.
        :raises BudgetExceeded: it would cost too much.
        """
        frame: list[Any] = [None] * self._size
        frame[COST] = self._fixed_cost
        frame[LIMIT] = PER_CALL_LIMIT if budget is None else min(PER_CALL_LIMIT, budget.remaining)
        for name, place, decode in self._inputs:
            if name not in values:
                raise EvaluationError(f"no such attribute(s): {name}")
            value = values[name]
            frame[place] = value if decode is None else decode(value)
        try:
            if frame[COST] > frame[LIMIT]:
                raise BudgetExceeded
            return self._run(frame)
        except RecursionError as error:
            raise EvaluationError("the value is nested too deeply") from error
        except (TypeError, AttributeError) as error:
            # The value is not of the declared type: a null, where the schema lets a place be null.
            raise EvaluationError("no such overload") from error
        finally:
            if budget is not None:
                budget.remaining -= frame[COST]


class Environment:
    """Declared variables and struct types, and all functions.

    :param variables: what expressions may refer to.
    :param structs: what literals like ``Object{...}`` may name; ``"Object.*"`` admits all names below ``Object``.
    """

    def __init__(self, variables: Mapping[str, Type], *, structs: Mapping[str, Type] | None = None) -> None:
        self.variables = variables
        self.structs = structs or {}

    def compile(self, source: str) -> Program:
        """:raises CompileError: the text is not CEL, or its types do not fit."""
        try:
            tree = Checker(source, self.variables, _FUNCTIONS, self.structs, TYPES).check(parse(source))
            issues = list(_literal_issues(tree))
            if issues:
                raise CompileError(source, issues)
            return Program(source, tree, self.variables)
        except RecursionError as error:
            raise CompileError(source, [Issue(0, "expression recursion limit exceeded")]) from error


def _literal_issues(expr: Expr) -> Iterator[Issue]:
    """Patterns, durations and timestamps that are written out are looked at when compiling."""
    if isinstance(expr, Call) and expr.operands:
        last = expr.operands[-1]
        if isinstance(last, Literal) and isinstance(last.value, str):
            yield from _literal_issue(expr.function, last, last.value)
    for child in _children(expr):
        yield from _literal_issues(child)


def _literal_issue(function: str, literal: Literal, text: str) -> Iterator[Issue]:
    try:
        match function:
            case "matches":
                compile_pattern(text)
            case "duration":
                Duration.parse(text)
            case "timestamp":
                Timestamp.parse(text)
    except (RegexError, EvaluationError) as error:
        yield Issue(literal.offset, f"invalid {function} argument: {error}")


def _children(expr: Expr) -> list[Expr]:
    match expr:
        case Select():
            return [expr.operand]
        case Call():
            return expr.operands
        case ListLiteral():
            return list(expr.items)
        case MapLiteral() | StructLiteral():
            keys = [entry.key for entry in expr.entries if isinstance(entry.key, Expr)]
            return keys + [entry.value for entry in expr.entries]
        case Comprehension():
            return [part for part in (expr.range, expr.condition, expr.result) if part is not None]
        case Bind():
            return [expr.operand, expr.body]
    return []
