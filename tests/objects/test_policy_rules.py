from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from kubewright.objects import to_dict
from kubewright.objects.policy_rules import normalize, rule
from kubewright.objects.rbac_v1 import PolicyRule


def shown(rules: list[PolicyRule]) -> list[dict[str, object]]:
    return [to_dict(entry) for entry in normalize(rules)]


def test_verbs_of_one_resource_are_merged() -> None:
    rules = [
        rule(groups=["apps"], resources=["deployments"], verbs=["watch"]),
        rule(groups=["apps"], resources=["deployments"], verbs=["get", "watch"]),
    ]
    assert shown(rules) == [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "watch"]}]


def test_resources_and_groups_with_equal_verbs_are_merged() -> None:
    rules = [
        rule(groups=["apps"], resources=["deployments", "replicasets"], verbs=["get"]),
        rule(groups=["batch"], resources=["jobs"], verbs=["get"]),
        rule(groups=["core"], resources=["pods"], verbs=["list"]),
        rule(groups=["extensions"], resources=["pods"], verbs=["list"]),
    ]
    assert shown(rules) == [
        {"apiGroups": ["", "extensions"], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]},
    ]


def test_a_star_absorbs_the_other_verbs() -> None:
    assert shown([rule(groups=[""], resources=["pods"], verbs=["get", "*"])])[0]["verbs"] == ["*"]


def test_urls_are_merged_and_names_keep_rules_apart() -> None:
    rules = [
        rule(urls=["/metrics"], verbs=["get"]),
        rule(urls=["/healthz"], verbs=["get"]),
        rule(groups=[""], resources=["secrets"], names=["a"], verbs=["get"]),
        rule(groups=[""], resources=["secrets"], verbs=["list"]),
    ]
    assert shown(rules) == [
        {"nonResourceURLs": ["/healthz", "/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]},
    ]


names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)
rules_of = st.builds(
    lambda groups, resources, verbs: rule(groups=groups, resources=resources, verbs=verbs), names, names, names
)


def grants(rules: list[PolicyRule]) -> set[tuple[str, str, str]]:
    return {grant for entry in rules for grant in product(entry.api_groups, entry.resources, entry.verbs)}


@given(st.lists(rules_of, max_size=8))
def test_normalising_grants_exactly_the_same(rules: list[PolicyRule]) -> None:
    normal = normalize(rules)
    assert grants(normal) == grants(rules)
    assert normalize(normal) == normal
    assert normalize(list(reversed(rules))) == normal
