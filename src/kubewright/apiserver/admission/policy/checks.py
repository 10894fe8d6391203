"""Whether the CEL expressions of policies and webhooks compile, and what goes with them.

What is wrong beside the expressions is found by the strategies in `registry/builtin/admissionregistration.py` and
`admission_policies.py`; after ``pkg/apis/admissionregistration/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubewright.apiserver.admission.policy.environment import (
    ANNOTATION,
    APPLY_CONFIGURATION,
    CONDITION,
    MESSAGE,
    PATCH_OPERATIONS,
    Expression,
    PolicyEnvironment,
)
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, required

Raw = Mapping[str, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
    "loop", "package", "namespace", "return", "var", "void", "while",
))  # fmt: skip
_MAX_ANNOTATION_EXPRESSION = 5 * 1024


def check_policy_expressions(spec: Raw) -> list[Cause]:
    """The expressions of a validating or mutating policy that do not compile; empty ones are passed over."""
    environment = PolicyEnvironment(has_params=spec.get("paramKind") is not None)
    causes = _conditions(spec.get("matchConditions") or [], environment, "spec.matchConditions")
    for index, one in enumerate(spec.get("variables") or []):
        causes += _variable(one, environment, f"spec.variables[{index}]")
    for index, one in enumerate(spec.get("validations") or []):
        causes += _validation(one, environment, f"spec.validations[{index}]")
    for index, one in enumerate(spec.get("auditAnnotations") or []):
        causes += _annotation(one, environment, f"spec.auditAnnotations[{index}].valueExpression")
    for index, one in enumerate(spec.get("mutations") or []):
        causes += _mutation(one, environment, f"spec.mutations[{index}]")
    return causes


def check_match_conditions(conditions: Sequence[Raw], field: str) -> list[Cause]:
    """The ``matchConditions`` of a webhook that do not compile."""
    return _conditions(conditions, PolicyEnvironment(has_params=False), field)


def _compiled(expression: Expression, field: str) -> list[Cause]:
    return [] if expression.program is not None else [invalid(field, expression.source, expression.error)]


def _conditions(conditions: Sequence[Raw], environment: PolicyEnvironment, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, one in enumerate(conditions):
        source = (one.get("expression") or "").strip()
        if source:
            compiled = environment.compile(source, CONDITION, variables=False)
            causes += _compiled(compiled, f"{field}[{index}].expression")
    return causes


def _variable(variable: Raw, environment: PolicyEnvironment, field: str) -> Iterator[Cause]:
    """Compiling a variable declares it for the expressions that follow."""
    name, source = variable.get("name") or "", variable.get("expression") or ""
    if name and (not _IDENTIFIER.match(name) or name in _RESERVED):
        yield invalid(f"{field}.name", name, "must be a valid CEL identifier")
    if source.strip():
        yield from _compiled(environment.declare(name, source), f"{field}.expression")


def _validation(validation: Raw, environment: PolicyEnvironment, field: str) -> Iterator[Cause]:
    source = validation.get("expression") or ""
    if source.strip():
        yield from _compiled(environment.compile(source, CONDITION), f"{field}.expression")
    expression = validation.get("messageExpression") or ""
    if expression and not expression.strip():
        yield invalid(f"{field}.messageExpression", expression, "must be non-empty if specified")
    elif expression:
        compiled = environment.compile(expression, MESSAGE, access=False)
        yield from _compiled(compiled, f"{field}.messageExpression")
    message = validation.get("message") or ""
    if message and not message.strip():
        yield invalid(f"{field}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip() or "\r" in message.strip():
        yield invalid(f"{field}.message", message, "must not contain line breaks")


def _annotation(annotation: Raw, environment: PolicyEnvironment, field: str) -> list[Cause]:
    source = (annotation.get("valueExpression") or "").strip()
    if not source:
        return []
    if len(source.encode()) > _MAX_ANNOTATION_EXPRESSION:
        return [required(field, f"must not exceed {_MAX_ANNOTATION_EXPRESSION} bytes in length")]
    return _compiled(environment.compile(source, ANNOTATION), field)


def _mutation(mutation: Raw, environment: PolicyEnvironment, field: str) -> list[Cause]:
    applies = mutation.get("patchType") == "ApplyConfiguration"
    place = "applyConfiguration" if applies else "jsonPatch"
    source = (mutation.get(place) or {}).get("expression") or ""
    if not source.strip():
        return []
    compiled = environment.compile(source, APPLY_CONFIGURATION if applies else PATCH_OPERATIONS, mutation=True)
    return _compiled(compiled, f"{field}.{place}.expression")
