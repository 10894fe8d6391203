"""The ValidatingAdmissionPolicy stage: every matching policy is evaluated, the first denial answers the request.

Semantics and wording follow ``k8s.io/apiserver/pkg/admission/plugin/policy/validating``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.policy.conditions import OUT_OF_BUDGET, MatchConditions
from kubewright.apiserver.admission.policy.dispatch import Binding, Dispatcher, Invocation, Misconfiguration
from kubewright.apiserver.admission.policy.environment import (
    ANNOTATION,
    CONDITION,
    MESSAGE,
    Expression,
    LazyVariables,
    PolicyEnvironment,
)
from kubewright.apiserver.admission.policy.inputs import inputs
from kubewright.apiserver.admission.policy.matching import MatchResources
from kubewright.apiserver.admission.policy.params import FindKind
from kubewright.apiserver.admission.refusal import refused
from kubewright.apiserver.admission.rules import is_exempt
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.registry.strategy import Object
from kubewright.cel import Budget, BudgetExceeded, EvaluationError
from kubewright.objects.errors import APIError, Cause

BUDGET = 10_000_000
"""What the validations of one invocation may cost (``RuntimeCELCostBudget``)."""

_MAX_MESSAGE_BYTES = 5 * 1024
_MAX_ANNOTATION = 10 * 1024
_FAILURE_ANNOTATION = "validation.policy.admission.k8s.io/validation_failure"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413}


class Validation:
    """One entry of ``validations``."""

    def __init__(self, raw: Mapping[str, Any], environment: PolicyEnvironment) -> None:
        self.expression = environment.compile(raw["expression"], CONDITION)
        message = raw.get("messageExpression")
        self.message_expression = environment.compile(message, MESSAGE, access=False) if message else None
        self.message = str(raw.get("message") or "").strip()
        self.reason = str(raw.get("reason") or "Invalid")

    def denial(self, values: Mapping[str, Any], budget: Budget) -> str:
        """What a broken validation says."""
        text = ""
        if self.message_expression is not None:
            text = _one_line(self.message_expression, values, budget)
        return text or self.message or f"failed expression: {self.expression.source.strip()}"


def _one_line(expression: Expression, values: Mapping[str, Any], budget: Budget) -> str:
    """The text that a message expression gives, or nothing if it is no proper message."""
    try:
        value = expression.evaluate(values, budget)
    except BudgetExceeded:
        raise
    except EvaluationError:
        return ""
    text = value.strip() if isinstance(value, str) else ""
    return "" if "\n" in text or len(text.encode()) > _MAX_MESSAGE_BYTES else text


class ValidatingPolicy:
    """A compiled ValidatingAdmissionPolicy."""

    def __init__(self, raw: Object) -> None:
        self.name: str = raw["metadata"]["name"]
        self.spec: Object = raw["spec"]
        self.fails = self.spec.get("failurePolicy") != "Ignore"
        self.match = MatchResources(self.spec.get("matchConstraints"))
        environment = PolicyEnvironment(has_params=bool(self.spec.get("paramKind")))
        self.conditions = MatchConditions(self.spec.get("matchConditions") or (), environment)
        self.variables = {
            one["name"]: environment.declare(one["name"], one["expression"]) for one in self.spec.get("variables") or ()
        }
        self.validations = [Validation(one, environment) for one in self.spec.get("validations") or ()]
        self.annotations = {
            one["key"]: environment.compile(one["valueExpression"].strip(), ANNOTATION)
            for one in self.spec.get("auditAnnotations") or ()
        }


class Denial(NamedTuple):
    """One reason to refuse: ``reason`` is what the Status says, ``position`` the validation's place in the policy."""

    message: str
    reason: str = "Invalid"
    position: int = 0


@dataclass(frozen=True, slots=True)
class _Refusal:
    policy: ValidatingPolicy
    binding: Binding | None
    denial: Denial


