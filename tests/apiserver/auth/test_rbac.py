"""Who may do what by roles and bindings."""

from __future__ import annotations

import pytest
from tests.apiserver.auth.cluster import Cluster, rule

from kubewright.apiserver.auth import RBAC, AlwaysAllow, Decision, bootstrap_objects, require
from kubewright.apiserver.request import ANONYMOUS, RequestInfo, UserInfo
from kubewright.objects.errors import Forbidden

JANE = UserInfo("jane", ("devs", "system:authenticated"))


def asks(verb: str, resource: str, name: str = "", *, namespace: str = "shop", group: str = "") -> RequestInfo:
    resource, _, subresource = resource.partition("/")
    return RequestInfo(verb, "/x", True, group, "v1", resource, subresource, namespace, name)


def allowed(cluster: Cluster, user: UserInfo, request: RequestInfo) -> bool:
    return RBAC(cluster, cluster.version).authorize(user, request).allowed


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_a_role_grants_in_its_namespace_only(cluster: Cluster) -> None:
    cluster.role("r", rule("get list", "configmaps deployments/scale"), namespace="shop")
    cluster.bind("r", "User:jane", namespace="shop")
    assert allowed(cluster, JANE, asks("get", "configmaps", "a"))
    assert allowed(cluster, JANE, asks("get", "deployments/scale", "a"))
    assert not allowed(cluster, JANE, asks("get", "deployments", "a"))
    assert not allowed(cluster, JANE, asks("delete", "configmaps", "a"))
    assert not allowed(cluster, JANE, asks("get", "configmaps", "a", namespace="other"))
    assert not allowed(cluster, JANE, asks("list", "configmaps", namespace=""))
    assert not allowed(cluster, UserInfo("john"), asks("get", "configmaps", "a"))


def test_a_cluster_role_reaches_as_far_as_its_binding(cluster: Cluster) -> None:
    cluster.role("r", rule("*", "secrets"), {"verbs": ["get"], "nonResourceURLs": ["/metrics", "/custom/*"]})
    cluster.bind("r", "User:jane", namespace="shop", cluster_role=True)
    assert allowed(cluster, JANE, asks("list", "secrets"))
    assert not allowed(cluster, JANE, asks("list", "secrets", namespace=""))
    assert not allowed(cluster, JANE, RequestInfo("get", "/metrics"))
    cluster.bind("r", "Group:devs")
    assert allowed(cluster, JANE, asks("list", "secrets", namespace=""))
    assert allowed(cluster, JANE, RequestInfo("get", "/metrics"))
    assert allowed(cluster, JANE, RequestInfo("get", "/custom/x"))
    assert not allowed(cluster, JANE, RequestInfo("get", "/other"))


def test_resource_names_limit_a_rule(cluster: Cluster) -> None:
    cluster.role("r", rule("get", "secrets", resourceNames=["only"]), namespace="shop")
    cluster.bind("r", "User:jane", namespace="shop")
    assert allowed(cluster, JANE, asks("get", "secrets", "only"))
    assert not allowed(cluster, JANE, asks("get", "secrets", "other"))
    assert not allowed(cluster, JANE, asks("get", "secrets"))


@pytest.mark.parametrize(
    ("resources", "asked", "answer"),
    [
        ("*", "pods", True),
        ("*", "pods/log", True),
        ("pods", "pods/log", False),
        ("pods/log", "pods/log", True),
        ("*/scale", "deployments/scale", True),
        ("*/scale", "deployments", False),
        ("pods/*", "pods/log", False),
    ],
)
def test_wildcards_of_resources(cluster: Cluster, resources: str, asked: str, answer: bool) -> None:
    cluster.role("r", rule("*", resources, "*"))
    cluster.bind("r", "User:jane")
    assert allowed(cluster, JANE, asks("get", asked, "x", group="apps")) is answer


