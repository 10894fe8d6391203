"""ResourceQuotas and LimitRanges: what a namespace may hold (enforced by the admission plug-ins of those names).

After their validation in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, columns, name_of, since
from kubewright.apiserver.registry.builtin.field_rules import non_negative_quantity, problems
from kubewright.apiserver.registry.metadata_rules import is_qualified_name
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

SCOPES = (
    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
    "VolumeAttributesClass",
)  # fmt: skip
_STANDARD = frozenset(
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods",
        "resourcequotas", "services", "services.nodeports", "services.loadbalancers", "replicationcontrollers",
        "secrets", "configmaps", "persistentvolumeclaims",
    }
)  # fmt: skip
_INTEGER = frozenset(
    {
        "pods", "resourcequotas", "services", "services.nodeports", "services.loadbalancers",
        "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    }
)  # fmt: skip
_NOT_STANDARD = "must be a standard resource for quota"
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")


def is_quota_resource(name: str) -> bool:
    return name in _STANDARD or name.startswith(("requests.hugepages-", "hugepages-", "count/", "limits.", "requests."))


class ResourceQuotaStrategy(BuiltinStrategy):
    columns = columns("Request", "Limit", "Age")
    status = True
    return_deleted = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = _amounts(spec.get("hard") or {}, "spec.hard")
        scopes = set(spec.get("scopes") or ())
        if scopes - set(SCOPES):
            causes.append(invalid("spec.scopes", spec["scopes"], "unsupported scope"))
        for pair in ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}):
            if pair <= scopes:
                causes.append(invalid("spec.scopes", spec["scopes"], "conflicting scopes"))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = self.rules(obj)
        if set(obj["spec"].get("scopes") or ()) != set(old["spec"].get("scopes") or ()):
            causes.append(invalid("spec.scopes", obj["spec"].get("scopes"), "field is immutable"))
        return causes

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj["status"]
        causes = _amounts(status.get("hard") or {}, "status.hard")
        return causes + _amounts(status.get("used") or {}, "status.used")

    def cells(self, obj: Object) -> list[Any]:
        status = obj.get("status") or {}
        used = status.get("used") or {}
        texts = [
            (name, f"{name}: {used.get(name, '0')}/{hard}") for name, hard in sorted((status.get("hard") or {}).items())
        ]
        requests = ", ".join(text for name, text in texts if not name.startswith("limits"))
        limits = ", ".join(text for name, text in texts if name.startswith("limits"))
        return [name_of(obj), requests, limits, since(obj["metadata"].get("creationTimestamp"))]


def _amounts(amounts: dict[str, str], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for name, amount in sorted(amounts.items()):
        path = f"{field}[{name}]"
        causes += problems(is_qualified_name(name), name, path)
        if "/" not in name and not is_quota_resource(name):
            causes.append(invalid(path, name, _NOT_STANDARD))
        causes += non_negative_quantity(amount, path)
        if (name in _INTEGER or name.startswith("count/")) and Quantity(amount).milli_value % 1000:
            causes.append(invalid(path, amount, "must be an integer"))
    return causes


class LimitRangeStrategy(BuiltinStrategy):
    columns = columns("Created At:date")
    allow_create_on_update = True

    def default(self, obj: Object) -> None:
        for item in obj["spec"].get("limits") or ():
            if item.get("type") != "Container":
                continue
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
            if default:
                item["default"] = default
            if request:
                item["defaultRequest"] = request

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        """A LimitRange has no status."""

    def rules(self, obj: Object) -> list[Cause]:
        causes: list[Cause] = []
        seen: set[str] = set()
        for index, item in enumerate(obj["spec"].get("limits") or ()):
            path = f"spec.limits[{index}]"
            kind = item.get("type", "")
            causes += problems(is_qualified_name(kind), kind, f"{path}.type")
            if "/" not in kind and kind not in _LIMIT_TYPES:
                causes.append(invalid(f"{path}.type", kind, "must be a standard limit type or fully qualified"))
            if kind in seen:
                causes.append(duplicate(f"{path}.type", kind))
            seen.add(kind)
            causes += _limit_item(item, kind, path)
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def _limit_item(item: Spec, kind: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if kind == "Pod":
        text = "may not be specified when `type` is 'Pod'"
        causes += [forbidden(f"{path}.{field}", text) for field in ("default", "defaultRequest") if item.get(field)]
    if kind == "PersistentVolumeClaim" and not any("storage" in (item.get(bound) or ()) for bound in ("min", "max")):
        text = "either minimum or maximum storage value is required, but neither was provided"
        causes.append(required(f"{path}.limits", text))
    names = {name for field in ("min", "max", "default", "defaultRequest") for name in item.get(field) or ()}
    for name in sorted(names):
        causes += _limit_order(item, name, path)
    for name, ratio in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        if Quantity(ratio) < Quantity(1):
            text = f"ratio {ratio} is less than 1"
            causes.append(invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio, text))
    return causes


_ORDER = (
    ("min", "max", "min", "min value {0} is greater than max value {1}"),
    ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {0} is greater than default limit value {1}",
    ),
    ("min", "default", "default", "min value {0} is greater than default value {1}"),
    ("default", "max", "default", "default value {0} is greater than max value {1}"),
)


def _limit_order(item: Spec, name: str, path: str) -> list[Cause]:
    """min <= defaultRequest <= default <= max, as far as they are given."""
    causes = []
    for low, high, field, text in _ORDER:
        first, second = (item.get(low) or {}).get(name), (item.get(high) or {}).get(name)
        if first is not None and second is not None and Quantity(first) > Quantity(second):
            causes.append(invalid(f"{path}.{field}[{name}]", item[field][name], text.format(first, second)))
    return causes
