"""The MutatingAdmissionPolicy stage: matching policies change the object one after another.

A policy whose ``reinvocationPolicy`` is IfNeeded runs again when something changed the object after it: see
`admission/chain.py`.  Semantics follow ``k8s.io/apiserver/pkg/admission/plugin/policy/mutating``.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.policy.conditions import MatchConditions
from kubewright.apiserver.admission.policy.dispatch import Binding, Dispatcher, Invocation, Misconfiguration
from kubewright.apiserver.admission.policy.environment import LazyVariables, PolicyEnvironment
from kubewright.apiserver.admission.policy.inputs import inputs
from kubewright.apiserver.admission.policy.matching import MatchResources
from kubewright.apiserver.admission.policy.mutations import Mutation
from kubewright.apiserver.admission.policy.params import FindKind
from kubewright.apiserver.admission.refusal import internal_error, refused
from kubewright.apiserver.admission.rules import is_exempt
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import DecodeError, Object
from kubewright.cel import Budget, EvaluationError
from kubewright.objects.errors import Cause, Forbidden

BUDGET = 10_000_000
"""What each mutation may cost (``RuntimeCELCostBudget``)."""

_PLUGIN = "MutatingAdmissionPolicy"

Key = tuple[str, str, str, str]


class MutatingPolicy:
    """A compiled MutatingAdmissionPolicy."""

    def __init__(self, raw: Object) -> None:
        self.name: str = raw["metadata"]["name"]
        self.spec: Object = raw["spec"]
        self.fails = self.spec.get("failurePolicy") != "Ignore"
        self.reinvocable = self.spec.get("reinvocationPolicy") == "IfNeeded"
        self.match = MatchResources(self.spec.get("matchConstraints"))
        environment = PolicyEnvironment(has_params=bool(self.spec.get("paramKind")))
        self.conditions = MatchConditions(self.spec.get("matchConditions") or (), environment)
        self.variables = {
            one["name"]: environment.declare(one["name"], one["expression"]) for one in self.spec.get("variables") or ()
        }
        self.mutations = [Mutation(one, environment) for one in self.spec.get("mutations") or ()]


@dataclass(slots=True)
class _Memory:
    """What the first pass leaves for the second."""

    run: set[Key] = field(default_factory=set)
    """Reinvocable invocations run since the object last changed."""

    again: set[Key] = field(default_factory=set)
    """Invocations to run a second time."""

    result: Object | None = None
    """The object as the policies left it."""

    def changed(self) -> None:
        self.again |= self.run
        self.run.clear()


@dataclass(frozen=True, slots=True)
class _Failure:
    policy: MutatingPolicy
    binding: Binding | None
    message: str
    reason: str = "Forbidden"

    @property
    def text(self) -> str:
        if self.binding is None:
            return f'policy "{self.policy.name}" denied request: {self.message}'
        return f"policy '{self.policy.name}' with binding '{self.binding.name}' denied request: {self.message}"


class MutatingPolicies:
    """Implements `Mutating` for one logical cluster.

    :param authorizer: answers the access checks of expressions.
    """

    def __init__(self, versions: Versions, find_kind: FindKind, authorizer: Authorizer) -> None:
        self.versions = versions
        self.find_kind = find_kind
        self.authorizer = authorizer
        self._dispatcher = Dispatcher(
            "mutatingadmissionpolicies", "mutatingadmissionpolicybindings", MutatingPolicy, versions, find_kind
        )

    async def admit(self, attributes: Attributes) -> None:
        """Let every policy that concerns the write change its object.

        :raises Forbidden: one failed while its failure policy is Fail.
        """
        if is_exempt(attributes):
            return
        # What concerns the write is decided by the object as it came, not as policies leave it to each other.
        selected = [found async for found in self._dispatcher.select(attributes)]
        if not selected:
            return
        memory = attributes.reinvocation.memory.setdefault(_PLUGIN, _Memory())
        if attributes.reinvocation.again and memory.result != attributes.obj:
            memory.changed()
        failures: list[_Failure] = []
        for found in selected:
            if isinstance(found, Misconfiguration):
                failures.append(_Failure(found.policy, found.binding, found.message))
            else:
                failures += await self._invoke(found, attributes, memory)
        memory.result = deepcopy(attributes.obj)
        counted = [failure for failure in failures if failure.policy.fails]
        if counted:
            raise _error(attributes, counted)

    async def _invoke(
        self, found: Invocation[MutatingPolicy], attributes: Attributes, memory: _Memory
    ) -> list[_Failure]:
        policy, target, reinvocation = found.policy, found.target, attributes.reinvocation
        if reinvocation.again and found.key not in memory.again:
            return []
        obj = await self._dispatcher.in_version(attributes.obj, attributes.kind, target.kind)
        old = await self._dispatcher.in_version(attributes.old, attributes.kind, target.kind)
        values = inputs(attributes, target, obj=obj, old=old, params=found.params, authorizer=self.authorizer)
        try:
            if not policy.conditions.hold(values):
                return []
        except EvaluationError as error:
            return [_Failure(policy, found.binding, str(error), "Invalid")]
        if obj is None:
            return []
        changed, failures = self._mutate(found, values, obj)
        if changed != obj:
            memory.changed()
            reinvocation.needed = True
            attributes.obj = await self._dispatcher.in_version(changed, target.kind, attributes.kind)
        if policy.reinvocable:
            memory.run.add(found.key)
        return failures

    def _mutate(
        self, found: Invocation[MutatingPolicy], values: dict[str, Any], obj: Object
    ) -> tuple[Object, list[_Failure]]:
        """The object after all mutations of a policy, each seeing what the former made; those that fail are skipped."""
        resource = self.find_kind(found.target.kind)
        if resource is None:
            return obj, [_Failure(found.policy, found.binding, f"Resource kind {found.target.kind} not found")]
        failures: list[_Failure] = []
        for mutation in found.policy.mutations:
            budget = Budget(BUDGET)
            values["object"] = obj
            values["variables"] = LazyVariables(found.policy.variables, values, budget)
            try:
                changed = mutation.mutate(obj, values, resource.node, budget)
            except EvaluationError as error:
                failures.append(_Failure(found.policy, found.binding, str(error), "Invalid"))
                continue
            if changed is not obj:
                obj = deepcopy(changed) if mutation.applies or resource.custom else _decoded(changed, resource)
                self.versions.default(obj)
        return obj, failures


def _decoded(obj: Object, resource: Resource) -> Object:
    """What a JSON patch made, as an object of its kind.

    :raises InternalError: it is none.
    """
    unknown: list[str] = []
    try:
        decoded = resource.strategy.decode(obj, unknown)
    except DecodeError as error:
        raise internal_error(str(error)) from error
    if unknown:
        problems = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise internal_error(f"strict decoding error: {problems}")
    return deepcopy(decoded)


def _error(attributes: Attributes, failures: Sequence[_Failure]) -> Forbidden:
    error = refused(attributes, "admission request denied by policy", [Cause("", failure.text) for failure in failures])
    error.message = failures[0].text
    error.args = (error.message,)
    error.status_reason = failures[0].reason
    return error
