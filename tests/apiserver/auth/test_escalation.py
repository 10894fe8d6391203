"""Granting rights that one does not have."""

from __future__ import annotations

import pytest
from tests.apiserver.auth.cluster import Cluster, Object, rule

from kubewright.apiserver.auth import RBAC
from kubewright.apiserver.auth.escalation import check
from kubewright.apiserver.request import UserInfo
from kubewright.objects.errors import Forbidden, NotFound

GROUP = "rbac.authorization.k8s.io"
MANAGER = UserInfo("m", ("system:authenticated",))


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.role("mgr", rule("create update", "roles rolebindings", GROUP), rule("get", "configmaps"), namespace="n")
    cluster.bind("mgr", "User:m", namespace="n")
    cluster.role("big", {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, namespace="n")
    cluster.role("small", rule("get", "configmaps"), namespace="n")
    return cluster


def role(*rules: Object, name: str = "new") -> Object:
    return {"metadata": {"name": name, "namespace": "n"}, "rules": list(rules)}


def binding(name: str) -> Object:
    subjects = [{"kind": "User", "name": "x"}]
    return {
        "metadata": {"name": "b", "namespace": "n"},
        "roleRef": {"kind": "Role", "name": name},
        "subjects": subjects,
    }


def test_what_one_has_one_may_grant(cluster: Cluster) -> None:
    check(RBAC(cluster, cluster.version), MANAGER, "roles", role(rule("get", "configmaps")), None)
    check(RBAC(cluster, cluster.version), MANAGER, "rolebindings", binding("small"), None)


def test_what_one_lacks_is_listed(cluster: Cluster) -> None:
    rules = [rule("get list", "configmaps secrets"), {"verbs": ["get"], "nonResourceURLs": ["/x"]}]
    with pytest.raises(Forbidden) as error:
        check(RBAC(cluster, cluster.version), MANAGER, "roles", role(*rules), None)
    assert error.value.message == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "m" (groups=["system:authenticated"]) is attempting '
        "to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}\n'
        '{NonResourceURLs:["/x"], Verbs:["get"]}'
    )


def test_a_stronger_role_may_not_be_bound(cluster: Cluster) -> None:
    with pytest.raises(Forbidden, match="not currently held"):
        check(RBAC(cluster, cluster.version), MANAGER, "rolebindings", binding("big"), None)
    with pytest.raises(NotFound):
        check(RBAC(cluster, cluster.version), MANAGER, "rolebindings", binding("absent"), None)


def test_escalate_and_bind_lift_the_checks(cluster: Cluster) -> None:
    cluster.role("power", rule("escalate bind", "roles", GROUP), namespace="n")
    cluster.bind("power", "User:m", namespace="n")
    check(RBAC(cluster, cluster.version), MANAGER, "roles", role(rule("*", "nodes")), None)
    check(RBAC(cluster, cluster.version), MANAGER, "rolebindings", binding("big"), None)


def test_unchanged_rules_are_not_checked(cluster: Cluster) -> None:
    strong = role(rule("*", "nodes"))
    check(RBAC(cluster, cluster.version), MANAGER, "roles", {**strong, "metadata": {"name": "new"}}, strong)
    check(RBAC(cluster, cluster.version), MANAGER, "rolebindings", binding("big"), binding("big"))


def test_masters_and_other_kinds_are_not_checked(cluster: Cluster) -> None:
    check(
        RBAC(cluster, cluster.version), UserInfo("root", ("system:masters",)), "roles", role(rule("*", "*", "*")), None
    )
    check(RBAC(cluster, cluster.version), MANAGER, "configmaps", {"metadata": {}}, None)


def test_aggregation_needs_all_rights(cluster: Cluster) -> None:
    aggregated = {"metadata": {"name": "a"}, "aggregationRule": {"clusterRoleSelectors": []}}
    with pytest.raises(Forbidden, match="must have cluster-admin privileges to use an aggregationRule"):
        check(RBAC(cluster, cluster.version), MANAGER, "clusterroles", aggregated, None)
