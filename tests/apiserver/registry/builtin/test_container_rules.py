"""Containers: each fault is reported at the path, and for the reason, that Kubernetes gives."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import pod, problems

from kubewright.apiserver.registry.strategy import Object

AT = "spec.containers[0]"
INVALID, REQUIRED, UNSUPPORTED = "FieldValueInvalid", "FieldValueRequired", "FieldValueNotSupported"


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"image": " nginx "}, [(f"{AT}.image", INVALID)]),
        ({"ports": [{"containerPort": 1, "hostPort": 5}, {"containerPort": 2, "hostPort": 5}]},
         [(f"{AT}.ports[1].hostPort", "FieldValueDuplicate")]),
        ({"envFrom": [{"prefix": "A"}]}, [(f"{AT}.envFrom", INVALID)]),
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"key": "k"}}}]},
         [(f"{AT}.env[0].valueFrom.secretKeyRef.name", INVALID)]),
        ({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}}}]},
         [(f"{AT}.env[0].valueFrom.resourceFieldRef.resource", UNSUPPORTED)]),
        ({"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "../b"}]},
         [(f"{AT}.volumeMounts.subPath", INVALID)]),
        ({"volumeDevices": [{"name": "v", "devicePath": "/dev/x"}]}, [(f"{AT}.volumeDevices[0].name", INVALID)]),
        ({"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": "c"}]}}},
         [(f"{AT}.livenessProbe.httpGet.httpHeaders", INVALID)]),
        ({"resizePolicy": [{"resourceName": "disk", "restartPolicy": "NotRequired"}]},
         [(f"{AT}.resizePolicy", UNSUPPORTED)]),
        ({"securityContext": {"appArmorProfile": {"type": "Localhost"}}},
         [(f"{AT}.securityContext.appArmorProfile.localhostProfile", REQUIRED)]),
    ],
)  # fmt: skip
def test_faults_of_a_container(fields: Object, faults: list[tuple[str, str]]) -> None:
    container = {"name": "c", "image": "nginx:1", **fields}
    assert problems("v1", "Pod", pod(containers=[container], volumes=[{"name": "v"}])) == faults


def test_ports_on_the_host_network_are_filled_in_when_a_template_becomes_a_pod() -> None:
    template = {"spec": {"hostNetwork": True, "containers": [
        {"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}}  # fmt: skip
    assert problems("v1", "PodTemplate", {"metadata": {}, "template": template}) == []
