"""Rules for where a volume comes from: disks, network file systems, drivers; of pods and of PersistentVolumes.

After the ``validate...VolumeSource`` functions in ``pkg/apis/core/validation``; files made of other objects are in
`volume_rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kubewright.apiserver.registry.builtin.field_rules import between, in_range, no_backsteps, optional_one_of, problems
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, not_supported, required, too_long

Spec = dict[str, Any]

_HOST_PATH_TYPES = (
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
)  # fmt: skip
_REQUIRED = {
    "awsElasticBlockStore": ("volumeID",),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "configMap": ("name",),
    "flexVolume": ("driver",),
    "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",),
    "glusterfs": ("endpoints", "path"),
    "hostPath": ("path",),
    "iscsi": ("targetPortal", "iqn"),
    "local": ("path",),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "secret": ("secretName",),
    "storageos": ("volumeName",),
    "vsphereVolume": ("volumePath",),
}
_DISK_URIS = {
    True: (
        "/subscriptions/",
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
    ),
    False: ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"),
}
_INITIATORS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+\Z", re.ASCII),
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}\Z"),
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}\Z"),
}
_LONG_TARGET = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is "
    "specified."
)
_CSI_SECRETS = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)  # fmt: skip
_HOST_AND_PORT = "must be a host:port pair or multiple pairs separated by commas"


def validate_volume_source(kind: str, source: Spec, path: str, *, name: str, persistent: bool = False) -> list[Cause]:
    """One source; ``name`` is that of the volume, ``persistent`` whether it is a PersistentVolume."""
    if kind == "gcePersistentDisk":
        path = path.removesuffix(kind) + "persistentDisk"  # This is what Kubernetes calls it.
    causes = [required(f"{path}.{field}") for field in _REQUIRED.get(kind, ()) if not source.get(field)]
    if rule := _RULES.get(kind):
        causes += rule(source, path)
    if kind == "iscsi" and "initiatorName" in source and len(f"{name}:{source.get('targetPortal', '')}") > 64:
        at, value = (
            (f"{path}.targetportal", source.get("targetPortal", ""))
            if persistent
            else (f"{path.removesuffix('.iscsi')}.name", name)
        )
        causes.append(invalid(at, value, _LONG_TARGET))
    if kind == "csi":
        causes += _persistent_csi(source, path) if persistent else _inline_csi(source, path)
    return causes + (_persistent(kind, source, path) if persistent else [])


def _host_path(source: Spec, path: str) -> list[Cause]:
    if not source.get("path"):
        return []
    causes = no_backsteps(source["path"], f"{path}.path")
    return causes + optional_one_of(source.get("type"), _HOST_PATH_TYPES, f"{path}.type")


def _git_repository(source: Spec, path: str) -> list[Cause]:
    directory, at = source.get("directory", ""), f"{path}.directory"
    causes = [invalid(at, directory, "must be a relative path")] if directory.startswith("/") else []
    return causes + no_backsteps(directory, at)


def _partition(source: Spec, path: str) -> list[Cause]:
    number = source.get("partition", 0)
    return [] if 0 <= number <= 255 else [invalid(f"{path}.partition", number, between(1, 255))]


def _nfs(source: Spec, path: str) -> list[Cause]:
    where = source.get("path", "")
    return [] if where.startswith("/") else [invalid(f"{path}.path", where, "must be an absolute path")]


def _iscsi(source: Spec, path: str) -> list[Cause]:
    causes = _initiator(source["iqn"], f"{path}.iqn") if source.get("iqn") else []
    causes += in_range(source.get("lun", 0), 0, 255, f"{path}.lun")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        causes.append(required(f"{path}.secretRef"))
    if (initiator := source.get("initiatorName")) is not None:
        causes += _initiator(initiator, f"{path}.initiatorname")
    return causes


def _initiator(name: str, field: str) -> list[Cause]:
    form = _INITIATORS.get(name[:3])
    if form is None:
        return [invalid(field, name, "must be valid format starting with iqn, eui, or naa")]
    return [] if form.match(name) else [invalid(field, name, "must be valid format")]


def _fibre_channel(source: Spec, path: str) -> list[Cause]:
    names, identifiers, lun = source.get("targetWWNs") or [], source.get("wwids"), source.get("lun")
    causes: list[Cause] = []
    if not names and not identifiers:
        causes.append(required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if names and identifiers:
        text = "targetWWNs and wwids can not be specified simultaneously"
        causes.append(invalid(f"{path}.targetWWNs", names, text))
    if names and lun is None:
        causes.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif names:
        causes += in_range(lun, 0, 255, f"{path}.lun")
    return causes


def _quobyte(source: Spec, path: str) -> list[Cause]:
    registry = source.get("registry", "")
    causes: list[Cause] = []
    if not registry:
        causes.append(required(f"{path}.registry", _HOST_AND_PORT))
    elif len(source.get("tenant", "")) >= 65:
        text = "must be a UUID and may not exceed a length of 64 characters"
        causes.append(required(f"{path}.tenant", text))
    else:
        wrong = [pair for pair in registry.split(",") if not re.fullmatch(r"(\[[^\]]*\]|[^:]*):[^:]*", pair)]
        causes += [invalid(f"{path}.registry", registry, _HOST_AND_PORT)] * len(wrong)
    return causes if source.get("volume") else [*causes, required(f"{path}.volume")]


def _flocker(source: Spec, path: str) -> list[Cause]:
    name, identifier = source.get("datasetName", ""), source.get("datasetUUID", "")
    causes: list[Cause] = []
    if not name and not identifier:
        causes.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and identifier:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        causes.append(invalid(path, "resource", text))
    return [*causes, invalid(f"{path}.datasetName", name, "must not contain '/'")] if "/" in name else causes


def _flex(source: Spec, path: str) -> list[Cause]:
    text = "kubernetes.io and k8s.io namespaces are reserved"
    return [
        invalid(f"{path}.options[{key}]", key, text)
        for key in source.get("options") or ()
        if f".{key.partition('/')[0].lower()}".endswith((".kubernetes.io", ".k8s.io"))
    ]


def _azure_disk(source: Spec, path: str) -> list[Cause]:
    kind, uri = source.get("kind"), source.get("diskURI", "")
    causes = optional_one_of(source.get("cachingMode"), ("None", "ReadOnly", "ReadWrite"), f"{path}.cachingMode")
    causes += optional_one_of(kind, ("Dedicated", "Managed", "Shared"), f"{path}.kind")
    if kind is not None:
        beginning, example = _DISK_URIS[kind == "Managed"]
        causes += [] if uri.startswith(beginning) else [not_supported(f"{path}.diskURI", uri, [example])]
    return causes


def _storage_os(source: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("volumeName", "volumeNamespace"):
        if name := source.get(field):
            causes += problems(is_dns_label(name), name, f"{path}.{field}")
    return causes + _secret_name(source, path)


def _local(source: Spec, path: str) -> list[Cause]:
    return no_backsteps(source.get("path", ""), f"{path}.path")


def _secret_name(source: Spec, path: str) -> list[Cause]:
    reference = source.get("secretRef")
    return [required(f"{path}.secretRef.name")] if reference is not None and not reference.get("name") else []


_RULES: dict[str, Callable[[Spec, str], list[Cause]]] = {
    "awsElasticBlockStore": _partition,
    "azureDisk": _azure_disk,
    "cinder": _secret_name,
    "fc": _fibre_channel,
    "flexVolume": _flex,
    "flocker": _flocker,
    "gcePersistentDisk": _partition,
    "gitRepo": _git_repository,
    "hostPath": _host_path,
    "iscsi": _iscsi,
    "local": _local,
    "nfs": _nfs,
    "quobyte": _quobyte,
    "storageos": _storage_os,
}


def _persistent(kind: str, source: Spec, path: str) -> list[Cause]:
    """What only PersistentVolumes have: they belong to no namespace, so that their secrets have to name one."""
    reference = source.get("secretRef")
    match kind:
        case "cinder" | "storageos":
            if reference is not None and not reference.get("namespace"):
                return [required(f"{path}.secretRef.namespace")]
        case "iscsi":
            return _secret_name(source, path)
        case "azureFile":
            return [required(f"{path}.secretNamespace")] if source.get("secretNamespace") == "" else []
        case "glusterfs":
            return _endpoints_namespace(source.get("endpointsNamespace"), f"{path}.endpointsNamespace")
    return []


def _endpoints_namespace(namespace: str | None, field: str) -> list[Cause]:
    if namespace is None:
        return []
    if not namespace:
        return [invalid(field, namespace, "if the endpointnamespace is set, it must be a valid namespace name")]
    return problems(is_dns_label(namespace), namespace, field)


def _csi_driver(name: str, field: str) -> list[Cause]:
    if not name:
        return [required(field)]
    causes = [too_long(field, 63)] if len(name) > 63 else []
    return causes + problems(is_dns_subdomain(name.lower()), name, field)


def _inline_csi(source: Spec, path: str) -> list[Cause]:
    causes = _csi_driver(source.get("driver", ""), f"{path}.driver")
    reference = source.get("nodePublishSecretRef")
    if reference is None:
        return causes
    name = reference.get("name", "")
    missing = [required(f"{path}.nodePublishSecretRef.name")]
    return causes + (problems(is_dns_subdomain(name), name, f"{path}.name") if name else missing)


def _persistent_csi(source: Spec, path: str) -> list[Cause]:
    causes = _csi_driver(source.get("driver", ""), f"{path}.driver")
    if not source.get("volumeHandle"):
        causes.append(required(f"{path}.volumeHandle"))
    for field in _CSI_SECRETS:
        reference = source.get(field)
        if reference is not None:
            for part, rule in (("name", is_dns_subdomain), ("namespace", is_dns_label)):
                value, at = reference.get(part, ""), f"{path}.{field}.{part}"
                causes += problems(rule(value), value, at) if value else [required(at)]
    return causes
