"""Rules for the volumes of a pod, and for files made of Secrets, ConfigMaps, tokens and the pod's own fields.

After ``ValidateVolumes`` and ``validateProjectionSources`` in ``pkg/apis/core/validation``, oddities of paths included;
the other sources are in `volume_sources.py`.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.claim_rules import validate_claim_spec
from kubewright.apiserver.registry.builtin.field_references import validate_pod_field, validate_resource_field
from kubewright.apiserver.registry.builtin.field_rules import (
    no_backsteps,
    one_of,
    problems,
)
from kubewright.apiserver.registry.builtin.volume_sources import validate_volume_source
from kubewright.apiserver.registry.metadata_rules import (
    is_dns_label,
    is_dns_subdomain,
    validate_annotations,
    validate_labels,
)
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

_ORDER = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
"""Of several sources, the first of these is looked at, the others are refused."""
_MISSPELT = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_DOWNWARD_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_HOUR = 3600


def validate_volumes(volumes: list[Spec], field: str, pod: str = "") -> list[Cause]:
    """The volumes of a pod; with the pod's name, also those of claims to be made for it."""
    causes: list[Cause] = []
    seen: set[str] = set()
    made = {f"{pod}-{volume.get('name', '')}" for volume in volumes if pod and "ephemeral" in volume}
    for index, volume in enumerate(volumes):
        path = f"{field}[{index}]"
        name = volume.get("name", "")
        found = _source(volume, path, pod)
        found += problems(is_dns_label(name), name, f"{path}.name") if name else [required(f"{path}.name")]
        if name in seen:
            found.append(duplicate(f"{path}.name", name))
        if not found:
            seen.add(name)
        causes += found
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if claim in made:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            causes.append(invalid(f"{path}.persistentVolumeClaim.claimName", claim, text))
    return causes


def _source(volume: Spec, path: str, pod: str) -> list[Cause]:
    kinds = [kind for kind in _ORDER if kind in volume]
    if not kinds:
        return [required(path, "must specify a volume type")]
    kind, name = kinds[0], volume.get("name", "")
    source, at = volume[kind], f"{path}.{kind}"
    causes = validate_volume_source(kind, source, at, name=name)
    if "defaultMode" in source:
        causes += _mode(source["defaultMode"], f"{at}.defaultMode")
    match kind:
        case "emptyDir":
            if Quantity(source.get("sizeLimit", "0")) < Quantity(0):
                causes.append(forbidden(f"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity"))
        case "secret" | "configMap":
            for index, item in enumerate(source.get("items") or ()):
                causes += _key_to_path(item, f"{at}.items[{index}]")
        case "downwardAPI":
            for item in source.get("items") or ():
                causes += _downward_file(item, at)
        case "projected":
            causes += _projections(source.get("sources") or [], at)
        case "ephemeral":
            causes += _ephemeral(source, at)
            claim = f"{pod}-{name}"
            if pod and name:
                texts = (f'PVC name "{claim}": {problem}' for problem in is_dns_subdomain(claim))
                causes += problems(texts, name, f"{path}.name")
        case "image":
            # In a template, the image may be left to whoever makes pods of it.
            if pod and not source.get("reference"):
                causes.append(required(f"{at}.reference"))
            causes += one_of(source.get("pullPolicy"), ("Always", "IfNotPresent", "Never"), f"{at}.pullPolicy")
    text = "may not specify more than 1 volume type"
    return causes + [forbidden(f"{path}.{_MISSPELT.get(extra, extra)}", text) for extra in kinds[1:]]


def _ephemeral(source: Spec, path: str) -> list[Cause]:
    """A claim to be made for the pod: of its metadata, labels and annotations only."""
    template, path = source.get("volumeClaimTemplate"), f"{path}.volumeClaimTemplate"
    if template is None:
        return [required(path)]
    metadata = template.get("metadata") or {}
    causes = validate_annotations(metadata.get("annotations"), f"{path}.metadata.annotations")
    causes += validate_labels(metadata.get("labels"), f"{path}.metadata.labels")
    others = [name for name in metadata if name not in ("labels", "annotations")]
    causes += [forbidden(f"{path}.metadata.{name}", "cannot be set") for name in others]
    return causes + validate_claim_spec(template.get("spec") or {}, f"{path}.spec")


