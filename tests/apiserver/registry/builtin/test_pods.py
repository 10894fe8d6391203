"""Pods and their templates: defaults, rules, what may change, what kubectl shows."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World, created, fields_and_reasons, pod, problems, strategy

from kubewright.apiserver.registry.builtin.pods import qos_class
from kubewright.apiserver.registry.strategy import Object

POD = ("v1", "Pod")


def test_a_pod_is_defaulted() -> None:
    spec = created(*POD, pod(volumes=[{"name": "v"}, {"name": "s", "secret": {"secretName": "x"}}]))["spec"]
    assert spec["restartPolicy"] == "Always"
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert spec["volumes"] == [
        {"name": "v", "emptyDir": {}},
        {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}},
    ]


def test_requests_follow_limits_in_pods_but_not_in_templates() -> None:
    limits = {"limits": {"cpu": "1"}}
    containers = [{"name": "c", "image": "i", "resources": limits}]
    assert created(*POD, pod(containers=containers))["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1"}
    template = created("v1", "PodTemplate", {"template": {"spec": {"containers": containers}}})
    assert template["template"]["spec"]["containers"][0]["resources"] == limits


@pytest.mark.parametrize(("image", "policy"), [("a", "Always"), ("a:latest", "Always"), ("r:5000/a:1", "IfNotPresent"),
                                               ("r:5000/a", "Always"), ("a@sha256:0", "IfNotPresent")])  # fmt: skip
def test_the_tag_decides_when_to_pull(image: str, policy: str) -> None:
    spec = created(*POD, pod(containers=[{"name": "c", "image": image}]))["spec"]
    assert spec["containers"][0]["imagePullPolicy"] == policy


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ({"containers": []}, [("spec.containers", "FieldValueRequired")]),
        ({"restartPolicy": "Sometimes"}, [("spec.restartPolicy", "FieldValueNotSupported")]),
        ({"nodeSelector": {"bad key": "v"}}, [("spec.nodeSelector", "FieldValueInvalid")]),
        (
            {"tolerations": [{"operator": "Equal", "value": "v"}]},
            [("spec.tolerations[0].operator", "FieldValueInvalid")],
        ),
        ({"activeDeadlineSeconds": 0}, [("spec.activeDeadlineSeconds", "FieldValueInvalid")]),
        (
            {"hostPID": True, "shareProcessNamespace": True},
            [("spec.securityContext.shareProcessNamespace", "FieldValueInvalid")],
        ),
        (
            {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}}]}}},
            [
                ("spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey", reason)
                for reason in ("FieldValueInvalid", "FieldValueInvalid", "FieldValueRequired")
            ],
        ),
        ({"volumes": [{"name": "v", "hostPath": {}}]}, [("spec.volumes[0].hostPath.path", "FieldValueRequired")]),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "nfs": {"server": "s", "path": "/p"}}]},
            [("spec.volumes[0].nfs", "FieldValueForbidden")],
        ),
    ],
)  # fmt: skip
def test_faults_of_a_pod_are_reported_at_their_fields(spec: Object, faults: list[tuple[str, str]]) -> None:
    assert problems(*POD, pod(**spec)) == sorted(faults)


@pytest.mark.parametrize(
    ("container", "field"),
    [
        ({"image": ""}, "image"),
        ({"ports": [{"containerPort": 70000}]}, "ports[0].containerPort"),
        ({"ports": [{"containerPort": 1, "name": "Bad"}]}, "ports[0].name"),
        ({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}, "volumeMounts[0].name"),
        ({"env": [{"name": ""}]}, "env[0].name"),
        ({"env": [{"name": "A", "valueFrom": {}}]}, "env[0].valueFrom"),
        ({"livenessProbe": {}}, "livenessProbe"),
        ({"livenessProbe": {"exec": {"command": ["x"]}, "successThreshold": 2}}, "livenessProbe.successThreshold"),
        ({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}, "resources.requests"),
        ({"resources": {"limits": {"cpu": "-1"}, "requests": {"cpu": "-2"}}}, "resources"),
        (
            {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
            "securityContext",
        ),
    ],
)  # fmt: skip
def test_faults_of_a_container_are_reported_at_their_fields(container: Object, field: str) -> None:
    found = problems(*POD, pod(containers=[{"name": "c", "image": "i"} | container]))
    assert found
    assert all(where.startswith(f"spec.containers[0].{field}") for where, _ in found)


def change(path: str, value: Any) -> list[tuple[str, str]]:
    old = created(*POD, pod())
    new: Any = copy.deepcopy(old)
    target, *rest = path.split(".")
    place = new[target]
    for step in rest[:-1]:
        place = place[int(step) if step.isdigit() else step]
    place[rest[-1]] = value
    return fields_and_reasons(strategy(*POD).validate_update(new, old, World()))


def test_only_a_few_fields_of_a_pod_change() -> None:
    assert change("spec.containers.0.image", "nginx:2") == []
    assert change("spec.activeDeadlineSeconds", 60) == []
    assert change("spec.tolerations", [{"key": "k", "operator": "Exists"}]) == []
    assert change("spec.containers.0.command", ["x"]) == [("spec", "FieldValueForbidden")]
    assert change("spec.nodeName", "n") == [("spec", "FieldValueForbidden")]
    assert change("spec.containers", []) == [
        ("spec.containers", "FieldValueForbidden"), ("spec.containers", "FieldValueRequired"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"requests": {"cpu": "1", "memory": "1"}, "limits": {"cpu": "1", "memory": "1"}}, "Guaranteed"),
        ({"requests": {"cpu": "1", "memory": "1"}, "limits": {"cpu": "2", "memory": "1"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: Object, quality: str) -> None:
    assert qos_class({"containers": [{"resources": resources}]}) == quality


def shown(status: Object, **metadata: str) -> list[Any]:
    obj = created(*POD, pod())
    obj["status"] = status
    obj["metadata"] |= metadata
    return strategy(*POD).cells(obj)[1:4]


def test_kubectl_sees_what_a_pod_is_doing() -> None:
    waiting = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4}
    running = {"name": "c", "ready": True, "state": {"running": {}}}
    ended = {"name": "c", "state": {"terminated": {"exitCode": 3}}}
    assert shown({"phase": "Running", "containerStatuses": [running]}) == ["1/1", "Running", "0"]
    assert shown({"phase": "Running", "containerStatuses": [waiting]}) == ["0/1", "CrashLoopBackOff", "4"]
    assert shown({"phase": "Failed", "containerStatuses": [ended]}) == ["0/1", "ExitCode:3", "0"]
    assert shown({"phase": "Running"}, deletionTimestamp="2020-01-01T00:00:00Z")[1] == "Terminating"


def test_a_pod_without_a_node_goes_at_once() -> None:
    obj = created(*POD, pod())
    assert strategy(*POD).grace_period(obj, None) == 0
    obj["spec"]["nodeName"] = "n"
    assert strategy(*POD).grace_period(obj, None) == 30
    assert strategy(*POD).grace_period(obj, 5) == 5
