"""RBAC rules from what an operator was seen to do, and their comparison with what it may do.

Events of an audit log (the embedded server's or kube-apiserver's) go in; the least rules that cover them come out, or
what a role lacks and what it grants in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from kubewright.objects.policy_rules import normalize, rule
from kubewright.objects.rbac_v1 import PolicyRule

Event = Mapping[str, Any]

# What every authenticated user may read (the role system:discovery), so no operator's role has to say it.
_DISCOVERY = ("/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz")


class Comparison(NamedTuple):
    """What a role lacks of what was done, and what it grants that was not done."""

    missing: list[PolicyRule]
    unused: list[PolicyRule]


def observed_rules(events: Iterable[Event], *, user: str = "", local: bool = False) -> list[PolicyRule]:
    """The rules that allow every request in an audit log, refused ones too.

    :param user: the name of the user to look at; by default all but the system's own (``system:...``), of which
        service accounts are taken again.
    :param local: whether an operator ran beside the cluster: how it made itself known to the API server there (its
        definitions and webhook configurations) is none of its business in a cluster.
    """
    seen = (event for event in events if _is_of(event, user) and not _is_discovery(event))
    return normalize(_rule(event) for event in seen if not (local and _is_registration(event)))


def compare(
    granted: Iterable[PolicyRule], observed: Iterable[PolicyRule], *, upkeep: Iterable[PolicyRule] = ()
) -> Comparison:
    """Hold what was done against what is granted, verb by verb.

    :param upkeep: granted as well, for leading, certificates and registration; a session beside the cluster has no use
        for them, and that makes them no less needed.
    """
    grants, kept, done = [*_grants(granted)], [*_grants(upkeep)], [*_grants(observed)]
    missing = [one for one in done if not any(_covers(grant, one) for grant in (*grants, *kept))]
    unused = [grant for grant in grants if not any(_covers(grant, one) for one in done) and not _is_upkeep(grant)]
    return Comparison(normalize(map(_to_rule, missing)), normalize(map(_to_rule, unused)))


def _is_of(event: Event, user: str) -> bool:
    if event.get("stage") == "RequestReceived":
        return False
    name = (event.get("impersonatedUser") or event["user"]).get("username", "")
    if user:
        return bool(name == user)
    return not name.startswith("system:") or name.startswith("system:serviceaccount:")


def _is_discovery(event: Event) -> bool:
    path = event["requestURI"].partition("?")[0]
    return "objectRef" not in event and any(path == known or path.startswith(f"{known}/") for known in _DISCOVERY)


def _is_registration(event: Event) -> bool:
    group = event.get("objectRef", {}).get("apiGroup")
    return group in ("admissionregistration.k8s.io", "apiextensions.k8s.io")


def _rule(event: Event) -> PolicyRule:
    reference = event.get("objectRef")
    if reference is None:
        return rule(urls=[event["requestURI"].partition("?")[0]], verbs=[event["verb"]])
    resource = reference["resource"]
    if reference.get("subresource"):
        resource = f"{resource}/{reference['subresource']}"
    verbs = [event["verb"]]
    if "sendInitialEvents=true" in event["requestURI"]:
        verbs.append("list")  # an older server doesn't know it, and is asked for a list then
    return rule(groups=[reference.get("apiGroup", "")], resources=[resource], verbs=verbs)


def _is_upkeep(grant: _Grant) -> bool:
    """Whether every operator is granted it, used or not: events, and injecting its CA into what bears its name."""
    registers = grant.group in ("admissionregistration.k8s.io", "apiextensions.k8s.io") and bool(grant.names)
    return registers or (grant.group == "events.k8s.io" and grant.verb in ("create", "patch"))


class _Grant(NamedTuple):
    """One verb on one resource, or on one URL."""

    group: str
    resource: str
    url: str
    verb: str
    names: tuple[str, ...]


def _grants(rules: Iterable[PolicyRule]) -> Iterator[_Grant]:
    for one in rules:
        names = tuple(one.resource_names)
        for group, resource, verb in product(one.api_groups, one.resources, one.verbs):
            yield _Grant(group, resource, "", verb, names)
        for url, verb in product(one.non_resource_urls, one.verbs):
            yield _Grant("", "", url, verb, ())


def _covers(grant: _Grant, done: _Grant) -> bool:
    """As RBAC matches; resource names aside, which a log of lists and creations can't tell."""
    if bool(grant.url) != bool(done.url) or grant.verb not in ("*", done.verb):
        return False
    if grant.url:
        return grant.url in ("*", done.url) or (grant.url.endswith("*") and done.url.startswith(grant.url[:-1]))
    _, _, subresource = done.resource.partition("/")
    resources = {"*", done.resource, f"*/{subresource}" if subresource else "*"}
    return grant.group in ("*", done.group) and grant.resource in resources


def _to_rule(grant: _Grant) -> PolicyRule:
    if grant.url:
        return rule(urls=[grant.url], verbs=[grant.verb])
    return rule(groups=[grant.group], resources=[grant.resource], verbs=[grant.verb], names=grant.names)
