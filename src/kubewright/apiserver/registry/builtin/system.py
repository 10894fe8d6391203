"""Kinds that serve the control plane itself: aggregation, flow control, device claims, and the reviews.

After ``k8s.io/kube-aggregator``, ``pkg/apis/flowcontrol`` and ``pkg/apis/resource``.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.admissionregistration import validate_service_reference
from kubewright.apiserver.registry.builtin.base import ALL_METADATA, BuiltinStrategy, age, columns, fill, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import in_range, one_of, problems
from kubewright.apiserver.registry.metadata_rules import is_dns1035_label, is_dns_subdomain, path_segment
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required

Spec = dict[str, Any]


class ReviewStrategy(BuiltinStrategy):
    """Questions to the server: never stored, so they need no name."""

    def metadata_rules(self, obj: Object) -> list[Cause]:
        return []


class APIServiceStrategy(BuiltinStrategy):
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


class FlowSchemaStrategy(BuiltinStrategy):
    columns = columns("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL")
    status = True
    status_keeps = ALL_METADATA
    generation = True

    def default(self, obj: Object) -> None:
        fill(obj["spec"], "matchingPrecedence", 1000)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        precedence = spec.get("matchingPrecedence", 1000)
        if precedence <= 0:
            causes.append(invalid("spec.matchingPrecedence", precedence, "must be a positive value"))
        elif precedence > 10000:
            text = "must not be greater than 10000"
            causes.append(invalid("spec.matchingPrecedence", precedence, text))
        level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
        path = "spec.priorityLevelConfiguration.name"
        causes += problems(is_dns_subdomain(level), level, path) if level else [
            required(path, "must reference a priority level")
        ]  # fmt: skip
        method = spec.get("distinguisherMethod")
        if method is not None:
            causes += one_of(method.get("type"), ("ByNamespace", "ByUser"), "spec.distinguisherMethod")
        for index, rule in enumerate(spec.get("rules") or ()):
            at = f"spec.rules[{index}]"
            if not rule.get("subjects"):
                causes.append(required(f"{at}.subjects", "subjects must contain at least one value"))
            if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
                text = "at least one of resourceRules and nonResourceRules has to be non-empty"
                causes.append(required(at, text))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        method = spec.get("distinguisherMethod")
        conditions = (obj.get("status") or {}).get("conditions") or ()
        dangling = next((c.get("status", "?") for c in conditions if c.get("type") == "Dangling"), "?")
        return [
            name_of(obj),
            (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
            spec.get("matchingPrecedence", 0),
            method["type"] if method else "<none>",
            age(obj),
            dangling,
        ]


class PriorityLevelConfigurationStrategy(BuiltinStrategy):
    columns = columns(
        "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"
    )  # fmt: skip
    status = True
    status_keeps = ALL_METADATA
    generation = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        if (limited := spec.get("limited")) is not None:
            if limited.get("nominalConcurrencyShares") is None:
                limited["nominalConcurrencyShares"] = 30
            limited.setdefault("lendablePercent", 0)
            queuing = (limited.get("limitResponse") or {}).get("queuing")
            if queuing is not None:
                fill(queuing, "queues", 64)
                fill(queuing, "handSize", 8)
                fill(queuing, "queueLengthLimit", 50)
        if (exempt := spec.get("exempt")) is not None:
            exempt.setdefault("nominalConcurrencyShares", 0)
            exempt.setdefault("lendablePercent", 0)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        kind = spec.get("type")
        causes = one_of(kind, ("Exempt", "Limited"), "spec.type")
        if kind == "Limited" and spec.get("limited") is None:
            causes.append(required("spec.limited", "must not be empty when type is Limited"))
        if kind == "Exempt" and spec.get("limited") is not None:
            causes.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        if kind == "Limited" and spec.get("exempt") is not None:
            causes.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        response = (spec.get("limited") or {}).get("limitResponse")
        if response is not None:
            path = "spec.limited.limitResponse"
            causes += one_of(response.get("type"), ("Queue", "Reject"), f"{path}.type")
            if response.get("type") == "Queue" and response.get("queuing") is None:
                causes.append(required(f"{path}.queuing", "must not be empty if limited response is Queue"))
            if response.get("type") == "Reject" and response.get("queuing") is not None:
                causes.append(forbidden(f"{path}.queuing", "must be nil if limited response is not Queue"))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        limited = spec.get("limited") or {}
        queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
        numbers = [queuing.get(name, "<none>") for name in ("queues", "handSize", "queueLengthLimit")]
        shares = limited.get("nominalConcurrencyShares", "<none>")
        return [name_of(obj), spec.get("type", ""), shares, *numbers, age(obj)]


def _default_requests(devices: Spec | None) -> None:
    for request in (devices or {}).get("requests") or ():
        exactly = request.get("exactly")
        for one in (*([exactly] if exactly else ()), *(request.get("firstAvailable") or ())):
            one.setdefault("allocationMode", "ExactCount")
            if one["allocationMode"] == "ExactCount":
                one.setdefault("count", 1)


def _device_rules(devices: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, request in enumerate(devices.get("requests") or ()):
        at = f"{path}.requests[{index}]"
        name = request.get("name", "")
        causes += problems(is_dns1035_label(name), name, f"{at}.name") if name else [required(f"{at}.name")]
        exactly, available = request.get("exactly"), request.get("firstAvailable")
        if exactly is None and not available:
            causes.append(required(at, "exactly one of `exactly` or `firstAvailable` is required"))
        elif exactly is not None and available:
            causes.append(invalid(at, name, "exactly one of `exactly` or `firstAvailable` is required"))
        if exactly is not None and not exactly.get("deviceClassName"):
            causes.append(required(f"{at}.exactly.deviceClassName"))
        if name in seen:
            causes.append(invalid(f"{at}.name", name, "must be unique"))
        seen.add(name)
    return causes


class ResourceClaimStrategy(BuiltinStrategy):
    columns = columns("State", "Age")
    status = True
    status_keeps = ALL_METADATA

    def default(self, obj: Object) -> None:
        _default_requests(obj["spec"].get("devices"))

    def rules(self, obj: Object) -> list[Cause]:
        return _device_rules(obj["spec"].get("devices") or {}, "spec.devices")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        if same(obj["spec"], old["spec"]):
            return self.rules(obj)
        return [*self.rules(obj), invalid("spec", obj["spec"], "field is immutable")]

    def cells(self, obj: Object) -> list[Any]:
        status = obj.get("status") or {}
        words = ["deleted"] if obj["metadata"].get("deletionTimestamp") else []
        words.append("allocated" if status.get("allocation") else "pending")
        if status.get("reservedFor"):
            words.append("reserved")
        return [name_of(obj), ",".join(words), age(obj)]


class ResourceClaimTemplateStrategy(BuiltinStrategy):
    def default(self, obj: Object) -> None:
        _default_requests((obj["spec"].get("spec") or {}).get("devices"))

    def rules(self, obj: Object) -> list[Cause]:
        return _device_rules((obj["spec"].get("spec") or {}).get("devices") or {}, "spec.spec.devices")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        if same(obj["spec"], old["spec"]):
            return self.rules(obj)
        return [*self.rules(obj), invalid("spec", obj["spec"], "field is immutable")]


class DeviceClassStrategy(BuiltinStrategy):
    generation = True


class ResourceSliceStrategy(BuiltinStrategy):
    columns = columns("Node", "Driver", "Pool", "Age")
    generation = True
    field_labels = frozenset({"spec.nodeName", "spec.driver"})

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = [] if spec.get("driver") else [required("spec.driver")]
        pool = spec.get("pool") or {}
        if not pool.get("name"):
            causes.append(required("spec.pool.name"))
        if pool.get("resourceSliceCount", 0) <= 0:
            text = "must be greater than zero"
            causes.append(invalid("spec.pool.resourceSliceCount", pool.get("resourceSliceCount", 0), text))
        where = [
            field for field in ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection") if spec.get(field)
        ]
        if len(where) != 1:
            text = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
            causes.append(invalid("spec", where, text) if where else required("spec", text))
        return causes

    def fields(self, obj: Object) -> dict[str, str]:
        return {"spec.nodeName": obj["spec"].get("nodeName", ""), "spec.driver": obj["spec"].get("driver", "")}

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        node = spec.get("nodeName") or "<unset>"
        return [name_of(obj), node, spec.get("driver", ""), (spec.get("pool") or {}).get("name", ""), age(obj)]
