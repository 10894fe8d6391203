"""Rules for what a PersistentVolumeClaim asks for: by itself, as a template of a StatefulSet, or inside a pod's volume.

After ``ValidatePersistentVolumeClaimSpec`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.field_rules import label_selector, optional_one_of, problems
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required, show
from kubewright.objects.quantity import Quantity

Spec = Mapping[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
ATTRIBUTES_CLASS = "volumeAttributesClassName"


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
    causes += [required(path)] if requested is None else positive_quantity(requested, path)
    if spec.get("storageClassName"):
        name = spec["storageClassName"]
        causes += problems(is_dns_subdomain(name), name, f"{field}.storageClassName")
    causes += optional_one_of(spec.get("volumeMode"), VOLUME_MODES, f"{field}.volumeMode")
    for reference in ("dataSource", "dataSourceRef"):
        if (source := spec.get(reference)) is not None:
            causes += _data_source(source, f"{field}.{reference}")
    source, referred = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and referred:
        if referred.get("namespace"):
            causes.append(
                invalid(field, "dataSource", "may not be specified when dataSourceRef.namespace is specified")
            )
        elif not same(source, referred):
            causes.append(invalid(field, "dataSource", "must match dataSourceRef"))
    if name := spec.get(ATTRIBUTES_CLASS):
        causes += problems(is_dns_subdomain(name), name, f"{field}.{ATTRIBUTES_CLASS}")
    return causes


def _data_source(source: Spec, path: str) -> list[Cause]:
    causes = [required(f"{path}.{name}") for name in ("kind", "name") if not source.get(name)]
    group, namespace = source.get("apiGroup") or "", source.get("namespace", "")
    if not group and source.get("kind") != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        causes.append(invalid(path, source.get("kind", ""), text))
    causes += problems(is_dns_subdomain(group), group, f"{path}.apiGroup") if group else []
    return causes + (problems(is_dns_label(namespace), namespace, f"{path}.namespace") if namespace else [])


def claim_warnings(spec: Spec, field: str) -> list[str]:
    """Disks are counted in whole bytes."""
    found = []
    for bound in ("limits", "requests"):
        amount = ((spec.get("resources") or {}).get(bound) or {}).get("storage")
        if bound == "requests" and amount is not None and Quantity(amount).milli_value % 1000:
            text = f"fractional byte value {show(amount)} is invalid, must be an integer"
            found.append(f"{field}.resources.{bound}[storage]: {text}")
    return found


def positive_quantity(amount: str, field: str) -> list[Cause]:
    return [] if Quantity(amount) > Quantity(0) else [invalid(field, amount, "must be greater than zero")]
