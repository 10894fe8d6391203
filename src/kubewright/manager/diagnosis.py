"""The start-up diagnosis: is the server there, does it serve the kinds we watch, may we do what we need to?

What the operator declares goes in; a :class:`Diagnosis` comes out that names everything that is missing at once, as a
table and with the RBAC rules that would fix it, instead of watches that silently never begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubewright.client import Client, NoMatch, TransportError
from kubewright.objects import Object
from kubewright.objects.authorization_v1 import ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec
from kubewright.objects.errors import APIError, Unauthorized
from kubewright.objects.names import GroupVersionKind

_TIMEOUT = 8.0
"""Seconds for all of it, so that the answer is there within ten."""


class Need(NamedTuple):
    """Something that the operator is going to do."""

    group: str
    resource: str
    """Plural, with its subresource: ``websites/status``."""
    verbs: tuple[str, ...]
    why: str
    namespace: str = ""
    """Empty means: in all namespaces."""
    namespaced: bool = True
    """Whether the resource lives in namespaces, so that a Role can grant it."""
    name: str = ""
    """Of the one object that it is about; empty means: any."""

    @classmethod
    def of(cls, kind: type[Object], verbs: tuple[str, ...], why: str, *, subresource: str = "", name: str = "") -> Need:
        """The need to do these things with the objects of a kind, or with the one of that name."""
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        return cls(kind.gvk.group, resource, verbs, why, namespaced=kind.namespaced, name=name)

    def within(self, namespaces: Sequence[str] | None) -> list[Need]:
        """The need of an operator that watches these namespaces only."""
        if namespaces is None or self.namespace or not self.namespaced:
            return [self]
        return [self._replace(namespace=namespace) for namespace in namespaces]


class Problem(NamedTuple):
    """Something that is missing."""

    what: str
    why: str
    remedy: str


class Denied(NamedTuple):
    need: Need
    verbs: tuple[str, ...]


class Diagnosis(NamedTuple):
    """What was found missing; false when all is well."""

    problems: tuple[Problem, ...] = ()
    denied: tuple[Denied, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.problems or self.denied)

    def table(self) -> str:
        """All of it as text, one line each, aligned."""
        rows = [("MISSING", "NEEDED FOR", "REMEDY"), *self.problems]
        rows += [
            (f"{', '.join(denied.verbs)} {_resource(denied.need)}", denied.need.why, "grant the RBAC rule below")
            for denied in self.denied
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        return "\n".join(f"{one:<{widths[0]}}  {two:<{widths[1]}}  {three}" for one, two, three in rows)

    def rules(self) -> str:
        """The RBAC rules that grant what is denied, as YAML for the ``rules:`` of a Role or ClusterRole."""
        merged: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
        for denied in self.denied:
            resources = merged.setdefault((denied.need.group, denied.verbs, denied.need.name), [])
            if denied.need.resource not in resources:
                resources.append(denied.need.resource)
        return "".join(
            f'- apiGroups: ["{group}"]\n  resources: [{", ".join(resources)}]\n  verbs: [{", ".join(verbs)}]\n'
            + (f"  resourceNames: [{name}]\n" if name else "")
            for (group, verbs, name), resources in merged.items()
        )

    def text(self) -> str:
        return f"{self.table()}\n\nrules:\n{self.rules()}" if self.denied else self.table()


class NotReady(Exception):
    """The operator can't start; the text is the whole diagnosis."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.text())
        self.diagnosis = diagnosis


async def diagnose(client: Client, kinds: Iterable[GroupVersionKind], needs: Sequence[Need]) -> Diagnosis:
    """Ask the server; at the first sign that it can't be asked, say that and nothing else.

    :param kinds: which have to be served.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            await client.mapper.mappings()
            missing = [problem for kind in kinds if (problem := await _served(client, kind)) is not None]
            denied = await asyncio.gather(*(_allowed(client, need) for need in needs))
    except TimeoutError:
        what = f"no answer from {client.rest.transport.host} within {_TIMEOUT:g} s"
        return _unreachable(what, "is the server overloaded, or a firewall in between?")
    except Unauthorized as error:
        return _unreachable(f"not authenticated: {error}", "renew the credentials of the kubeconfig's user")
    except TransportError as error:
        return _unreachable(str(error), "check the server's address, and that it runs")
    except APIError as error:
        return _unreachable(str(error), "look at the server's logs")
    return Diagnosis(tuple(missing), tuple(one for one in denied if one is not None))


def _unreachable(what: str, remedy: str) -> Diagnosis:
    return Diagnosis((Problem(what, "everything", remedy),))


async def _served(client: Client, kind: GroupVersionKind) -> Problem | None:
    try:
        await client.mapper.mapping(kind)
    except NoMatch:
        install = "install its CustomResourceDefinition (kubewright run --install does)"
        remedy = install if "." in kind.group else "use a server that has it"
        return Problem(f"kind {kind.kind} ({kind.api_version})", "watching it", remedy)
    return None


async def _allowed(client: Client, need: Need) -> Denied | None:
    answers = await asyncio.gather(*(_ask(client, need, verb) for verb in need.verbs))
    refused = tuple(verb for verb, allowed in zip(need.verbs, answers, strict=True) if not allowed)
    return Denied(need, refused) if refused else None


async def _ask(client: Client, need: Need, verb: str) -> bool:
    resource, _, subresource = need.resource.partition("/")
    attributes = ResourceAttributes(
        group=need.group,
        resource=resource,
        subresource=subresource or None,
        verb=verb,
        namespace=need.namespace or None,
        name=need.name or None,
    )
    review = SelfSubjectAccessReview(spec=SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    return (await client.create(review)).status.allowed


def _resource(need: Need) -> str:
    name = f"{need.resource}.{need.group}" if need.group else need.resource
    if need.name:
        name += f" {need.name}"
    return f"{name} in {need.namespace}" if need.namespace else name