class ValidatingPolicies:
    """Implements `Validating` for one logical cluster.

    :param authorizer: answers the access checks of expressions.
    """

    def __init__(self, versions: Versions, find_kind: FindKind, authorizer: Authorizer) -> None:
        self.authorizer = authorizer
        self._dispatcher = Dispatcher(
            "validatingadmissionpolicies", "validatingadmissionpolicybindings", ValidatingPolicy, versions, find_kind
        )

    async def validate(self, attributes: Attributes) -> None:
        """Evaluate every policy that concerns the write.

        :raises APIError: one denied it, or failed while its failure policy is Fail.
        """
        if is_exempt(attributes):
            return
        refusals: list[_Refusal] = []
        annotations: dict[tuple[str, str], list[str]] = {}
        async for found in self._dispatcher.select(attributes):
            if isinstance(found, Misconfiguration):
                if found.policy.fails:
                    refusals.append(_Refusal(found.policy, found.binding, Denial(found.message)))
                continue
            values = await self._values(found, attributes)
            try:
                if not found.policy.conditions.hold(values):
                    continue
            except EvaluationError as error:
                if found.policy.fails:
                    refusals += _act(found, Denial(str(error)), attributes)
                continue
            for denial in _evaluate(found.policy, values):
                refusals += _act(found, denial, attributes)
            for key, text, failed in _annotations(found.policy, values):
                if failed:
                    refusals.append(_Refusal(found.policy, found.binding, Denial(text)))
                elif text not in (known := annotations.setdefault((found.policy.name, key), [])):
                    known.append(text)
        for (policy, key), texts in annotations.items():
            attributes.audit_annotations[f"{policy}/{key}"] = ", ".join(texts)
        if refusals:
            raise _error(attributes, refusals[0])

    async def _values(self, found: Invocation[ValidatingPolicy], attributes: Attributes) -> dict[str, Any]:
        dispatcher, kind, wanted = self._dispatcher, attributes.kind, found.target.kind
        return inputs(
            attributes,
            found.target,
            obj=await dispatcher.in_version(attributes.obj, kind, wanted),
            old=await dispatcher.in_version(attributes.old, kind, wanted),
            params=found.params,
            authorizer=self.authorizer,
        )


def _evaluate(policy: ValidatingPolicy, values: dict[str, Any]) -> list[Denial]:
    """The validations that do not hold; with failure policy Ignore, errors do not count."""
    budget = Budget(BUDGET)
    values["variables"] = LazyVariables(policy.variables, values, budget)
    denials: list[Denial] = []
    for position, validation in enumerate(policy.validations):
        try:
            if validation.expression.evaluate(values, budget) is not True:
                denials.append(Denial(validation.denial(values, budget), validation.reason, position))
        except BudgetExceeded:
            # What had been found out by then is forgotten.
            return [Denial(OUT_OF_BUDGET)] if policy.fails else []
        except EvaluationError as error:
            if policy.fails:
                denials.append(Denial(str(error), position=position))
    return denials


def _annotations(policy: ValidatingPolicy, values: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The audit annotations of a policy: key, text, and whether the text is an error that counts."""
    budget = Budget(BUDGET)
    for key, expression in policy.annotations.items():
        try:
            value = expression.evaluate(values, budget)
        except EvaluationError as error:
            if policy.fails:
                yield key, str(error), True
            continue
        if isinstance(value, str) and value.strip():
            yield key, value.strip()[:_MAX_ANNOTATION], False


def _act(found: Invocation[ValidatingPolicy], denial: Denial, attributes: Attributes) -> Iterator[_Refusal]:
    """Do what the binding's ``validationActions`` say about a denial."""
    policy, binding = found.policy, found.binding
    for action in binding.actions:
        match action:
            case "Deny":
                yield _Refusal(policy, binding, denial)
            case "Warn":
                where = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{binding.name}'"
                attributes.warnings.append(f"Validation failed for {where}: {denial.message}")
            case "Audit":
                failure = {
                    "message": denial.message,
                    "policy": policy.name,
                    "binding": binding.name,
                    "expressionIndex": denial.position,
                    "validationActions": binding.actions,
                }
                attributes.audit_annotations[_FAILURE_ANNOTATION] = msgspec.json.encode([failure]).decode()


def _error(attributes: Attributes, refusal: _Refusal) -> APIError:
    with_binding = "" if refusal.binding is None else f" with binding '{refusal.binding.name}'"
    policy, text = refusal.policy.name, refusal.denial.message
    message = f"ValidatingAdmissionPolicy '{policy}'{with_binding} denied request: {text}"
    error = refused(attributes, message, [Cause("", message)])
    error.status_reason = refusal.denial.reason
    error.status_code = _CODES.get(error.status_reason, 422)
    return error
