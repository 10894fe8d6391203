"""What a compiled expression runs on: a frame with the cost so far, its limit, and the variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubewright.cel.errors import EvaluationError

Frame = list[Any]
Run = Callable[[Frame], Any]
"""A compiled expression: takes the frame, gives the value."""

COST, LIMIT, FIRST_VARIABLE = 0, 1, 2
"""Where in a frame the cost so far, the most it may become, and the variables are."""


def truth(value: Any) -> bool:
    """The value itself, if it is a boolean.

    :raises EvaluationError: it is none.
    """
    if value is True or value is False:
        return bool(value)
    raise EvaluationError("no such overload")
