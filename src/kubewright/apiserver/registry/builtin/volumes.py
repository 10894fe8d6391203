"""PersistentVolumes and their claims.

After ``pkg/apis/core/validation`` and ``pkg/registry/core/{persistentvolume,persistentvolumeclaim}``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kubewright.apiserver.registry.builtin.base import (
    BuiltinStrategy,
    age,
    columns,
    name_of,
    same,
)
from kubewright.apiserver.registry.builtin.claim_rules import (
    ACCESS_MODES,
    ATTRIBUTES_CLASS,
    VOLUME_MODES,
    claim_warnings,
    positive_quantity,
    validate_claim_spec,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    non_negative_quantity,
    one_of,
    optional_one_of,
    problems,
)
from kubewright.apiserver.registry.builtin.node_label_warnings import node_term_warnings
from kubewright.apiserver.registry.builtin.pod_defaults import default_volume_source
from kubewright.apiserver.registry.builtin.pod_warnings import DEAD_VOLUMES
from kubewright.apiserver.registry.builtin.scheduling_rules import validate_node_selector
from kubewright.apiserver.registry.builtin.volume_sources import validate_volume_source
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

_MODE_TEXT = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_RECLAIM = ("Delete", "Recycle", "Retain")
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_OLD_ANNOTATIONS = {
    _OLD_CLASS: 'deprecated since v1.8; use "storageClassName" attribute instead',
    "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
}
_RESIZE_STATES = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizePending", "NodeResizeInProgress",
    "NodeResizeInfeasible",
)  # fmt: skip
_SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
"""Of several, the first of these is looked at."""
_NOT_A_SOURCE = frozenset(
    {
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
        "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    }
)  # fmt: skip


def _modes_text(modes: list[str] | None) -> str:
    return ",".join(text for mode, text in _MODE_TEXT.items() if mode in (modes or ()))


def _source_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in _NOT_A_SOURCE}


def _fixed_source(spec: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The source of a volume without the one thing that may be added: whose secret expands it."""
    source, had, key = _source_of(spec), old.get("csi"), "controllerExpandSecretRef"
    if "csi" in source and had is not None and key not in had:
        source["csi"] = {name: value for name, value in source["csi"].items() if name != key}
    return source


