"""Kinds that serve the control plane itself: aggregation and the reviews.

After ``k8s.io/kube-aggregator``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kubewright.apiserver.registry.builtin.admissionregistration import validate_service_reference
from kubewright.apiserver.registry.builtin.base import ALL_METADATA, BuiltinStrategy, age, columns, name_of
from kubewright.apiserver.registry.builtin.field_rules import in_range, problems
from kubewright.apiserver.registry.deletion import timestamp
from kubewright.apiserver.registry.metadata_rules import is_dns1035_label, is_dns_subdomain, path_segment
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, required

Spec = dict[str, Any]

_LOCAL = {
    "type": "Available",
    "status": "True",
    "reason": "Local",
    "message": "Local APIServices are always available",
}


class ReviewStrategy(BuiltinStrategy):
    """Questions to the server: never stored, so they need no name."""

    def metadata_rules(self, obj: Object) -> list[Cause]:
        return []


class APIServiceStrategy(BuiltinStrategy):
    any_finalizers = True
    allow_unconditional_update = False
    columns = columns("Service", "Available", "Age")
    status = True
    status_keeps = ALL_METADATA

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return path_segment(name, prefix)

    def default(self, obj: Object) -> None:
        service = obj["spec"].get("service")
        if service is not None:
            service.setdefault("port", 443)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        if obj["spec"].get("service") is None:
            now = timestamp(datetime.now(UTC))
            obj["status"]["conditions"] = [{**_LOCAL, "lastTransitionTime": now}]

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        group, version = spec.get("group", ""), spec.get("version", "")
        wanted = f"{version}.{group}"
        causes: list[Cause] = []
        if name_of(obj) != wanted:
            causes.append(invalid("metadata.name", name_of(obj), 'must be `spec.version+"."+spec.group`'))
        if not group:
            if version != "v1":
                causes.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
        else:
            causes += problems(is_dns_subdomain(group), group, "spec.group")
        causes += (
            problems(is_dns1035_label(version), version, "spec.version") if version else [required("spec.version")]
        )
        causes += in_range(spec.get("groupPriorityMinimum", 0), 1, 20000, "spec.groupPriorityMinimum")
        causes += in_range(spec.get("versionPriority", 0), 1, 1000, "spec.versionPriority")
        service = spec.get("service")
        if service is None:
            if spec.get("caBundle"):
                causes.append(invalid("spec.caBundle", "...", "local APIServices may not have a caBundle"))
            if spec.get("insecureSkipTLSVerify"):
                text = "local APIServices may not have insecureSkipTLSVerify"
                causes.append(invalid("spec.insecureSkipTLSVerify", True, text))
            return causes
        causes += validate_service_reference(service, "spec.service")
        if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
            text = "may not be true if caBundle is present"
            causes.append(invalid("spec.insecureSkipTLSVerify", True, text))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        service = spec.get("service")
        where = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
        conditions = (obj.get("status") or {}).get("conditions") or ()
        available = next((c for c in conditions if c.get("type") == "Available"), None)
        text = "Unknown"
        if available is not None:
            text = available.get("status", "")
            if text != "True":
                text = f"{text} ({available.get('reason', '')})"
        return [name_of(obj), where, text, age(obj)]
