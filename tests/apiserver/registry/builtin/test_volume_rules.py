"""Volumes of pods and PersistentVolumes: what each source needs, and which files may come from what."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import created, pod, problems

from kubewright.apiserver.registry.strategy import Object

IQN = "iqn.2001-04.com.example:storage.disk1"
FILE = {"path": "f", "fieldRef": {"fieldPath": "metadata.name"}}


def refused(source: Object) -> list[tuple[str, str]]:
    """What is wrong with the only volume of a pod, without the path that leads to it."""
    found = problems("v1", "Pod", {"metadata": {}, **pod(serviceAccountName="s", volumes=[{"name": "v", **source}])})
    return [(field.removeprefix("spec.volumes[0]").lstrip("."), reason[len("FieldValue") :]) for field, reason in found]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ({"emptyDir": {"sizeLimit": "-1"}}, [("emptyDir.sizeLimit", "Forbidden")]),
        ({"emptyDir": {}, "hostPath": {"path": "/"}}, [("hostPath", "Forbidden")]),
        ({"gitRepo": {"repository": "r", "directory": "/a"}}, [("gitRepo.directory", "Invalid")]),
        ({"gcePersistentDisk": {"pdName": "", "partition": 300}},
         [("persistentDisk.partition", "Invalid"), ("persistentDisk.pdName", "Required")]),
        ({"nfs": {"server": "s", "path": "a"}}, [("nfs.path", "Invalid")]),
        ({"iscsi": {"targetPortal": "p", "iqn": IQN, "lun": 0}}, []),
        ({"iscsi": {"targetPortal": "p", "iqn": "iqn.2001", "lun": 256}},
         [("iscsi.iqn", "Invalid"), ("iscsi.lun", "Invalid")]),
        ({"iscsi": {"targetPortal": "p" * 64, "iqn": IQN, "lun": 0, "initiatorName": "x", "chapAuthSession": True}},
         [("iscsi.initiatorname", "Invalid"), ("iscsi.secretRef", "Required"), ("name", "Invalid")]),
        ({"fc": {}}, [("fc.targetWWNs", "Required")]),
        ({"fc": {"targetWWNs": ["a"], "wwids": ["b"]}}, [("fc.lun", "Required"), ("fc.targetWWNs", "Invalid")]),
        ({"quobyte": {"registry": "host", "volume": "v"}}, [("quobyte.registry", "Invalid")]),
        ({"flexVolume": {"driver": "d", "options": {"a.k8s.io/x": "1"}}},
         [("flexVolume.options[a.k8s.io/x]", "Invalid")]),
        ({"azureDisk": {"diskName": "d", "diskURI": "u"}}, [("azureDisk.diskURI", "NotSupported")]),
        ({"storageos": {"volumeName": "A", "secretRef": {}}},
         [("storageos.secretRef.name", "Required"), ("storageos.volumeName", "Invalid")]),
        ({"flocker": {}}, [("flocker", "Required")]),
        ({"csi": {"driver": "d" * 64, "nodePublishSecretRef": {"name": "A"}}},
         [("csi.driver", "TooLong"), ("csi.name", "Invalid")]),
        ({"secret": {"secretName": "s", "items": [{"key": "k", "path": "..x"}]}},
         [("secret.items[0].path", "Invalid")]),
        ({"downwardAPI": {"items": [{"path": "f", "fieldRef": {"fieldPath": "spec.nodeName"}}]}},
         [("downwardAPI.fieldRef.fieldPath", "NotSupported")]),
        ({"downwardAPI": {"items": [{"path": "f", "resourceFieldRef": {
            "containerName": "c", "resource": "limits.memory", "divisor": "3"}}]}},
         [("downwardAPI.resourceFieldRef.divisor", "Invalid")]),
        ({"image": {}}, [("image.reference", "Required")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_source(source: Object, wrong: list[tuple[str, str]]) -> None:
    assert refused(source) == wrong


@pytest.mark.parametrize(
    ("sources", "wrong"),
    [
        ([{"downwardAPI": {"items": [FILE]}}, {"secret": {"name": "s", "items": [{"key": "k", "path": "f"}]}}],
         [("", "Invalid")]),
        ([{"secret": {"name": "s"}, "configMap": {"name": "c"}}], [("sources[0]", "Forbidden")]),
        ([{"serviceAccountToken": {"path": "", "expirationSeconds": 10}}],
         [("path", "Required"), ("sources[0].serviceAccountToken.expirationSeconds", "Invalid")]),
        ([{"clusterTrustBundle": {}}, {"podCertificate": {}}], []),  # Features that are off.
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_projection(sources: list[Object], wrong: list[tuple[str, str]]) -> None:
    expected = [(f"projected.{field}".rstrip("."), reason) for field, reason in wrong]
    assert refused({"projected": {"sources": sources}}) == expected


def test_a_claim_made_for_the_pod_is_not_another_volume_too() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    volumes = [
        {"name": "v", "ephemeral": {"volumeClaimTemplate": template}},
        {"name": "w", "persistentVolumeClaim": {"claimName": "a-v"}},
    ]
    path = "spec.volumes[1].persistentVolumeClaim.claimName"
    assert problems("v1", "Pod", {"metadata": {}, **pod(volumes=volumes)}) == [(path, "FieldValueInvalid")]


def test_a_template_may_leave_the_image_of_a_volume_open() -> None:
    body = pod(volumes=[{"name": "v", "image": {}}], restartPolicy="Never")
    created("batch/v1", "Job", {"metadata": {}, "spec": {"template": body}})


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ({"csi": {"driver": "d", "nodeStageSecretRef": {}}}, [("csi.volumeHandle", "Required")]),
        ({"csi": {"driver": "d", "volumeHandle": "h", "nodePublishSecretRef": {"name": "s"}}},
         [("csi.nodePublishSecretRef.namespace", "Required")]),
        ({"azureFile": {"secretName": "s", "shareName": "a", "secretNamespace": ""}},
         [("azureFile.secretNamespace", "Required")]),
        ({"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": "A"}},
         [("glusterfs.endpointsNamespace", "Invalid")]),
        ({"cinder": {"volumeID": "v", "secretRef": {"name": "s"}}}, [("cinder.secretRef.namespace", "Required")]),
        ({"iscsi": {"targetPortal": "p" * 64, "iqn": IQN, "lun": 0, "initiatorName": IQN}},
         [("iscsi.targetportal", "Invalid")]),
        ({"nfs": {"server": "s", "path": "/"}, "hostPath": {"path": "/"}}, [("nfs", "Forbidden")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_persistent_volume(source: Object, wrong: list[tuple[str, str]]) -> None:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source}
    found = problems("v1", "PersistentVolume", {"metadata": {}, "spec": spec})
    assert found == [(f"spec.{field}", f"FieldValue{reason}") for field, reason in wrong]


@pytest.mark.parametrize(
    ("field", "place", "reason"),
    [
        ("status.phase", ".fieldPath", "NotSupported"),
        ("spec.odd", ".fieldPath", "Invalid"),
        ("spec.nodeName['a']", ".fieldPath", "Invalid"),
        ("metadata.labels['A b']", "", "Invalid"),
    ],
)
def test_fields_that_a_variable_cannot_be_taken_from(field: str, place: str, reason: str) -> None:
    variable = {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": field}}}
    containers = [{"name": "c", "image": "i", "env": [variable]}]
    path = f"spec.containers[0].env[0].valueFrom.fieldRef{place}"
    assert problems("v1", "Pod", {"metadata": {}, "spec": {"containers": containers}}) == [
        (path, f"FieldValue{reason}")
    ]
