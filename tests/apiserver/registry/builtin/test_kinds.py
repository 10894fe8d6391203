"""What is refused of the smaller kinds, as a table: kind, body, and the fields and reasons that come back."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import World, created, decoded, fields_and_reasons, pod, problems, strategy

from kubewright.apiserver.registry.strategy import Object

NETWORKING, STORAGE, FLOW, RESOURCE = (
    "networking.k8s.io/v1", "storage.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1", "resource.k8s.io/v1",
)  # fmt: skip
RBAC = "rbac.authorization.k8s.io/v1"
ROLE = {"kind": "ClusterRole", "name": "r"}
EVENTS = "events.k8s.io/v1"
EVENT = {
    "regarding": {"namespace": "n"}, "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "reason": "R",
    "action": "A", "reportingController": "c.io/c", "reportingInstance": "i",
}  # fmt: skip
SLICE = {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}]}
SCHEMA = {"priorityLevelConfiguration": {"name": "l"}}
LEVEL = {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}
CLAIM = {"name": "r", "exactly": {"deviceClassName": "c"}}
OFFER = {"driver": "d.example.com", "nodeName": "n", "pool": {"name": "p", "resourceSliceCount": 1}}


CLAIMED = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def service(**spec: object) -> Object:
    return {"spec": {"ports": [{"port": 80}], **spec}}


def policy_port(**port: object) -> Object:
    return {"spec": {"podSelector": {}, "ingress": [{"ports": [port]}]}}


@pytest.mark.parametrize(
    ("version", "kind", "body", "wrong"),
    [
        (NETWORKING, "Ingress", {"spec": {"defaultBackend": {"resource": {"kind": "B"}}}},
         [("spec.defaultBackend.resource.name", "Required")]),
        (NETWORKING, "Ingress", {"spec": {"defaultBackend": {}}}, [("spec.defaultBackend", "Invalid")]),
        (NETWORKING, "IngressClass", {"spec": {"controller": "plain"}}, [("spec.controller", "Invalid")]),
        (NETWORKING, "IngressClass",
         {"spec": {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}}},
         [("spec.parameters.namespace", "Required")]),
        (NETWORKING, "NetworkPolicy", policy_port(endPort=90), [("spec.ingress[0].ports[0].endPort", "Invalid")]),
        (NETWORKING, "NetworkPolicy", policy_port(port=90, endPort=80),
         [("spec.ingress[0].ports[0].endPort", "Invalid")]),
        (NETWORKING, "ServiceCIDR", {"spec": {"cidrs": ["10.0.0.0/8", "10.1.0.0/16"]}}, [("spec.cidrs", "Invalid")]),
        (NETWORKING, "ServiceCIDR", {"spec": {"cidrs": ["10.0.0.1/24"]}}, [("spec.cidrs[0]", "Invalid")]),
        ("discovery.k8s.io/v1", "EndpointSlice", {"addressType": "IPv4", "endpoints": [{"addresses": ["fd00::1"]}]},
         [("endpoints[0].addresses[0]", "Invalid")]),
        ("discovery.k8s.io/v1", "EndpointSlice", {"addressType": "IPv4", "endpoints": [{"addresses": ["127.0.0.1"]}]},
         [("endpoints[0].addresses[0]", "Invalid")]),
        ("discovery.k8s.io/v1", "EndpointSlice", {"addressType": "FQDN", "endpoints": [{"addresses": ["host"]}]},
         [("endpoints[0].addresses[0]", "Invalid")]),
        ("discovery.k8s.io/v1", "EndpointSlice", {**SLICE, "ports": [{"name": "a"}, {"name": "a"}]},
         [("ports[1].name", "Duplicate")]),
        (STORAGE, "StorageClass",
         {"provisioner": "p", "allowedTopologies": [{"matchLabelExpressions": [{"key": "z"}]}]},
         [("allowedTopologies[0].matchLabelExpressions[0].values", "Required")]),
        (STORAGE, "CSIDriver", {"spec": {"tokenRequests": [{"audience": "a"}, {"audience": "a"}]}},
         [("spec.tokenRequests[1].audience", "Duplicate")]),
        (STORAGE, "CSINode", {"spec": {"drivers": [{"name": "d.io", "nodeID": ""}]}},
         [("spec.drivers[0].nodeID", "Required")]),
        (STORAGE, "VolumeAttachment", {"spec": {"attacher": "a.io", "nodeName": "n", "source": {}}},
         [("spec.source", "Required")]),
        (STORAGE, "VolumeAttributesClass", {"driverName": "d.io"}, [("parameters", "Required")]),
        (FLOW, "FlowSchema", {"spec": {**SCHEMA, "matchingPrecedence": 1}}, [("spec.matchingPrecedence", "Invalid")]),
        (FLOW, "FlowSchema", {"spec": {**SCHEMA, "rules": [{"subjects": [{"kind": "User"}]}]}},
         [("spec.rules[0]", "Required"), ("spec.rules[0].subjects[0].user", "Required")]),
        (FLOW, "PriorityLevelConfiguration", {"spec": {"type": "Exempt"}}, [("spec.type", "Invalid")]),
        (FLOW, "PriorityLevelConfiguration",
         {"spec": {**LEVEL, "limited": {"limitResponse": {"type": "Queue", "queuing": {"handSize": 65}}}}},
         [("spec.limited.limitResponse.queuing.handSize", "Invalid")]),
        (RESOURCE, "ResourceClaim", {"spec": {"devices": {"requests": [{"name": "r"}]}}},
         [("spec.devices.requests[0]", "Required")]),
        (RESOURCE, "ResourceClaim", {"spec": {"devices": {"requests": [CLAIM, CLAIM]}}},
         [("spec.devices.requests[1]", "Duplicate")]),
        (RESOURCE, "ResourceClaim",
         {"spec": {"devices": {"requests": [CLAIM], "constraints": [{"requests": ["s"], "matchAttribute": "a.b/c"}]}}},
         [("spec.devices.constraints[0].requests[0]", "Invalid")]),
        (RESOURCE, "DeviceClass", {"spec": {"selectors": [{"cel": {"expression": "device.driver +"}}]}},
         [("spec.selectors[0].cel.expression", "Invalid")]),
        (RESOURCE, "ResourceSlice", {"spec": {**OFFER, "allNodes": True}}, [("spec", "Invalid")]),
        (RESOURCE, "ResourceSlice", {"spec": {**OFFER, "devices": [{"name": "a", "attributes": {"x": {}}}]}},
         [("spec.devices[0].attributes[x]", "Required")]),
        ("v1", "Service", service(ipFamilyPolicy="SingleStack", sessionAffinity="Sticky"),
         [("spec.sessionAffinity", "NotSupported")]),
        ("v1", "Service", service(loadBalancerClass="a b", type="LoadBalancer"),
         [("spec.loadBalancerClass", "Invalid")]),
        ("v1", "Service", service(trafficDistribution="Random"), [("spec.trafficDistribution", "NotSupported")]),
        ("v1", "Endpoints", {"subsets": [{"addresses": [{"ip": "10.0.0.1", "hostname": "A"}]}]},
         [("subsets[0].addresses[0].hostname", "Invalid")]),
        ("v1", "ResourceQuota", {"spec": {"hard": {"foo": "1"}}},
         [("spec.hard[foo]", "Invalid"), ("spec.hard[foo]", "Invalid")]),
        ("v1", "ResourceQuota", {"spec": {"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}},
         [("spec.scopes", "Invalid")]),
        ("v1", "ResourceQuota", {"spec": {"scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In"}]}}},
         [("spec.scopeSelector.matchExpressions.values", "Required")]),
        ("v1", "LimitRange", {"spec": {"limits": [{"type": "Container", "max": {"foo": "1"}}]}},
         [(f"spec.limits[0].{bound}[foo]", "Invalid") for bound in ("max", "default", "defaultRequest")] * 2),
        ("v1", "LimitRange", {"spec": {"limits": [
            {"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}}]}},
         [("spec.limits[0].maxLimitRequestRatio[cpu]", "Invalid")]),
        ("v1", "Node", {"status": {"capacity": {"pods": "1500m"}}},
         [("status.allocatable.pods", "Invalid"), ("status.capacity.pods", "Invalid")]),
        ("v1", "PersistentVolumeClaim", {"spec": {**CLAIMED, "dataSource": {"kind": "PersistentVolumeClaim"}}},
         [("spec.dataSource.name", "Required"), ("spec.dataSourceRef.name", "Required")]),
        ("node.k8s.io/v1", "RuntimeClass", {"handler": "h", "overhead": {"podFixed": {"cpu": "-1"}}},
         [("overhead.limits[cpu]", "Invalid")]),
        ("node.k8s.io/v1", "RuntimeClass",
         {"handler": "h", "scheduling": {"tolerations": [{"key": "a", "operator": "Exists"}] * 2}},
         [("scheduling.tolerations[1]", "Duplicate")]),
        ("scheduling.k8s.io/v1", "PriorityClass", {"metadata": {"name": "system-node-critical"}, "value": 1},
         [("metadata.name", "Forbidden")]),
        ("coordination.k8s.io/v1", "Lease", {"spec": {"leaseDurationSeconds": 0, "preferredHolder": "h"}},
         [("spec.leaseDurationSeconds", "Invalid")]),
        ("v1", "Event", {"metadata": {"name": "A_b"}, "involvedObject": {"namespace": "n"}}, []),
        (EVENTS, "Event", {**EVENT, "series": {"count": 1}, "deprecatedCount": 3, "type": "Odd"},
         [("count", "Invalid"), ("series.count", "Invalid"), ("series.lastObservedTime", "Required"),
          ("type", "Invalid")]),
        (RBAC, "RoleBinding", {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "s"}]}, []),
        (RBAC, "ClusterRoleBinding", {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "s"}]},
         [("subjects[0].namespace", "Required")]),
    ],
)  # fmt: skip
def test_what_breaks_a_rule(version: str, kind: str, body: Object, wrong: list[tuple[str, str]]) -> None:
    expected = sorted((field, f"FieldValue{reason}") for field, reason in wrong)
    assert problems(version, kind, {"metadata": {}, **body}) == expected


def test_a_class_of_volume_attributes_stays_as_it_is() -> None:
    body = {"metadata": {}, "driverName": "d.io", "parameters": {"a": "b"}}
    old, new = (created(STORAGE, "VolumeAttributesClass", body) for _ in range(2))
    new["parameters"] = {"a": "c"}
    found = fields_and_reasons(strategy(STORAGE, "VolumeAttributesClass").validate_update(new, old, World()))
    assert found == [("parameters", "FieldValueForbidden")]


def test_admin_access_takes_a_labelled_namespace() -> None:
    request = {"name": "r", "exactly": {"deviceClassName": "c", "adminAccess": True}}
    body = {"metadata": {}, "spec": {"devices": {"requests": [request]}}}
    path = "spec.devices.requests[0].exactly.adminAccess"
    assert problems(RESOURCE, "ResourceClaim", body) == [(path, "FieldValueForbidden")]
    world = World()
    labels = {"resource.kubernetes.io/admin-access": "true"}
    world.add("", "namespaces", {"metadata": {"name": "n", "labels": labels}})
    created(RESOURCE, "ResourceClaim", body, world)


def test_the_old_annotation_of_an_ingress_class_is_warned_of() -> None:
    body = {
        "metadata": {"annotations": {"kubernetes.io/ingress.class": "nginx"}},
        "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
    }
    ingress = created(NETWORKING, "Ingress", body)
    rules = strategy(NETWORKING, "Ingress")
    text = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    assert rules.warnings(ingress, None) == [text]
    assert rules.warnings(ingress, ingress) == []


def test_an_event_changes_only_in_how_often_it_happened() -> None:
    old, new = (created(EVENTS, "Event", {"metadata": {}, **EVENT}) for _ in range(2))
    new["series"] = {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}
    rules = strategy(EVENTS, "Event")
    assert rules.validate_update(new, old, World()) == []
    new["note"], new["reportingController"] = "changed", "c.io/d"
    found = fields_and_reasons(rules.validate_update(new, old, World()))
    assert found == [("message", "FieldValueInvalid"), ("reportingController", "FieldValueInvalid")]


def test_a_lease_that_names_a_strategy_keeps_it() -> None:
    kind, body = "coordination.k8s.io/v1", {"metadata": {}, "spec": {"holderIdentity": "h"}}
    old, new = (created(kind, "Lease", body) for _ in range(2))
    new["spec"]["strategy"] = "OldestEmulationVersion"
    strategy(kind, "Lease").prepare_for_update(new, new | {"spec": dict(new["spec"])}, World())
    assert new["spec"]["strategy"]
    strategy(kind, "Lease").prepare_for_update(new, old, World())
    assert "strategy" not in new["spec"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {}),
        ({"podCIDR": "10.0.0.0/24"}, {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}),
        ({"podCIDRs": ["10.0.0.0/24"]}, {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}),
        (
            {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.0.0.0/24", "fd00::/64"]},
            {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"]},
        ),
    ],
)
def test_a_field_and_the_list_that_took_its_place_agree(given: Object, wanted: Object) -> None:
    assert decoded("v1", "Node", {"spec": given})["spec"] == wanted
    addresses = {"podIP": given.get("podCIDR"), "podIPs": [{"ip": one} for one in given.get("podCIDRs", ())]}
    status = decoded("v1", "Pod", {**pod(), "status": {key: value for key, value in addresses.items() if value}})
    assert [one["ip"] for one in status["status"].get("podIPs", ())] == wanted.get("podCIDRs", [])


def test_an_annotation_of_service_accounts_is_told_of_while_it_is_new() -> None:
    accounts, name = strategy("v1", "ServiceAccount"), "kubernetes.io/enforce-mountable-secrets"
    plain, marked = ({"metadata": {"name": "a", **more}} for more in ({}, {"annotations": {name: "true"}}))
    (text,) = accounts.warnings(marked, plain)
    assert text.startswith(f"metadata.annotations[{name}]: deprecated in v1.32+;")
    assert accounts.warnings(marked, None) == [text]
    assert accounts.warnings(marked, marked) == accounts.warnings(plain, None) == []


def test_kubelets_are_not_configured_by_their_nodes_any_more() -> None:
    nodes = strategy("v1", "Node")
    body: Object = {
        "spec": {"configSource": {"configMap": {}}, "externalID": "x"},
        "status": {"config": {"error": "e"}},
    }
    made = created("v1", "Node", body)
    assert ("configSource" in made["spec"], "config" in made["status"]) == (False, False)
    assert nodes.warnings(made, None) == ["spec.externalID: this field is deprecated, and is unused by Kubernetes"]
    had, asked = (decoded("v1", "Node", body) for _ in range(2))
    nodes.prepare_for_update(asked, had, World())
    assert "configSource" in asked["spec"]
    assert nodes.warnings(asked, had)[0] == "spec.configSource: the feature is removed"
    nodes.prepare_for_update(asked, made, World())
    nodes.prepare_for_status_update(asked, made, World())
    assert ("configSource" in asked["spec"], "config" in asked["status"]) == (False, False)


@pytest.mark.parametrize(
    ("version", "kind", "annotation"),
    [
        (STORAGE, "StorageClass", "storageclass.kubernetes.io/is-default-class"),
        (STORAGE, "StorageClass", "storageclass.beta.kubernetes.io/is-default-class"),
        (NETWORKING, "IngressClass", "ingressclass.kubernetes.io/is-default-class"),
    ],
)
def test_the_default_class_is_marked(version: str, kind: str, annotation: str) -> None:
    obj = {"metadata": {"name": "a", "annotations": {annotation: "true"}}, "spec": {}}
    assert strategy(version, kind).cells(obj)[0] == "a (default)"
    obj["metadata"]["annotations"] = {annotation: "false"}
    assert strategy(version, kind).cells(obj)[0] == "a"
