"""What is refused of a pod's spec, as a table; and what a Pod may change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World, created, fields_and_reasons, pod, problems, strategy

from kubewright.apiserver.registry.builtin.resource_requirements import total_requests
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.quantity import Quantity


def container(**fields: object) -> Object:
    return {"name": "c", "image": "nginx:1", **fields}


def one(**fields: object) -> Object:
    return {"containers": [container(**fields)]}


C = "spec.containers[0]"
NODE_TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
INVALID, REQUIRED, FORBIDDEN, UNSUPPORTED = (
    f"FieldValue{reason}" for reason in ("Invalid", "Required", "Forbidden", "NotSupported")
)


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        (one(lifecycle={"preStop": {"sleep": {"seconds": 31}}}), [(f"{C}.lifecycle.preStop.sleep", INVALID)]),
        (one(restartPolicy="Sometimes"), [(f"{C}.restartPolicy", UNSUPPORTED)]),
        (one(restartPolicyRules=[{"action": "Restart"}]),
         [(f"{C}.restartPolicy", REQUIRED), (f"{C}.restartPolicyRules[0].exitCodes", REQUIRED)]),
        (one(resources={"claims": [{"name": "gpu"}]}), [(f"{C}.resources.claims[0]", "FieldValueNotFound")]),
        (one(resources={"limits": {"example.com/gpu": "500m"}, "requests": {"example.com/gpu": "500m"}}),
         [(f"{C}.resources.limits[example.com/gpu]", INVALID), (f"{C}.resources.requests[example.com/gpu]", INVALID)]),
        (one(resources={"limits": {"hugepages-2Mi": "2Mi"}, "requests": {"hugepages-2Mi": "2Mi"}}),
         [(f"{C}.resources", FORBIDDEN)]),
        (one(env=[{"name": "A", "valueFrom": {"fileKeyRef": {"key": "a", "path": "f", "volumeName": "v"}}}]),
         [(f"{C}.env[0].valueFrom.fileKeyRef.volumeName", "FieldValueNotFound")]),
        (one(securityContext={"procMount": "Unmasked"}), [(f"{C}.securityContext.procMount", INVALID)]),
        ({"resourceClaims": [{"name": "a"}]}, [("spec.resourceClaims[0]", INVALID)]),
        ({"hostnameOverride": "a", "hostNetwork": True}, [("spec.hostnameOverride", FORBIDDEN)]),
        ({"overhead": {"cpu": "-1"}}, [("spec.overhead.limits[cpu]", INVALID)]),
        ({"os": {"name": "windows"}, "hostPID": True}, [("spec.hostPID", FORBIDDEN)]),
        ({"os": {"name": "plan9"}}, [("spec.os.name", UNSUPPORTED)]),
        ({"resources": {"requests": {"cpu": "1"}}, **one(resources={"requests": {"cpu": "2"}})},
         [("spec.resources.requests[cpu]", INVALID)]),
        ({"resources": {"limits": {"ephemeral-storage": "1Gi"}}},
         [("spec.resources.limits[ephemeral-storage]", UNSUPPORTED),
          ("spec.resources.requests[ephemeral-storage]", UNSUPPORTED)]),
        ({"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}, "hostNetwork": True},
         [("spec.securityContext.sysctls[0].name", INVALID)]),
        ({"volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
         [("spec.volumes[0].projected.sources[0].serviceAccountToken", FORBIDDEN)]),
        ({"volumes": [{"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]},
         [("spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes", REQUIRED),
          ("spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]", REQUIRED)]),
        ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["not a value"]}]}]}}}},
         [(f"{NODE_TERMS}[0].matchExpressions[0].values[0]", INVALID)]),
        ({"initContainers": [container(name="i", livenessProbe={"exec": {}})]},
         [("spec.initContainers[0].livenessProbe", FORBIDDEN)]),
    ],
)  # fmt: skip
def test_specs_that_break_a_rule(spec: Object, wrong: list[tuple[str, str]]) -> None:
    assert problems("v1", "Pod", {"metadata": {}, **pod(**spec)}) == sorted(wrong)


def test_the_cost_of_a_deletion_is_a_number() -> None:
    key = "controller.kubernetes.io/pod-deletion-cost"
    for cost, wrong in (("-7", []), ("cheap", [(f"metadata.annotations[{key}]", INVALID)])):
        assert problems("v1", "Pod", {"metadata": {"annotations": {key: cost}}, **pod()}) == wrong


def changed(old: Object, **spec: Any) -> list[tuple[str, str]]:
    new = copy.deepcopy(old)
    new["spec"] |= spec
    return fields_and_reasons(strategy("v1", "Pod").validate_update(new, old, World()))


def test_a_gated_pod_can_only_be_narrowed() -> None:
    gated = created("v1", "Pod", {"metadata": {}, **pod(schedulingGates=[{"name": "g"}], nodeSelector={"a": "b"})})
    assert changed(gated, nodeSelector={"a": "b", "c": "d"}) == []
    assert changed(gated, nodeSelector={"c": "d"}) == [("spec.nodeSelector", INVALID)]
    assert changed(gated, schedulingGates=[{"name": "g"}, {"name": "h"}]) == [
        ("spec.schedulingGates[1].name", FORBIDDEN)
    ]
    assert changed(gated, schedulingGates=[]) == []


def test_a_pod_that_is_not_gated_stays_where_it_is() -> None:
    assert changed(created("v1", "Pod", {"metadata": {}, **pod()}), nodeSelector={"a": "b"}) == [("spec", FORBIDDEN)]


def resized(old: Object, resources: Object) -> list[tuple[str, str]]:
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["resources"] = resources
    causes = strategy("v1", "Pod").validate_subresource_update("resize", new, old, World())
    return fields_and_reasons(causes)


def test_a_resize_changes_amounts_of_cpu_and_memory() -> None:
    old = created("v1", "Pod", {"metadata": {}, **pod(**one(resources={"requests": {"cpu": "1"}}))})
    assert resized(old, {"requests": {"cpu": "2"}}) == []
    assert resized(old, {"requests": {"memory": "1Gi"}}) == [(f"{C}.resources.requests", FORBIDDEN)]
    assert resized(old, {"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}}) == [("spec", FORBIDDEN)]


@pytest.mark.parametrize(
    ("spec", "code", "allowed"),
    [
        ({"restartPolicy": "Always"}, 0, True),
        ({"restartPolicy": "OnFailure"}, 0, False),
        ({"restartPolicy": "OnFailure"}, 1, True),
        ({"restartPolicy": "Never"}, 1, False),
        ({"restartPolicy": "Never", **one(restartPolicy="Always")}, 1, True),
    ],
)
def test_ended_containers_come_back_by_their_policy(spec: Object, code: int, allowed: bool) -> None:
    old = created("v1", "Pod", {"metadata": {}, **pod(**spec)})
    new = copy.deepcopy(old)
    old["status"]["containerStatuses"] = [{"name": "c", "state": {"terminated": {"exitCode": code}}}]
    new["status"]["containerStatuses"] = [{"name": "c", "state": {"running": {}}}]
    causes = strategy("v1", "Pod").validate_status_update(new, old, World())
    wrong = [] if allowed else [("status.containerStatuses[0].state", FORBIDDEN)]
    assert fields_and_reasons(causes) == wrong


def test_a_pod_asks_for_its_containers_or_its_largest_init_container() -> None:
    def asks(cpu: str, **fields: object) -> Object:
        return container(resources={"requests": {"cpu": cpu}}, **fields)

    spec = {"containers": [asks("1"), asks("1")], "initContainers": [asks("1", restartPolicy="Always"), asks("5")]}
    assert total_requests(spec) == {"cpu": Quantity("6")}
