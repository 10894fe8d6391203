"""PersistentVolumes and their claims.

After ``pkg/apis/core/validation`` and ``pkg/registry/core/{persistentvolume,persistentvolumeclaim}``.
"""

from __future__ import annotations

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
from kubewright.apiserver.registry.builtin.field_rules import (
    label_selector,
    non_negative_quantity,
    one_of,
    optional_one_of,
    problems,
)
from kubewright.apiserver.registry.builtin.pod_defaults import default_volume_source
from kubewright.apiserver.registry.builtin.scheduling_rules import validate_node_selector
from kubewright.apiserver.registry.builtin.volume_rules import validate_volume_source
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required, show
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_MODE_TEXT = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_RECLAIM = ("Delete", "Recycle", "Retain")
_VOLUME_MODES = ("Block", "Filesystem")
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
        capacity = spec.get("capacity") or {}
        if not capacity:
            causes.append(required("spec.capacity"))
        if list(capacity) != ["storage"]:
            causes.append(not_supported("spec.capacity", capacity, ["storage"]))
        for name, amount in capacity.items():
            path = f"spec.capacity[{name}]"
            causes += problems(is_qualified_name(name), name, path) + _positive_quantity(amount, path)
        causes += one_of(spec.get("persistentVolumeReclaimPolicy"), _RECLAIM, "spec.persistentVolumeReclaimPolicy")
        sources = list(_source_of(spec))
        if not sources:
            causes.append(required("spec", "must specify a volume type"))
        for kind in sources[:1]:
            causes += validate_volume_source(kind, spec[kind], f"spec.{kind}")
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
        return causes + optional_one_of(spec.get("volumeMode"), _VOLUME_MODES, "spec.volumeMode")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = self.rules(obj)
        if not same(_source_of(obj["spec"]), _source_of(old["spec"])):
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


def _positive_quantity(amount: str, field: str) -> list[Cause]:
    return [] if Quantity(amount) > Quantity(0) else [invalid(field, amount, "must be greater than zero")]


def default_claim(claim: Object) -> None:
    """A PersistentVolumeClaim, alone or as a template of a StatefulSet."""
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    claim.setdefault("status", {}).setdefault("phase", "Pending")


def validate_claim_spec(spec: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    modes = spec.get("accessModes") or []
    if not modes:
        causes.append(required(f"{field}.accessModes", "at least 1 access mode is required"))
    causes += label_selector(spec.get("selector"), f"{field}.selector")
    for mode in modes:
        causes += optional_one_of(mode, ACCESS_MODES, f"{field}.accessModes")
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        text = "may not use ReadWriteOncePod with other access modes"
        causes.append(forbidden(f"{field}.accessModes", text))
    requested = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    path = f"{field}.resources[storage]"
    causes += [required(path)] if requested is None else _positive_quantity(requested, path)
    if spec.get("storageClassName"):
        name = spec["storageClassName"]
        causes += problems(is_dns_subdomain(name), name, f"{field}.storageClassName")
    causes += optional_one_of(spec.get("volumeMode"), _VOLUME_MODES, f"{field}.volumeMode")
    for reference in ("dataSource", "dataSourceRef"):
        for name in ("kind", "name"):
            if reference in spec and not spec[reference].get(name):
                causes.append(required(f"{field}.{reference}.{name}"))
        source = spec.get(reference)
        if source and not source.get("apiGroup") and source.get("kind") != "PersistentVolumeClaim":
            text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
            causes.append(invalid(f"{field}.{reference}", source.get("kind", ""), text))
    source, referred = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and referred:
        if referred.get("namespace"):
            causes.append(
                invalid(field, "dataSource", "may not be specified when dataSourceRef.namespace is specified")
            )
        elif not same(source, referred):
            causes.append(invalid(field, "dataSource", "must match dataSourceRef"))
    return causes


def claim_warnings(spec: Spec, field: str) -> list[str]:
    """Disks are counted in whole bytes."""
    found = []
    for bound in ("limits", "requests"):
        amount = ((spec.get("resources") or {}).get(bound) or {}).get("storage")
        if bound == "requests" and amount is not None and Quantity(amount).milli_value % 1000:
            text = f"fractional byte value {show(amount)} is invalid, must be an integer"
            found.append(f"{field}.resources.{bound}[storage]: {text}")
    return found


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
        spec = obj["spec"]
        # The two names of a data source mirror each other.
        if "dataSource" in spec and "dataSourceRef" not in spec:
            spec["dataSourceRef"] = dict(spec["dataSource"])
        elif (
            "dataSource" not in spec
            and (reference := spec.get("dataSourceRef"))
            and not reference.get("namespace")
            and reference.get("kind") in ("PersistentVolumeClaim", "VolumeSnapshot")
        ):
            spec["dataSource"] = dict(reference)

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
        if not same(_fixed_claim(new, before, bound), _fixed_claim(before, before, bound)):
            text = (
                "spec is immutable after creation except resources.requests and volumeAttributesClassName "
                "for bound claims"
            )
            causes.append(forbidden("spec", text))
        return causes + immutable(new.get("volumeMode"), before.get("volumeMode"), "volumeMode")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes: list[Cause] = []
        for name, amount in sorted((obj["status"].get("capacity") or {}).items()):
            causes += non_negative_quantity(amount, f"status.capacity[{name}]")
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
    fixed.pop("volumeAttributesClassName", None)
    return fixed