def _mode(value: int, field: str) -> list[Cause]:
    return [] if 0 <= value <= 0o777 else [invalid(field, value, _MODE)]


def _file_path(path: str, field: str) -> list[Cause]:
    """``ValidateLocalNonReservedPath``: inside the volume, and not where the kubelet keeps its own files."""
    causes = [invalid(field, path, "must be a relative path")] if path.startswith("/") else []
    causes += no_backsteps(path, field)
    if path.startswith("..") and not path.startswith("../"):
        causes.append(invalid(field, path, "must not start with '..'"))
    return causes


def _key_to_path(item: Spec, path: str) -> list[Cause]:
    causes = [required(f"{path}.{name}") for name in ("key", "path") if not item.get(name)]
    causes += _file_path(item.get("path", ""), f"{path}.path")
    return causes + (_mode(item["mode"], f"{path}.mode") if "mode" in item else [])


def _downward_file(item: Spec, path: str) -> list[Cause]:
    """A file of the pod's own data; Kubernetes does not say which of them is wrong."""
    causes = [] if item.get("path") else [required(f"{path}.path")]
    causes += _file_path(item.get("path", ""), f"{path}.path")
    reference, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if reference is not None:
        causes += validate_pod_field(reference, _DOWNWARD_FIELDS, f"{path}.fieldRef")
        if resource is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.append(invalid(path, "resource", text))
    elif resource is not None:
        causes += validate_resource_field(resource, f"{path}.resourceFieldRef", volume=True)
    else:
        causes.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return causes + (_mode(item["mode"], f"{path}.mode") if "mode" in item else [])


class _Files:
    """The paths that the sources of a projected volume fill, each once."""

    def __init__(self, volume: str) -> None:
        self._volume = volume
        self._taken: set[str] = set()

    def add(self, path: str, value: str | None = None) -> list[Cause]:
        """Take a path; ``value`` is what an error shows in its place."""
        if path in self._taken:
            return [invalid(self._volume, path if value is None else value, "conflicting duplicate paths")]
        self._taken.add(path)
        return []


def _projections(sources: list[Spec], path: str) -> list[Cause]:
    causes: list[Cause] = []
    files = _Files(path)
    for index, projection in enumerate(sources):
        at = f"{path}.sources[{index}]"
        for kind, source in projection.items():
            causes += _projection(kind, source, f"{at}.{kind}", path, files)
        if len(projection) > 1:
            causes.append(forbidden(at, "may not specify more than 1 volume type per source"))
    return causes


def _projection(kind: str, source: Spec, path: str, volume: str, files: _Files) -> list[Cause]:
    causes: list[Cause] = []
    match kind:
        case "secret" | "configMap":
            name = source.get("name", "")
            causes += [] if name else [required(f"{path}.name")]
            for index, item in enumerate(source.get("items") or ()):
                causes += _key_to_path(item, f"{path}.items[{index}]")
                causes += files.add(item["path"], name) if item.get("path") else []
        case "downwardAPI":
            for item in source.get("items") or ():
                causes += _downward_file(item, path)
                causes += files.add(item["path"]) if item.get("path") else []
        case "serviceAccountToken":
            seconds, file = source.get("expirationSeconds", _HOUR), source.get("path", "")
            if seconds < 600:
                text = "may not specify a duration less than 10 minutes"
                causes.append(invalid(f"{path}.expirationSeconds", seconds, text))
            if seconds > 2**32:
                text = "may not specify a duration larger than 2^32 seconds"
                causes.append(invalid(f"{path}.expirationSeconds", seconds, text))
            causes += _file_path(file, f"{volume}.path") if file else [required(f"{volume}.path")]
    return causes
