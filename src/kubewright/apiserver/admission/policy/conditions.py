"""``matchConditions``: expressions that must all be true before a policy (or webhook) looks at a write.

One that is false decides; otherwise one that failed does (``plugin/webhook/matchconditions`` of the apiserver).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.apiserver.admission.policy.environment import CONDITION, Expression, PolicyEnvironment
from kubewright.cel import Budget, BudgetExceeded, EvaluationError

MATCH_BUDGET = 2_500_000
"""What all conditions of one policy may cost for one write."""

OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"


class MatchConditions:
    """The conditions of one policy, compiled."""

    def __init__(self, raw: Iterable[Mapping[str, Any]], environment: PolicyEnvironment) -> None:
        self._conditions: list[Expression] = [
            environment.compile(one["expression"], CONDITION, variables=False) for one in raw
        ]

    def hold(self, values: Mapping[str, Any]) -> bool:
        """Whether all are true.

        :raises EvaluationError: none is false, and some have no value.
        """
        budget = Budget(MATCH_BUDGET)
        failures: list[str] = []
        for condition in self._conditions:
            try:
                if condition.evaluate(values, budget) is not True:
                    return False
            except BudgetExceeded:
                raise EvaluationError(OUT_OF_BUDGET) from None
            except EvaluationError as error:
                failures.append(str(error))
        if failures:
            raise EvaluationError(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
        return True
