"""The macros at run time: loops over lists and maps, paid for before their first turn.

Like ``&&`` and ``||``, ``all`` and ``exists`` pass over errors of single turns if another turn decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kubewright.cel.errors import BudgetExceeded, EvaluationError
from kubewright.cel.frame import COST, LIMIT, Frame, Run, truth

Turns = Callable[[Frame], Any]


def turns_of(over: Run, slots: Sequence[int], decode: Callable[[Any], Any] | None, charge: int) -> Turns:
    """The turns of a loop: each puts its values into the frame; all are paid for before the first."""
    first, second = slots[0], slots[-1]
    pairs = len(slots) == 2

    def turns(frame: Frame) -> Any:
        values = over(frame)
        if not isinstance(values, list | dict):
            raise EvaluationError("no such overload")
        frame[COST] += charge * len(values)
        if frame[COST] > frame[LIMIT]:
            raise BudgetExceeded
        if isinstance(values, list):
            for index, value in enumerate(values):
                frame[first] = index
                frame[second] = value if decode is None else decode(value)
                yield
        elif pairs:
            for key, value in values.items():
                frame[first], frame[second] = key, value if decode is None else decode(value)
                yield
        else:
            for key in values:
                frame[first] = key
                yield

    return turns


def all_of(turns: Turns, condition: Run) -> Run:
    def run(frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for _ in turns(frame):
            try:
                if not truth(condition(frame)):
                    return False
            except BudgetExceeded:
                raise
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return True

    return run


def any_of(turns: Turns, condition: Run) -> Run:
    def run(frame: Frame) -> bool:
        failed: EvaluationError | None = None
        for _ in turns(frame):
            try:
                if truth(condition(frame)):
                    return True
            except BudgetExceeded:
                raise
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return False

    return run


def transform(kind: str, turns: Turns, slots: Sequence[int], condition: Run | None, result: Run) -> Run:
    """``map`` and ``transformList`` make a list, ``transformMap`` keeps keys, ``transformMapEntry`` merges maps."""

    def kept(frame: Frame) -> Any:
        for _ in turns(frame):
            if condition is None or truth(condition(frame)):
                yield result(frame)

    def merged(frame: Frame) -> dict[Any, Any]:
        whole: dict[Any, Any] = {}
        for entries in kept(frame):
            for key, value in entries.items():
                if key in whole:
                    raise EvaluationError(f"insert failed: key {key} already exists")
                whole[key] = value
        return whole

    key_slot = slots[0]

    def keyed(frame: Frame) -> dict[Any, Any]:
        whole: dict[Any, Any] = {}
        for value in kept(frame):
            whole[frame[key_slot]] = value
        return whole

    match kind:
        case "transformMap":
            return keyed
        case "transformMapEntry":
            return merged
    return lambda frame: list(kept(frame))
