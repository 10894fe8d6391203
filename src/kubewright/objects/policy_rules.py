"""RBAC rules in one form that says the same with few lines, as controller-gen writes them.

Rules from many sources go in; a short sorted list that grants exactly the same comes out, so that generated roles
are deterministic and read well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kubewright.objects.rbac_v1 import PolicyRule


class _Grant(NamedTuple):
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]
    verbs: tuple[str, ...]


def rule(
    *,
    groups: Sequence[str] = (),
    resources: Sequence[str] = (),
    verbs: Sequence[str],
    names: Sequence[str] = (),
    urls: Sequence[str] = (),
) -> PolicyRule:
    """One RBAC rule; ``core`` stands for the unnamed group."""
    return PolicyRule(
        api_groups=["" if group == "core" else group for group in groups],
        resources=list(resources),
        resource_names=list(names),
        non_resource_urls=list(urls),
        verbs=list(verbs),
    )


def normalize(rules: Iterable[PolicyRule]) -> list[PolicyRule]:
    """Merge rules that differ in one part only, in controller-gen's order: verbs, resources, groups, URLs."""
    grants = [grant for rule in rules for grant in _split(rule)]
    for part in ("verbs", "resources", "groups", "urls"):
        grants = _merge(grants, part)
    return [
        PolicyRule(
            api_groups=list(grant.groups),
            resources=list(grant.resources),
            resource_names=list(grant.names),
            non_resource_urls=list(grant.urls),
            verbs=list(grant.verbs),
        )
        for grant in sorted(grants)
    ]


def _split(rule: PolicyRule) -> list[_Grant]:
    """One grant for each group, resource and URL.

    controller-gen splits by resource only, which leaves overlapping rules when groups overlap.
    """
    names, verbs = _sorted(rule.resource_names), _verbs(rule.verbs)
    groups = ["" if group == "core" else group for group in rule.api_groups]
    grants = [_Grant((group,), (resource,), names, (), verbs) for group in groups for resource in rule.resources]
    return grants + [_Grant((), (), names, (url,), verbs) for url in rule.non_resource_urls]


def _merge(grants: Iterable[_Grant], part: str) -> list[_Grant]:
    """Join the grants that are equal in everything but one part."""
    tidy: Callable[[Iterable[str]], tuple[str, ...]] = _verbs if part == "verbs" else _sorted
    joined: dict[_Grant, set[str]] = {}
    for grant in grants:
        joined.setdefault(grant._replace(**{part: ()}), set()).update(getattr(grant, part))
    return [rest._replace(**{part: tidy(values)}) for rest, values in joined.items()]


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _verbs(verbs: Iterable[str]) -> tuple[str, ...]:
    unique = _sorted(verbs)
    return ("*",) if "*" in unique else unique
