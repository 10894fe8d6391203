from __future__ import annotations

from typing import Any

import pytest

from kubewright.objects import to_dict
from kubewright.objects.policy_rules import rule
from kubewright.packaging.observed_rules import compare, observed_rules


def event(verb: str, resource: str = "", *, user: str = "operator", uri: str = "/", **reference: str) -> dict[str, Any]:
    made = {"stage": "ResponseComplete", "verb": verb, "user": {"username": user}, "requestURI": uri}
    return made | ({"objectRef": {"resource": resource, **reference}} if resource else {})


def shown(rules: Any) -> list[dict[str, Any]]:
    return [to_dict(one) for one in rules]


def test_requests_become_the_rules_that_allow_them() -> None:
    events = [
        event("list", "pods"),
        event("watch", "pods"),
        event("patch", "sites", apiGroup="x.io", subresource="status"),
        event("get", uri="/metrics?x=1"),
    ]
    assert shown(observed_rules(events)) == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        {"apiGroups": ["x.io"], "resources": ["sites/status"], "verbs": ["patch"]},
    ]


@pytest.mark.parametrize(
    "ignored",
    [
        event("get", uri="/apis/apps/v1"),
        event("get", "pods", user="system:node:a"),
        event("get", "pods") | {"stage": "RequestReceived"},
    ],
)
def test_discovery_and_the_system_itself_need_no_rules(ignored: dict[str, Any]) -> None:
    assert observed_rules([ignored]) == []


def test_one_user_or_the_one_it_acts_as_can_be_picked() -> None:
    acting = event("get", "pods", user="admin") | {"impersonatedUser": {"username": "system:serviceaccount:a:b"}}
    events = [event("get", "secrets"), acting]
    assert [one.resources for one in observed_rules(events, user="operator")] == [["secrets"]]
    assert [one.resources for one in observed_rules(events, user="system:serviceaccount:a:b")] == [["pods"]]


def test_comparison_names_what_is_missing_and_what_is_unused() -> None:
    granted = [
        rule(groups=[""], resources=["pods", "secrets"], verbs=["get", "list"]),
        rule(groups=["apps"], resources=["*"], verbs=["*"]),
        rule(groups=["x.io"], resources=["*/status"], verbs=["patch"]),
        rule(urls=["/debug/*"], verbs=["get"]),
    ]
    observed = observed_rules([
        event("get", "pods"),
        event("delete", "deployments", apiGroup="apps"),
        event("patch", "sites", apiGroup="x.io", subresource="status"),
        event("get", uri="/debug/queues"),
        event("create", "events"),
    ])  # fmt: skip
    missing, unused = compare(granted, observed)
    assert shown(missing) == [{"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]
    assert shown(unused) == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
    ]


def test_upkeep_is_not_called_unused() -> None:
    home = [rule(groups=["coordination.k8s.io"], resources=["leases"], verbs=["create", "get", "update"])]
    own = [
        rule(groups=["events.k8s.io"], resources=["events"], verbs=["create", "patch"]),
        rule(
            groups=["admissionregistration.k8s.io"],
            resources=["validatingwebhookconfigurations"],
            verbs=["get", "patch"],
            names=["guard"],
        ),
    ]
    assert compare(own, [], upkeep=home) == ([], [])
    done = [rule(groups=["coordination.k8s.io"], resources=["leases"], verbs=["get"])]
    assert compare(own, done, upkeep=home).missing == []
    assert shown(compare(home, []).unused) == shown(home)
