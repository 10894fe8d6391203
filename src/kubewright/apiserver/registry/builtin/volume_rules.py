"""Rules for the volumes of a pod and the sources that PersistentVolumes share with them.

After ``validateVolumes`` and ``validateVolumeSource`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.claim_rules import validate_claim_spec
from kubewright.apiserver.registry.builtin.field_rules import (
    config_key,
    non_negative_quantity,
    one_of,
    optional_one_of,
    problems,
    relative_path,
)
from kubewright.apiserver.registry.metadata_rules import (
    is_dns_label,
    is_dns_subdomain,
    validate_annotations,
    validate_labels,
)
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required

Spec = dict[str, Any]

_HOST_PATH_TYPES = (
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
)  # fmt: skip
_REQUIRED = {
    "nfs": ("server", "path"),
    "iscsi": ("targetPortal", "iqn"),
    "cephfs": ("monitors",),
    "rbd": ("monitors", "image"),
    "glusterfs": ("endpoints", "path"),
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "cinder": ("volumeID",),
    "azureFile": ("secretName", "shareName"),
    "azureDisk": ("diskName", "diskURI"),
    "vsphereVolume": ("volumePath",),
    "portworxVolume": ("volumeID",),
    "flexVolume": ("driver",),
    "persistentVolumeClaim": ("claimName",),
    "secret": ("secretName",),
    "configMap": ("name",),
    "hostPath": ("path",),
    "local": ("path",),
    "csi": ("driver",),
    "gitRepo": ("repository",),
    "scaleIO": ("gateway", "system", "volumeName"),
    "quobyte": ("registry", "volume"),
    "image": ("reference",),
}
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_PROJECTIONS = ("secret", "downwardAPI", "configMap", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def validate_volumes(volumes: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        path = f"{field}[{index}]"
        name = volume.get("name", "")
        causes += _source(volume, path)
        if not name:
            causes.append(required(f"{path}.name"))
        elif found := is_dns_label(name):
            causes += problems(found, name, f"{path}.name")
        elif name in seen:
            causes.append(duplicate(f"{path}.name", name))
        else:
            seen.add(name)
    return causes


def _source(volume: Spec, path: str) -> list[Cause]:
    sources = [key for key in volume if key != "name"]
    if not sources:
        return [required(path, "must specify a volume type")]
    causes = validate_volume_source(sources[0], volume[sources[0]], f"{path}.{sources[0]}")
    text = "may not specify more than 1 volume type"
    return causes + [forbidden(f"{path}.{extra}", text) for extra in sources[1:]]


def validate_volume_source(kind: str, source: Spec, path: str) -> list[Cause]:
    """One source, of a pod's volume or of a PersistentVolume."""
    causes = [required(f"{path}.{name}") for name in _REQUIRED.get(kind, ()) if not source.get(name)]
    if "defaultMode" in source:
        causes += _mode(source["defaultMode"], f"{path}.defaultMode")
    for index, item in enumerate(source.get("items") or ()):
        causes += _key_to_path(item, f"{path}.items[{index}]", downward=kind == "downwardAPI")
    match kind:
        case "hostPath":
            if ".." in source.get("path", "").split("/"):
                causes.append(invalid(f"{path}.path", source["path"], "must not contain '..'"))
            causes += optional_one_of(source.get("type"), _HOST_PATH_TYPES, f"{path}.type")
        case "nfs":
            if source.get("path") and not source["path"].startswith("/"):
                causes.append(invalid(f"{path}.path", source["path"], "must be an absolute path"))
        case "emptyDir":
            if "sizeLimit" in source:
                causes += non_negative_quantity(source["sizeLimit"], f"{path}.sizeLimit")
        case "csi":
            causes += _csi_driver(source.get("driver", ""), f"{path}.driver")
        case "projected":
            causes += _projections(source.get("sources") or [], f"{path}.sources")
        case "ephemeral":
            template = source.get("volumeClaimTemplate")
            if template is None:
                causes.append(required(f"{path}.volumeClaimTemplate"))
            else:
                causes += _claim_template(template, f"{path}.volumeClaimTemplate")
        case "image":
            policies = ("Always", "IfNotPresent", "Never")
            causes += one_of(source.get("pullPolicy"), policies, f"{path}.pullPolicy")
    return causes