class PersistentVolumeStrategy(BuiltinStrategy):
    columns = columns(
        "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass", "VolumeAttributesClass",
        "Reason", "Age", wide=("VolumeMode",),
    )  # fmt: skip
    status = True
    return_deleted = True
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        obj.setdefault("status", {}).setdefault("phase", "Pending")
        spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
        spec.setdefault("volumeMode", "Filesystem")
        for kind, source in _source_of(spec).items():
            default_volume_source(kind, source)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": _now()}

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_status_update(obj, old, reader)
        before = old.get("status") or {}
        if obj["status"].get("phase") != before.get("phase"):
            obj["status"]["lastPhaseTransitionTime"] = _now()

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        if not spec.get("accessModes"):
            causes.append(required("spec.accessModes"))
        for mode in spec.get("accessModes") or ():
            causes += optional_one_of(mode, ACCESS_MODES, "spec.accessModes")
        if "ReadWriteOncePod" in (spec.get("accessModes") or ()) and len(spec["accessModes"]) > 1:
            causes.append(forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
        capacity = spec.get("capacity") or {}
        if not capacity:
            causes.append(required("spec.capacity"))
        if list(capacity) != ["storage"]:
            causes.append(not_supported("spec.capacity", capacity, ["storage"]))
        for name, amount in capacity.items():
            path = f"spec.capacity[{name}]"
            causes += problems(is_qualified_name(name), name, path) + positive_quantity(amount, path)
        causes += one_of(spec.get("persistentVolumeReclaimPolicy"), _RECLAIM, "spec.persistentVolumeReclaimPolicy")
        sources = [kind for kind in _SOURCES if kind in spec]
        if not sources:
            causes.append(required("spec", "must specify a volume type"))
        for kind in sources[:1]:
            causes += validate_volume_source(kind, spec[kind], f"spec.{kind}", name=name_of(obj), persistent=True)
        text = "may not specify more than 1 volume type"
        causes += [forbidden(f"spec.{extra}", text) for extra in sources[1:]]
        if "local" in spec and not spec.get("nodeAffinity"):
            causes.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
        node_affinity = (spec.get("nodeAffinity") or {}).get("required")
        if node_affinity:
            causes += validate_node_selector(node_affinity, "spec.nodeAffinity.required")
        if spec.get("storageClassName"):
            name = spec["storageClassName"]
            causes += problems(is_dns_subdomain(name), name, "spec.storageClassName")
        recycled = spec.get("persistentVolumeReclaimPolicy") == "Recycle"
        if recycled and posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/":
            text = "may not be 'recycle' for a hostPath mount of '/'"
            causes.append(forbidden("spec.persistentVolumeReclaimPolicy", text))
        if (attributes := spec.get(ATTRIBUTES_CLASS)) is not None:
            path = f"spec.{ATTRIBUTES_CLASS}"
            causes += (
                problems(is_dns_subdomain(attributes), attributes, path)
                if attributes
                else [required(path, "an empty string is disallowed")]
            )
            if "csi" not in spec:
                causes.append(required("spec.csi", f"has to be specified when using {ATTRIBUTES_CLASS}"))
        return causes + optional_one_of(spec.get("volumeMode"), VOLUME_MODES, "spec.volumeMode")

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        spec, annotations = obj["spec"], obj["metadata"].get("annotations") or {}
        found = [f"metadata.annotations[{key}]: {text}" for key, text in _OLD_ANNOTATIONS.items() if key in annotations]
        if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            text = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use"
            found.append(f"spec.persistentVolumeReclaimPolicy: {text} dynamic provisioning.")
        terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
        for index, term in enumerate(terms):
            found += node_term_warnings(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
        return found + [f"spec.{kind}: {text}" for kind, text in DEAD_VOLUMES.items() if kind in spec]

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = self.rules(obj)
        if old["spec"].get(ATTRIBUTES_CLASS) is not None and obj["spec"].get(ATTRIBUTES_CLASS) is None:
            causes.append(forbidden(f"spec.{ATTRIBUTES_CLASS}", "update from non-nil value to nil is forbidden"))
        if not same(_fixed_source(obj["spec"], old["spec"]), _source_of(old["spec"])):
            text = "spec.persistentvolumesource is immutable after creation"
            causes.append(forbidden("spec.persistentvolumesource", text))
        causes += immutable(obj["spec"].get("volumeMode"), old["spec"].get("volumeMode"), "volumeMode")
        if old["spec"].get("nodeAffinity"):
            affinity = obj["spec"].get("nodeAffinity")
            causes += immutable(affinity, old["spec"]["nodeAffinity"], "nodeAffinity")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        claim = spec.get("claimRef")
        phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
        return [
            name_of(obj),
            (spec.get("capacity") or {}).get("storage", "0"),
            _modes_text(spec.get("accessModes")),
            spec.get("persistentVolumeReclaimPolicy", ""),
            phase,
            f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
            spec.get("storageClassName", ""),
            spec.get("volumeAttributesClassName") or "<unset>",
            status.get("reason", ""),
            age(obj),
            spec.get("volumeMode") or "<unset>",
        ]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def default_claim(claim: Object) -> None:
    """A PersistentVolumeClaim, alone or as a template of a StatefulSet."""
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    claim.setdefault("status", {}).setdefault("phase", "Pending")


class PersistentVolumeClaimStrategy(BuiltinStrategy):
    columns = columns(
        "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age",
        wide=("VolumeMode",),
    )  # fmt: skip
    status = True
    return_deleted = True
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        default_claim(obj)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        obj["status"] = {"phase": "Pending"}
        _normalize_sources(obj["spec"], {})

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        _normalize_sources(obj["spec"], old["spec"])

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return claim_warnings(obj["spec"], "spec")

    def rules(self, obj: Object) -> list[Cause]:
        return validate_claim_spec(obj["spec"], "spec")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        causes = self.rules(obj)
        bound = (old.get("status") or {}).get("phase") == "Bound"
        wanted, had = _requested(new) or Quantity(0), _requested(before) or Quantity(0)
        held = Quantity(((old.get("status") or {}).get("capacity") or {}).get("storage", "0"))
        if wanted < had and wanted <= held:
            causes.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
        if (old.get("status") or {}).get("currentVolumeAttributesClassName") and not new.get(ATTRIBUTES_CLASS):
            what = "nil" if new.get(ATTRIBUTES_CLASS) is None else "empty string"
            text = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
            if new.get(ATTRIBUTES_CLASS) != before.get(ATTRIBUTES_CLASS):
                causes.append(forbidden(f"spec.{ATTRIBUTES_CLASS}", text))
        annotations = [(one["metadata"].get("annotations") or {}).get(_OLD_CLASS) for one in (obj, old)]
        if annotations[0] != annotations[1]:
            path = f"metadata.annotations[{_OLD_CLASS}]"
            causes.append(invalid(path, annotations[0] or "", "field is immutable"))
        if not same(_fixed_claim(new, before, bound), _fixed_claim(before, before, bound)):
            text = (
                "spec is immutable after creation except resources.requests and volumeAttributesClassName "
                "for bound claims"
            )
            causes.append(forbidden("spec", text))
        return causes + immutable(new.get("volumeMode"), before.get("volumeMode"), "volumeMode")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj["status"]
        causes: list[Cause] = []
        for name, amount in sorted((status.get("capacity") or {}).items()):
            causes += non_negative_quantity(amount, f"status.capacity[{name}]")
        for name, state in sorted((status.get("allocatedResourceStatuses") or {}).items()):
            causes += _claim_resource(name, "status.allocatedResourceStatuses")
            if state not in _RESIZE_STATES:
                causes.append(not_supported("status.allocatedResourceStatuses", name, _RESIZE_STATES))
        for name, amount in sorted((status.get("allocatedResources") or {}).items()):
            wrong = _claim_resource(name, "status.allocatedResources")
            causes += wrong or non_negative_quantity(amount, f"status.allocatedResources[{name}]")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        bound = bool(spec.get("volumeName"))
        phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
        return [
            name_of(obj),
            phase,
            spec.get("volumeName", ""),
            (status.get("capacity") or {}).get("storage", "0") if bound else "",
            _modes_text(status.get("accessModes")) if bound else "",
            spec.get("storageClassName", ""),
            spec.get("volumeAttributesClassName") or "<unset>",
            age(obj),
            spec.get("volumeMode") or "<unset>",
        ]


def _claim_resource(name: str, field: str) -> list[Cause]:
    if found := is_qualified_name(name):
        return problems(found, name, field)
    native = "/" not in name or "kubernetes.io/" in name
    return [not_supported(field, name, ["storage"])] if native and name != "storage" else []


def _normalize_sources(spec: Spec, old: Spec) -> None:
    """The two names of a data source mirror each other; the older one knows claims and snapshots only."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if reference is not None and reference.get("namespace") and not old.get("dataSourceRef"):
        # From other namespaces: a feature that is off.
        del spec["dataSourceRef"]
        reference = None
    if source is not None and not old.get("dataSource"):
        kind = source.get("apiGroup") or "", source.get("kind", "")
        if kind not in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")):
            del spec["dataSource"]
            source = None
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None:
        spec["dataSource"] = {key: value for key, value in reference.items() if key != "namespace"}


def _requested(spec: Spec) -> Quantity | None:
    amount = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return None if amount is None else Quantity(amount)


def _fixed_claim(spec: Spec, before: Spec, bound: bool) -> Spec:
    """A claim's spec without what may still change: the volume once, the size when bound, a class given late."""
    fixed = dict(spec)
    if not before.get("volumeName"):
        fixed.pop("volumeName", None)
    if "storageClassName" not in before:
        fixed.pop("storageClassName", None)
    if bound:
        resources = dict(fixed.get("resources") or {})
        resources["requests"] = {k: v for k, v in (resources.get("requests") or {}).items() if k != "storage"}
        fixed["resources"] = resources
        fixed.pop(ATTRIBUTES_CLASS, None)
    return fixed
