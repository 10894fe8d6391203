"""The rules that roles hold: what one allows, whether some cover others, and how they read in messages.

A pure algebra over ``rbac.authorization.k8s.io/v1`` PolicyRule objects; semantics: component-helpers (package
auth/rbac/validation) and pkg/apis/rbac/v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from kubewright.apiserver.request import RequestInfo


class Rule(NamedTuple):
    """A PolicyRule, made for look-ups."""

    verbs: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Rule:
        return cls(
            frozenset(raw.get("verbs") or ()),
            frozenset(raw.get("apiGroups") or ()),
            frozenset(raw.get("resources") or ()),
            frozenset(raw.get("resourceNames") or ()),
            tuple(raw.get("nonResourceURLs") or ()),
        )

    def allows(self, request: RequestInfo) -> bool:
        if request.verb not in self.verbs and "*" not in self.verbs:
            return False
        if not request.is_resource:
            return any(_url_matches(url, request.path) for url in self.urls)
        return (
            (request.group in self.groups or "*" in self.groups)
            and self._has_resource(request.resource, request.subresource)
            and (not self.names or request.name in self.names)
        )

    def _has_resource(self, resource: str, subresource: str) -> bool:
        have = self.resources
        if "*" in have:
            return True
        if not subresource:
            return resource in have
        return f"{resource}/{subresource}" in have or f"*/{subresource}" in have

    def covers(self, other: Rule) -> bool:
        """Whether all that an atomic rule (see `atoms`) allows is allowed by this one."""
        if "*" not in self.verbs and not other.verbs <= self.verbs:
            return False
        if other.urls:
            return all(any(_url_covers(url, wanted) for url in self.urls) for wanted in other.urls)
        return (
            ("*" in self.groups or other.groups <= self.groups)
            and all(self._has_resource(*_split(resource)) for resource in other.resources)
            and (not self.names or (bool(other.names) and other.names <= self.names))
        )


def _split(resource: str) -> tuple[str, str]:
    name, _, subresource = resource.partition("/")
    return name, subresource


def _url_matches(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def _url_covers(url: str, wanted: str) -> bool:
    return url in ("*", wanted) or (url.endswith("*") and wanted.startswith(url.rstrip("*")))


def atoms(raw: Mapping[str, Any]) -> Iterable[dict[str, list[str]]]:
    """A PolicyRule as many, each with one verb on one resource (and name), or on one path."""
    verbs = raw.get("verbs") or ()
    names: Sequence[str] = raw.get("resourceNames") or ()
    for group in raw.get("apiGroups") or ():
        for resource in raw.get("resources") or ():
            for verb in verbs:
                atom = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                yield from ({**atom, "resourceNames": [name]} for name in names) if names else (atom,)
    for url in raw.get("nonResourceURLs") or ():
        yield from ({"nonResourceURLs": [url], "verbs": [verb]} for verb in verbs)


def uncovered(owned: Sequence[Rule], wanted: Iterable[Mapping[str, Any]]) -> list[dict[str, list[str]]]:
    """What the wanted PolicyRules allow beyond the owned ones, as atomic rules."""
    return [atom for raw in wanted for atom in atoms(raw) if not any(rule.covers(Rule.parse(atom)) for rule in owned)]


def compact(rules: Iterable[Mapping[str, list[str]]]) -> list[dict[str, list[str]]]:
    """Join atomic rules about the same thing into one with all their verbs."""
    joined: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for rule in rules:
        subject = tuple(msgspec.json.encode(rule.get(part)).decode() for part in _PARTS[:-1])
        verbs = joined.setdefault(subject, {**rule, "verbs": []})["verbs"]
        verbs += [verb for verb in rule["verbs"] if verb not in verbs]
    for rule in joined.values():
        if "*" in rule["verbs"]:
            rule["verbs"] = ["*"]
    return list(joined.values())


_PARTS = ("apiGroups", "resources", "nonResourceURLs", "resourceNames", "verbs")


def describe(rule: Mapping[str, Sequence[str]]) -> str:
    """``{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}``."""
    shown = []
    for part in _PARTS:
        if values := rule.get(part):
            name = {"apiGroups": "APIGroups", "nonResourceURLs": "NonResourceURLs"}.get(
                part, part[0].upper() + part[1:]
            )
            shown.append(f"{name}:{quoted(values)}")
    return f"{{{', '.join(shown)}}}"


def quoted(values: Iterable[str]) -> str:
    """A list of strings as Go's ``%q`` prints it."""
    return f"[{' '.join(msgspec.json.encode(value).decode() for value in values)}]"
