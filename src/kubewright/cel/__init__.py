"""CEL, the Common Expression Language, as Kubernetes speaks it: parsed, type-checked, its cost estimated and bounded.

Declare variables in an `Environment`, `compile` expressions there, and `evaluate` the programs.
"""

from kubewright.cel.cost import Cost
from kubewright.cel.environment import PER_CALL_LIMIT, Budget, Environment, Program
from kubewright.cel.errors import BudgetExceeded, CompileError, EvaluationError, Issue
from kubewright.cel.types import Type

__all__ = [
    "PER_CALL_LIMIT",
    "Budget",
    "BudgetExceeded",
    "CompileError",
    "Cost",
    "Environment",
    "EvaluationError",
    "Issue",
    "Program",
    "Type",
]
