"""Status conditions, by the rules of ``k8s.io/apimachinery/pkg/api/meta`` (``SetStatusCondition``).

The time of the last transition changes with the status and with nothing else; writing the same condition again changes
nothing, so a reconciler may set its conditions every time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, MutableSequence

from kubewright.objects import Condition, now


def set_condition(
    conditions: MutableSequence[Condition],
    type: str,
    status: bool | str,
    *,
    reason: str,
    message: str = "",
    observed_generation: int | None = None,
    at: dt.datetime | None = None,
) -> bool:
    """Add the condition or bring it up to date; returns whether anything changed.

    :param status: a bool, or ``True``, ``False`` or ``Unknown`` as text.
    :param reason: one word in CamelCase; the API refuses an empty one.
    :param observed_generation: the ``metadata.generation`` that was looked at.
    :param at: the time of a transition, the present by default.
    """
    text = str(status)
    condition = find_condition(conditions, type)
    if condition is None:
        conditions.append(
            Condition(
                type=type,
                status=text,
                reason=reason,
                message=message,
                observed_generation=observed_generation,
                last_transition_time=at or now(),
            )
        )
        return True
    before = (condition.status, condition.reason, condition.message, condition.observed_generation)
    if condition.status != text:
        condition.status = text
        condition.last_transition_time = at or now()
    condition.reason, condition.message, condition.observed_generation = reason, message, observed_generation
    return before != (text, reason, message, observed_generation)


def find_condition(conditions: Iterable[Condition], type: str) -> Condition | None:
    """The condition of a type, if there is one."""
    return next((condition for condition in conditions if condition.type == type), None)


def is_condition_true(conditions: Iterable[Condition], type: str) -> bool:
    """Whether there is a condition of a type whose status is ``True``."""
    condition = find_condition(conditions, type)
    return condition is not None and condition.status == "True"


def remove_condition(conditions: MutableSequence[Condition], type: str) -> bool:
    """Returns whether there was one."""
    condition = find_condition(conditions, type)
    if condition is None:
        return False
    conditions.remove(condition)
    return True