def _claim_template(template: Spec, path: str) -> list[Cause]:
    """A claim to be made for the pod: of its metadata, labels and annotations only."""
    metadata = template.get("metadata") or {}
    causes = validate_annotations(metadata.get("annotations"), f"{path}.metadata.annotations")
    causes += validate_labels(metadata.get("labels"), f"{path}.metadata.labels")
    others = [name for name in metadata if name not in ("labels", "annotations")]
    causes += [forbidden(f"{path}.metadata.{name}", "cannot be set for an ephemeral volume") for name in others]
    return causes + validate_claim_spec(template.get("spec") or {}, f"{path}.spec")


def _mode(value: int, field: str) -> list[Cause]:
    return [] if 0 <= value <= 0o777 else [invalid(field, value, _MODE)]


def _key_to_path(item: Spec, path: str, *, downward: bool) -> list[Cause]:
    causes = []
    if downward:
        if not item.get("fieldRef") and not item.get("resourceFieldRef"):
            causes.append(required(path, "one of fieldRef and resourceFieldRef is required"))
        elif item.get("fieldRef") and item.get("resourceFieldRef"):
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.append(invalid(path, "resource", text))
    elif not item.get("key"):
        causes.append(required(f"{path}.key"))
    if not item.get("path"):
        causes.append(required(f"{path}.path"))
    else:
        causes += relative_path(item["path"], f"{path}.path")
    if downward and item.get("resourceFieldRef"):
        causes += validate_resource_field(item["resourceFieldRef"], f"{path}.resourceFieldRef", volume=True)
    if "mode" in item:
        causes += _mode(item["mode"], f"{path}.mode")
    return causes


def _csi_driver(name: str, field: str) -> list[Cause]:
    return problems(is_dns_subdomain(name.lower()), name, field) if name else []


def _projections(sources: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, projection in enumerate(sources):
        path = f"{field}[{index}]"
        given = [name for name in _PROJECTIONS if name in projection]
        if not given:
            causes.append(required(path, "must specify at least one projection"))
        causes += [forbidden(f"{path}.{extra}", "may not specify more than 1 volume type") for extra in given[1:]]
        for name in given:
            source = projection[name]
            if name in ("secret", "configMap") and not source.get("name"):
                causes.append(required(f"{path}.{name}.name"))
            if name == "serviceAccountToken":
                causes += _token_projection(source, f"{path}.{name}")
            for at, item in enumerate(source.get("items") or ()):
                causes += _key_to_path(item, f"{path}.{name}.items[{at}]", downward=name == "downwardAPI")
    return causes


def _token_projection(source: Spec, path: str) -> list[Cause]:
    seconds = source.get("expirationSeconds", 3600)
    causes = []
    if seconds < 600:
        causes.append(invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
    if seconds > 2**32:
        causes.append(
            invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
        )
    if not source.get("path"):
        causes.append(required(f"{path}.path"))
    else:
        causes += relative_path(source["path"], f"{path}.path")
    return causes


def validate_key_reference(reference: Spec, field: str) -> list[Cause]:
    """A ConfigMapKeySelector or SecretKeySelector."""
    name, key = reference.get("name", ""), reference.get("key", "")
    causes = problems(is_dns_subdomain(name), name, f"{field}.name")
    if not key:
        return [*causes, required(f"{field}.key")]
    return causes + problems(config_key(key), key, f"{field}.key")


_CONTAINER_RESOURCES = tuple(
    f"{bound}.{name}" for bound in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)


def validate_resource_field(reference: Spec, field: str, *, volume: bool = False) -> list[Cause]:
    """A ResourceFieldSelector; in a volume it has to say which container is meant."""
    resource = reference.get("resource", "")
    if volume and not reference.get("containerName"):
        return [required(f"{field}.containerName")]
    if not resource:
        return [required(f"{field}.resource")]
    if resource not in _CONTAINER_RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        return [not_supported(f"{field}.resource", resource, _CONTAINER_RESOURCES)]
    divisor = reference.get("divisor", "0")
    if resource.endswith(".cpu") and divisor not in ("0", "1", "1m"):
        text = "only divisor's values 1m and 1 are supported with the cpu resource"
        return [invalid(f"{field}.divisor", resource, text)]
    return []
