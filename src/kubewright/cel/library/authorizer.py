"""Access checks: ``authorizer.group('apps').resource('deployments').namespace('a').check('create').allowed()``.

Who may do what is not known here: the caller binds ``authorizer`` to an `Authorizer` that carries a function to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, STRING, opaque


class Decision(NamedTuple):
    """The answer to a check; ``error`` is set where it could not be decided."""

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: may ``service_account``, or else the user of the request, do ``verb`` there?

    ``service_account`` is namespace and name; ``path`` is set for non-resource checks.
    """

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    service_account: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Authorizer:
    """The value of the variable ``authorizer``."""

    decide: Callable[[Query], Decision]
    query: Query = Query()


class PathCheck(NamedTuple):
    decide: Callable[[Query], Decision]
    query: Query


class GroupCheck(NamedTuple):
    decide: Callable[[Query], Decision]
    query: Query


class ResourceCheck(NamedTuple):
    """Also the value of ``authorizer.requestResource``."""

    decide: Callable[[Query], Decision]
    query: Query


AUTHORIZER = opaque("kubernetes.authorization.Authorizer", Authorizer)
PATH_CHECK = opaque("kubernetes.authorization.PathCheck", PathCheck)
GROUP_CHECK = opaque("kubernetes.authorization.GroupCheck", GroupCheck)
RESOURCE_CHECK = opaque("kubernetes.authorization.ResourceCheck", ResourceCheck)
DECISION = opaque("kubernetes.authorization.Decision", Decision)


def _check(checked: PathCheck | ResourceCheck, verb: str) -> Decision:
    return checked.decide(replace(checked.query, verb=verb))


def _service_account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    return Authorizer(authorizer.decide, replace(authorizer.query, service_account=(namespace, name)))


def _narrow(field: str) -> Callable[[ResourceCheck, str], ResourceCheck]:
    def narrow(check: ResourceCheck, text: str) -> ResourceCheck:
        return ResourceCheck(check.decide, replace(check.query, **{field: text}))  # type: ignore[arg-type]

    return narrow


OVERLOADS: list[Overload] = [
    member("path", [AUTHORIZER, STRING], PATH_CHECK, lambda a, path: PathCheck(a.decide, replace(a.query, path=path))),
    member("group", [AUTHORIZER, STRING], GROUP_CHECK, lambda a, g: GroupCheck(a.decide, replace(a.query, group=g))),
    member("serviceAccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, _service_account),
    member("resource", [GROUP_CHECK, STRING], RESOURCE_CHECK,
           lambda check, resource: ResourceCheck(check.decide, replace(check.query, resource=resource))),
    member("subresource", [RESOURCE_CHECK, STRING], RESOURCE_CHECK, _narrow("subresource")),
    member("namespace", [RESOURCE_CHECK, STRING], RESOURCE_CHECK, _narrow("namespace")),
    member("name", [RESOURCE_CHECK, STRING], RESOURCE_CHECK, _narrow("name")),
    member("fieldSelector", [RESOURCE_CHECK, STRING], RESOURCE_CHECK, _narrow("field_selector")),
    member("labelSelector", [RESOURCE_CHECK, STRING], RESOURCE_CHECK, _narrow("label_selector")),
    member("check", [PATH_CHECK, STRING], DECISION, _check),
    member("check", [RESOURCE_CHECK, STRING], DECISION, _check),
    member("allowed", [DECISION], BOOL, lambda decision: decision.allowed),
    member("reason", [DECISION], STRING, lambda decision: decision.reason),
    member("errored", [DECISION], BOOL, lambda decision: bool(decision.error)),
    member("error", [DECISION], STRING, lambda decision: decision.error),
]  # fmt: skip