def test_service_accounts_are_subjects(cluster: Cluster) -> None:
    cluster.role("r", rule("get", "pods"))
    cluster.bind("r", "ServiceAccount:shop/robot", namespace="shop", cluster_role=True)
    assert allowed(cluster, UserInfo("system:serviceaccount:shop:robot"), asks("get", "pods"))
    assert not allowed(cluster, UserInfo("system:serviceaccount:other:robot"), asks("get", "pods"))


def test_masters_may_do_everything(cluster: Cluster) -> None:
    assert allowed(cluster, UserInfo("root", ("system:masters",)), asks("delete", "nodes", "x"))


def test_changes_count_at_once(cluster: Cluster) -> None:
    rbac = RBAC(cluster, cluster.version)
    assert not rbac.authorize(JANE, asks("get", "pods")).allowed
    cluster.role("r", rule("get", "pods"))
    cluster.bind("r", "User:jane")
    assert rbac.authorize(JANE, asks("get", "pods")).allowed


def test_reasons_name_the_binding_or_what_is_missing(cluster: Cluster) -> None:
    cluster.role("r", rule("get", "pods"), namespace="shop")
    cluster.bind("r", "User:jane", namespace="shop")
    cluster.bind("absent", "Group:devs")
    rbac = RBAC(cluster, cluster.version)
    reason = 'RBAC: allowed by RoleBinding "r-binding/shop" of Role "r" to User "jane"'
    assert rbac.authorize(JANE, asks("get", "pods")) == Decision(True, reason)
    missing = 'RBAC: clusterrole.rbac.authorization.k8s.io "absent" not found'
    assert rbac.authorize(JANE, asks("get", "nodes")) == Decision(False, missing)


def test_aggregated_cluster_roles_hold_the_rules_they_select(cluster: Cluster) -> None:
    for resource, obj in bootstrap_objects():
        cluster.objects[resource, "", obj["metadata"]["name"]] = obj
    cluster.bind("admin", "User:jane", namespace="shop", cluster_role=True)
    assert allowed(cluster, JANE, asks("list", "pods"))
    assert allowed(cluster, JANE, asks("create", "deployments", group="apps"))
    assert allowed(cluster, JANE, asks("create", "roles", group="rbac.authorization.k8s.io"))
    assert not allowed(cluster, JANE, asks("get", "websites", group="web.example.com"))
    more = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    cluster.role("websites", rule("get", "websites", "web.example.com"), labels=more)
    assert allowed(cluster, JANE, asks("get", "websites", group="web.example.com"))


def test_bootstrap_roles_open_discovery_to_users_and_little_to_anonymous(cluster: Cluster) -> None:
    for resource, obj in bootstrap_objects():
        cluster.objects[resource, "", obj["metadata"]["name"]] = obj
    assert allowed(cluster, JANE, RequestInfo("get", "/openapi/v3"))
    assert allowed(cluster, JANE, asks("create", "selfsubjectreviews", namespace="", group="authentication.k8s.io"))
    assert allowed(cluster, ANONYMOUS, RequestInfo("get", "/version"))
    assert not allowed(cluster, ANONYMOUS, RequestInfo("get", "/apis"))


@pytest.mark.parametrize(
    ("request_info", "message", "details"),
    [
        (
            asks("get", "pods/log", "web"),
            (
                'pods "web" is forbidden: User "jane" cannot get resource "pods/log" in API group "" '
                'in the namespace "shop"'
            ),
            {"name": "web", "kind": "pods"},
        ),
        (
            asks("list", "deployments", group="apps", namespace=""),
            (
                'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" '
                "at the cluster scope"
            ),
            {"group": "apps", "kind": "deployments"},
        ),
        (RequestInfo("get", "/apis"), 'forbidden: User "jane" cannot get path "/apis"', {}),
    ],
)
def test_refusals_read_as_in_kubernetes(
    cluster: Cluster, request_info: RequestInfo, message: str, details: dict[str, str]
) -> None:
    with pytest.raises(Forbidden) as error:
        require(RBAC(cluster, cluster.version), JANE, request_info)
    assert error.value.message == message
    assert error.value.status()["details"] == details


def test_always_allow_allows() -> None:
    require(AlwaysAllow(), ANONYMOUS, asks("delete", "nodes"))
