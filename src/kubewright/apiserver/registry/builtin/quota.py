"""ResourceQuotas and LimitRanges: what a namespace may hold (enforced by the admission plug-ins of those names).

After their validation in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, columns, name_of, since
from kubewright.apiserver.registry.builtin.field_rules import non_negative_quantity, problems
from kubewright.apiserver.registry.builtin.resource_requirements import (
    is_extended_resource,
    overcommit_allowed,
    validate_container_resource,
    validate_resource_name,
)
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
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_COMPUTE = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
_POD_SCOPED = _COMPUTE | {"pods"}
_SCOPED = {
    "BestEffort": frozenset({"pods"}),
    "NotBestEffort": _POD_SCOPED,
    "Terminating": _POD_SCOPED,
    "NotTerminating": _POD_SCOPED,
    "PriorityClass": _POD_SCOPED,
    "CrossNamespacePodAffinity": _POD_SCOPED,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""Which standard resources a scope can be applied to."""
_EXISTS_ONLY = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")


def is_quota_resource(name: str) -> bool:
    """Whether a name without a domain can be bounded by a quota (``IsStandardQuotaResourceName``)."""
    return name in _STANDARD or name.startswith(("requests.hugepages-", "hugepages-"))


class ResourceQuotaStrategy(BuiltinStrategy):
    columns = columns("Request", "Limit", "Age")
    status = True
    return_deleted = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = _amounts(spec.get("hard") or {}, "spec.hard")
        scopes, hard = spec.get("scopes") or [], spec.get("hard") or {}
        for scope in scopes:
            causes += _scope(scope, hard, scopes, "spec.scopes", "spec.scopes")
        causes += _conflicts(scopes, "spec.scopes", scopes)
        expressions = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
        path = "spec.scopeSelector.matchExpressions"
        for expression in expressions:
            causes += _scope_expression(expression, hard, spec["scopeSelector"], path)
        return causes + _conflicts([one.get("scopeName", "") for one in expressions], path, scopes)

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
        causes += validate_resource_name(name, path)
        if "/" not in name and not is_quota_resource(name):
            causes.append(invalid(path, name, "must be a standard resource for quota"))
        causes += non_negative_quantity(amount, path)
        whole = name in _INTEGER or name.startswith("count/") or is_extended_resource(name)
        if whole and Quantity(amount).milli_value % 1000:
            causes.append(invalid(path, amount, "must be an integer"))
    return causes


def _scope(scope: str, hard: Iterable[str], shown: Any, name_field: str, field: str) -> list[Cause]:
    causes = [] if scope in SCOPES else [invalid(name_field, shown, "unsupported scope")]
    fits = _SCOPED.get(scope, _STANDARD)
    text = "unsupported scope applied to resource"
    return causes + [invalid(field, shown, text) for name in hard if is_quota_resource(name) and name not in fits]


def _scope_expression(expression: Spec, hard: Iterable[str], selector: Spec, field: str) -> list[Cause]:
    scope, operator, values = expression.get("scopeName", ""), expression.get("operator"), expression.get("values")
    causes = _scope(scope, hard, selector, f"{field}.scopeName", field)
    if scope in _EXISTS_ONLY and operator != "Exists":
        text = (
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
            "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
            "ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        causes.append(invalid(f"{field}.operator", operator, text))
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            causes.append(required(f"{field}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            causes.append(invalid(f"{field}.values", values, text))
    else:
        causes.append(invalid(f"{field}.operator", operator, "not a valid selector operator"))
    return causes


def _conflicts(scopes: Iterable[str], field: str, shown: Any) -> list[Cause]:
    pairs = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
    return [invalid(field, shown, "conflicting scopes") for pair in pairs if pair <= set(scopes)]


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
    bounds = ("min", "max", "maxLimitRequestRatio", *(() if kind == "Pod" else ("default", "defaultRequest")))
    for field in bounds:
        for name in sorted(item.get(field) or ()):
            rule = validate_container_resource if kind in ("Pod", "Container") else validate_resource_name
            causes += rule(name, f"{path}.{field}[{name}]")
    for name in sorted({name for field in bounds for name in item.get(field) or ()}):
        causes += _limit_order(item, name, path) if kind != "Pod" else _limit_order(item, name, path, _ORDER[:1])
    for name, ratio in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        if Quantity(ratio) < Quantity(1):
            text = f"ratio {ratio} is less than 1"
            causes.append(invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio, text))
        low, high = ((item.get(bound) or {}).get(name) for bound in ("min", "max"))
        if low is not None and high is not None and Quantity(low) > Quantity(0):
            most = Quantity(high).milli_value / Quantity(low).milli_value
            if Quantity(ratio).milli_value / 1000 > most:
                text = f"ratio {ratio} is greater than max/min = {most:f}"
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


def _limit_order(item: Spec, name: str, path: str, order: Iterable[tuple[str, str, str, str]] = _ORDER) -> list[Cause]:
    """min <= defaultRequest <= default <= max, as far as they are given."""
    causes = []
    given, asked = (item.get("default") or {}).get(name), (item.get("defaultRequest") or {}).get(name)
    if given is not None and asked is not None and not overcommit_allowed(name) and Quantity(given) != Quantity(asked):
        text = f"default value {given} must equal to defaultRequest value {asked} in {name}"
        causes.append(invalid(f"{path}.defaultRequest[{name}]", asked, text))
    for low, high, field, text in order:
        first, second = (item.get(low) or {}).get(name), (item.get(high) or {}).get(name)
        if first is not None and second is not None and Quantity(first) > Quantity(second):
            causes.append(invalid(f"{path}.{field}[{name}]", item[field][name], text.format(first, second)))
    return causes
