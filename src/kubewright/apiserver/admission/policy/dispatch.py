"""From the stored policies and bindings to what has to be evaluated for one write.

Policies and bindings are compiled when they are first met and again when they change; each write gets its
invocations (policy, binding, parameters) in a fixed order, and what is wrong in their configuration.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.policy.matching import MatchResources
from kubewright.apiserver.admission.policy.params import FindKind, ParamsError, collect_params, param_kind_problem
from kubewright.apiserver.admission.rules import Target
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind

GROUP = "admissionregistration.k8s.io"


class Policy(Protocol):
    """What compiled policies have in common."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> Object: ...

    @property
    def match(self) -> MatchResources: ...

    @property
    def fails(self) -> bool:
        """Whether an error refuses the request (failurePolicy Fail)."""


P = TypeVar("P", bound=Policy)


class Binding:
    """A policy put in force, for some writes and with some parameters."""

    def __init__(self, raw: Object) -> None:
        self.name: str = raw["metadata"]["name"]
        self.spec: Object = raw["spec"]
        self.match = MatchResources(self.spec.get("matchResources"))
        self.actions: list[str] = self.spec.get("validationActions") or []


@dataclass(frozen=True, slots=True)
class Invocation(Generic[P]):
    """One evaluation that a write asks for."""

    policy: P
    binding: Binding
    target: Target
    params: Object | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Tells it from all other invocations for the same write."""
        metadata = (self.params or {}).get("metadata") or {}
        return self.policy.name, self.binding.name, metadata.get("namespace", ""), metadata.get("name", "")


@dataclass(frozen=True, slots=True)
class Misconfiguration(Generic[P]):
    """A policy, or one of its bindings, that cannot be evaluated."""

    policy: P
    binding: Binding | None
    why: str

    @property
    def message(self) -> str:
        return f"failed to configure {'policy' if self.binding is None else 'binding'}: {self.why}"


class Compiled(Generic[P]):
    """The stored objects of one resource, each compiled once in each of its states."""

    def __init__(self, resource: str, compile_one: Callable[[Object], P]) -> None:
        self.resource = resource
        self._compile = compile_one
        self._known: dict[str, tuple[Any, P]] = {}

    def read(self, objects: Iterable[Object]) -> list[P]:
        """What the objects compile to, by name."""
        fresh: dict[str, tuple[Any, P]] = {}
        for raw in sorted(objects, key=lambda one: str(one["metadata"]["name"])):
            name, state = raw["metadata"]["name"], (raw["metadata"].get("uid"), raw["spec"])
            known = self._known.get(name)
            fresh[name] = known if known is not None and known[0] == state else (state, self._compile(raw))
        self._known = fresh
        return [compiled for _, compiled in fresh.values()]


class Dispatcher(Generic[P]):
    """Finds the invocations of one sort of policies.

    :param policies: the resource of the policies; theirs of the bindings is ``bindings``.
    :param versions: the versions of the logical cluster's resources.
    :param find_kind: its kinds, for parameters.
    """

    def __init__(
        self,
        policies: str,
        bindings: str,
        compile_policy: Callable[[Object], P],
        versions: Versions,
        find_kind: FindKind,
    ) -> None:
        self.versions = versions
        self.find_kind = find_kind
        self._policies = Compiled(policies, compile_policy)
        self._bindings: Compiled[Any] = Compiled(bindings, Binding)

    async def select(self, attributes: Attributes) -> AsyncIterator[Invocation[P] | Misconfiguration[P]]:
        """Everything that concerns a write: by policy, then by binding, then by parameters."""
        stored = list(attributes.reader.list(GROUP, self._policies.resource))
        if not stored:
            return
        policies = self._policies.read(stored)
        bindings: list[Binding] = self._bindings.read(attributes.reader.list(GROUP, self._bindings.resource))
        for policy in policies:
            bound = [binding for binding in bindings if binding.spec.get("policyName") == policy.name]
            if not bound:
                continue
            try:
                target = policy.match.match(attributes, self.versions)
            except APIError as error:
                yield Misconfiguration(policy, None, error.message)
                continue
            if target is None:
                continue
            if problem := param_kind_problem(policy.spec, self.find_kind):
                yield Misconfiguration(policy, None, problem)
                continue
            for binding in bound:
                async for found in self._bound(policy, binding, target, attributes):
                    yield found

    async def _bound(
        self, policy: P, binding: Binding, target: Target, attributes: Attributes
    ) -> AsyncIterator[Invocation[P] | Misconfiguration[P]]:
        try:
            if binding.match.match(attributes, self.versions) is None:
                return
            params = await collect_params(policy.spec, binding.spec, attributes, self.versions, self.find_kind)
        except (APIError, ParamsError) as error:
            yield Misconfiguration(policy, binding, error.message if isinstance(error, APIError) else str(error))
            return
        for one in params:
            yield Invocation(policy, binding, target, one)

    async def in_version(
        self, obj: Object | None, current: GroupVersionKind, wanted: GroupVersionKind
    ) -> Object | None:
        """The object as a policy that matched under another version sees it."""
        return obj if obj is None or current == wanted else await self.versions.convert(obj, wanted)
