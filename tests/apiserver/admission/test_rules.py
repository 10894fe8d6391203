from collections.abc import Sequence
from typing import Any

import pytest
from tests.apiserver.admission.attributes import Objects, attributes, config_map

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.rules import Constraints, Target, is_exempt
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
NAMESPACES = GroupVersionResource("", "v1", "namespaces")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
BETA = (GroupVersionResource("apps", "v1beta1", "deployments"), GroupVersionKind("apps", "v1beta1", "Deployment"))


class Two:
    """Deployments are served in v1 and v1beta1."""

    def equivalents(
        self, resource: GroupVersionResource, subresource: str
    ) -> Sequence[tuple[GroupVersionResource, GroupVersionKind]]:
        return [(DEPLOYMENTS, DEPLOYMENT), BETA] if resource.resource == "deployments" else []

    async def convert(self, obj: Object, kind: GroupVersionKind) -> Object:
        return {**obj, "apiVersion": kind.api_version}

    def default(self, obj: Object) -> None: ...


def rule(
    resources: list[str],
    *,
    groups: str = "",
    versions: str = "v1",
    operations: str = "*",
    scope: str = "*",
) -> dict[str, Any]:
    return {
        "apiGroups": [groups],
        "apiVersions": [versions],
        "operations": [operations],
        "resources": resources,
        "scope": scope,
    }


def match(request: Attributes, *rules: dict[str, Any], **constraints: Any) -> Target | None:
    return Constraints(constraints, rules).match(request, Two())


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (rule(["configmaps"]), True),
        (rule(["*"]), True),
        (rule(["*/*"]), True),
        (rule(["configmaps/*"]), True),
        (rule(["configmaps/status"]), False),
        (rule(["secrets"]), False),
        (rule(["configmaps"], groups="apps"), False),
        (rule(["configmaps"], groups="*", versions="*"), True),
        (rule(["configmaps"], versions="v2"), False),
        (rule(["configmaps"], operations="DELETE"), False),
        (rule(["configmaps"], operations="CREATE", scope="Namespaced"), True),
        (rule(["configmaps"], scope="Cluster"), False),
    ],
)
def test_a_rule_names_group_version_resource_operation_and_scope(of: dict[str, Any], expected: bool) -> None:
    assert (match(attributes("CREATE"), of) is not None) == expected


@pytest.mark.parametrize(("resource", "expected"), [("*", False), ("*/*", True), ("*/status", True), ("x/*", False)])
def test_a_subresource_must_be_named(resource: str, expected: bool) -> None:
    assert (match(attributes(subresource="status"), rule([resource])) is not None) == expected


def test_a_namespace_is_cluster_scoped_though_its_requests_carry_a_namespace() -> None:
    request = attributes(resource=NAMESPACES, kind=NAMESPACE, namespace="team", name="team", obj={"metadata": {}})
    assert match(request, rule(["namespaces"], scope="Cluster"))
    assert not match(request, rule(["namespaces"], scope="Namespaced"))


def test_match_policy_equivalent_finds_the_resource_under_another_version() -> None:
    request = attributes(resource=DEPLOYMENTS, kind=DEPLOYMENT)
    beta = rule(["deployments"], groups="apps", versions="v1beta1")
    assert match(request, beta) == Target(*BETA)
    assert match(request, beta, matchPolicy="Exact") is None
    assert match(request, beta, rule(["deployments"], groups="apps")) == Target(DEPLOYMENTS, DEPLOYMENT)


def test_on_update_the_old_or_the_new_labels_may_match_the_object_selector() -> None:
    guarded, free = config_map(labels={"guard": "yes"}), config_map()
    selector = {"matchLabels": {"guard": "yes"}}
    for obj, old, expected in ((guarded, free, True), (free, guarded, True), (free, free, False)):
        request = attributes("UPDATE", obj=obj, old=old)
        assert (match(request, rule(["configmaps"]), objectSelector=selector) is not None) == expected


def test_the_namespace_selector_reads_the_labels_of_the_namespace() -> None:
    of = rule(["configmaps"])
    assert match(attributes(), of, namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "team"}})
    assert not match(attributes(), of, namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "other"}})


def test_a_namespace_being_created_is_matched_by_its_own_labels() -> None:
    namespace = {"metadata": {"name": "new", "labels": {"a": "b"}}}
    request = attributes(resource=NAMESPACES, kind=NAMESPACE, namespace="new", name="new", obj=namespace)
    assert match(request, rule(["namespaces"]), namespaceSelector={"matchLabels": {"a": "b"}})
    assert not match(request, rule(["namespaces"]), namespaceSelector={"matchLabels": {"a": "c"}})


def test_other_cluster_scoped_objects_are_never_exempt_by_namespace() -> None:
    nodes = GroupVersionResource("", "v1", "nodes")
    request = attributes(resource=nodes, namespace="", kind=GroupVersionKind("", "v1", "Node"))
    assert match(request, rule(["nodes"]), namespaceSelector={"matchLabels": {"a": "b"}})


def test_a_missing_namespace_fails_only_requests_that_a_rule_names() -> None:
    request = attributes(namespace="gone", reader=Objects())
    selector = {"matchLabels": {"a": "b"}}
    assert match(request, rule(["secrets"]), namespaceSelector=selector) is None
    with pytest.raises(NotFound, match='namespaces "gone" not found'):
        match(request, rule(["configmaps"]), namespaceSelector=selector)


def test_the_configuration_of_admission_is_exempt() -> None:
    group, kind = "admissionregistration.k8s.io", GroupVersionKind("", "v1", "")
    of = GroupVersionResource(group, "v1", "validatingwebhookconfigurations")
    assert is_exempt(attributes(resource=of, kind=kind))
    assert not is_exempt(attributes())
