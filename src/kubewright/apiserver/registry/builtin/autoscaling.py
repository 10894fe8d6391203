"""HorizontalPodAutoscalers: v2 is the stored form, v1 a narrower view of it.

After ``pkg/apis/autoscaling`` (defaults, conversion, validation).  What v1 has no fields for, it carries in annotations
in the shape of v1's own metric types, so that a round trip through v1 loses nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kubewright.apiserver.registry.builtin import shape
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of
from kubewright.apiserver.registry.builtin.field_rules import non_negative_quantity, optional_one_of, problems
from kubewright.apiserver.registry.builtin.resource_requirements import validate_container_resource
from kubewright.apiserver.registry.metadata_rules import is_dns1035_label, is_dns_label, is_dns_subdomain, path_segment
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

_STORED = "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"
_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_DEFAULT_CPU = 80
_SOURCES = {
    "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
    "Resource": "resource",
}  # fmt: skip
_SCALE_UP = [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]
_SCALE_DOWN = [{"type": "Percent", "value": 100, "periodSeconds": 15}]


def _cpu_metric(percent: int) -> Spec:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


class HorizontalPodAutoscalerStrategy(BuiltinStrategy):
    """``autoscaling/v2``."""

    columns = columns("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age")
    status = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("minReplicas", 1)
        if not spec.get("metrics"):
            spec["metrics"] = [_cpu_metric(_DEFAULT_CPU)]
        if (behavior := spec.get("behavior")) is not None:
            _default_rules(behavior.setdefault("scaleUp", {}), _SCALE_UP, stabilization=0)
            _default_rules(behavior.setdefault("scaleDown", {}), _SCALE_DOWN, stabilization=None)

    def rules(self, obj: Object) -> list[Cause]:
        return _bounds(obj["spec"], 1) + self._metrics_and_behavior(obj["spec"])

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        """One that was let scale to zero may go on doing so."""
        lowest = 0 if old["spec"].get("minReplicas") == 0 else 1
        return _bounds(obj["spec"], lowest) + self._metrics_and_behavior(obj["spec"])

    def _metrics_and_behavior(self, spec: Spec) -> list[Cause]:
        causes: list[Cause] = []
        metrics = spec.get("metrics") or []
        for index, metric in enumerate(metrics):
            causes += _metric(metric, f"spec.metrics[{index}]")
        if spec.get("minReplicas") == 0 and not any(metric.get("type") in ("External", "Object") for metric in metrics):
            text = "must specify at least one Object or External metric to support scaling to zero replicas"
            causes.append(forbidden("spec.metrics", text))
        for name, rules in (spec.get("behavior") or {}).items():
            causes += _scaling_rules(rules, f"spec.behavior.{name}")
        return causes

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes: list[Cause] = []
        for name in ("currentReplicas", "desiredReplicas"):
            number = obj["status"].get(name, 0)
            if number < 0:
                causes.append(invalid(f"status.{name}", number, "must be greater than or equal to 0"))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return _cells(obj)


class HorizontalPodAutoscalerV1Strategy(HorizontalPodAutoscalerStrategy):
    """``autoscaling/v1``: one CPU target, all else in annotations."""

    def default(self, obj: Object) -> None:
        obj["spec"].setdefault("minReplicas", 1)

    def _metrics_and_behavior(self, spec: Spec) -> list[Cause]:
        percent = spec.get("targetCPUUtilizationPercentage")
        path = "spec.metrics[0].resource.target.averageUtilization"
        return [invalid(path, percent, "must be greater than 0")] if percent is not None and percent < 1 else []

    def to_storage(self, obj: Object) -> Object:
        annotations = dict(obj["metadata"].get("annotations") or {})
        spec, status = dict(obj["spec"]), dict(obj.get("status") or {})
        metrics = [_metric_from_v1(metric) for metric in _take(annotations, _METRICS) or ()]
        percent = spec.pop("targetCPUUtilizationPercentage", None)
        if percent is not None:
            metrics.append(_cpu_metric(percent))
        spec["metrics"] = metrics or [_cpu_metric(_DEFAULT_CPU)]
        if behavior := _take(annotations, _BEHAVIOR):
            spec["behavior"] = {
                {"ScaleUp": "scaleUp", "ScaleDown": "scaleDown"}.get(k, k): v for k, v in behavior.items()
            }
        current = [_status_from_v1(metric) for metric in _take(annotations, _CURRENT) or ()]
        used = status.pop("currentCPUUtilizationPercentage", None)
        if used is not None:
            current.append({"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": used}}})
        status["currentMetrics"] = current or None
        if conditions := _take(annotations, _CONDITIONS):
            status["conditions"] = conditions
        metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
        if annotations:
            metadata["annotations"] = annotations
        stored = {**obj, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec, "status": status}
        return shape.decode(_STORED, stored, [])

    def from_storage(self, obj: Object) -> Object:
        annotations = dict(obj["metadata"].get("annotations") or {})
        spec, status = dict(obj["spec"]), dict(obj.get("status") or {})
        others = []
        for metric in spec.pop("metrics", None) or ():
            percent = _cpu_percent(metric)
            if percent is not None and "targetCPUUtilizationPercentage" not in spec:
                spec["targetCPUUtilizationPercentage"] = percent
            else:
                others.append(_metric_to_v1(metric))
        _put(annotations, _METRICS, others)
        _put(annotations, _BEHAVIOR, {k[:1].upper() + k[1:]: v for k, v in (spec.pop("behavior", None) or {}).items()})
        seen = []
        for metric in status.pop("currentMetrics", None) or ():
            resource = metric.get("resource") or {}
            used = (resource.get("current") or {}).get("averageUtilization")
            if resource.get("name") == "cpu" and used is not None:
                status["currentCPUUtilizationPercentage"] = used
            seen.append(_status_to_v1(metric))
        _put(annotations, _CURRENT, seen)
        _put(annotations, _CONDITIONS, status.pop("conditions", None))
        metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
        if annotations:
            metadata["annotations"] = annotations
        view = {**obj, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}
        return self.decode(view, [])

    def cells(self, obj: Object) -> list[Any]:
        return _cells(self.to_storage(obj))


def _default_rules(rules: Spec, policies: list[Spec], *, stabilization: int | None) -> None:
    rules.setdefault("selectPolicy", "Max")
    if stabilization is not None:
        rules.setdefault("stabilizationWindowSeconds", stabilization)
    if not rules.get("policies"):
        rules["policies"] = [dict(policy) for policy in policies]


def _bounds(spec: Spec, lowest: int) -> list[Cause]:
    causes: list[Cause] = []
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < lowest:
        causes.append(invalid("spec.minReplicas", low, f"must be greater than or equal to {lowest}"))
    if high < 1:
        causes.append(invalid("spec.maxReplicas", high, "must be greater than 0"))
    if low is not None and high < low:
        causes.append(invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    return causes + _reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")


def _reference(reference: Spec, field: str) -> list[Cause]:
    """``ValidateCrossVersionObjectReference``."""
    causes: list[Cause] = []
    for name in ("kind", "name"):
        value = reference.get(name, "")
        path = f"{field}.{name}"
        causes += problems(path_segment(value, False), value, path) if value else [required(path)]
    group, slash, version = reference.get("apiVersion", "").rpartition("/")
    if slash and (not group or is_dns_subdomain(group) or is_dns1035_label(version)):
        text = "apiVersion must be a group and a version, as in 'apps/v1'"
        causes.append(invalid(f"{field}.apiVersion", reference["apiVersion"], text))
    return causes


_NO_TARGET = {
    "external": "must set either a target value for metric or a per-pod target",
    "object": "must set either a target value or averageValue",
    "pods": "must specify a positive target averageValue",
}


def _metric(metric: Spec, path: str) -> list[Cause]:
    kind = metric.get("type", "")
    causes = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    if kind not in _SOURCES:
        # Kubernetes says so twice: when it looks at the type, and when it looks for the type's source.
        causes += [not_supported(f"{path}.type", kind, _SOURCES)] * 2
    given = [field for field in ("object", "external", "pods", "resource", "containerResource") if metric.get(field)]
    for field in given[:1]:
        causes += _source(field, metric[field], f"{path}.{field}")
    wanted = _SOURCES.get(kind)
    if wanted and wanted not in given:
        causes.append(required(f"{path}.{wanted}", "must populate information for the given metric source"))
    text = "must populate the given metric source only"
    return causes + [forbidden(f"{path}.{extra}", text) for extra in given if len(given) > 1 and extra != wanted]


def _source(field: str, source: Spec, path: str) -> list[Cause]:
    """What one source of a metric needs: a name, and a target of the right kind."""
    target, at = source.get("target") or {}, f"{path}.target"
    causes = _metric_name(field, source, path) + _target(target, at)
    value, average = target.get("value") is not None, target.get("averageValue") is not None
    if field in ("resource", "containerResource"):
        utilization = target.get("averageUtilization") is not None
        if not utilization and not average:
            text = "must set either a target raw value or a target utilization"
            causes.append(required(f"{at}.averageUtilization", text))
        if utilization and average:
            text = "may not set both a target raw value and a target utilization"
            causes.append(forbidden(f"{at}.averageValue", text))
    elif not average and (field == "pods" or not value):
        causes.append(required(f"{at}.averageValue", _NO_TARGET[field]))
    elif field == "external" and value and average:
        text = "may not set both a target value for metric and a per-pod target"
        causes.append(forbidden(f"{at}.value", text))
    return causes


def _metric_name(field: str, source: Spec, path: str) -> list[Cause]:
    if field in ("resource", "containerResource"):
        name, container = source.get("name", ""), source.get("container", "")
        causes = [] if name else [required(f"{path}.name", "must specify a resource name")]
        if field == "containerResource":
            causes += validate_container_resource(name, f"{path}.name") if name else []
            at = f"{path}.container"
            missing = [required(at, "must specify a container")]
            causes += problems(is_dns_label(container), container, at) if container else missing
        return causes
    causes = _reference(source.get("describedObject") or {}, f"{path}.describedObject") if field == "object" else []
    name, at = (source.get("metric") or {}).get("name", ""), f"{path}.metric.name"
    if not name:
        return [*causes, required(at, "must specify a metric name")]
    return causes + problems(path_segment(name, False), name, at)


def _target(target: Spec, path: str) -> list[Cause]:
    kind, utilization = target.get("type", ""), target.get("averageUtilization")
    causes = [] if kind else [required(f"{path}.type", "must specify a metric target type")]
    if kind not in ("Utilization", "Value", "AverageValue"):
        causes.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    amounts = {name: target[name] for name in ("value", "averageValue") if target.get(name) is not None}
    causes += [invalid(f"{path}.{name}", amount, "must be positive") for name, amount in amounts.items()
               if not Quantity(amount) > Quantity(0)]  # fmt: skip
    if utilization is not None and utilization < 1:
        causes.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return causes


def _scaling_rules(rules: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and not 0 <= window <= 3600:
        text = "must be greater than or equal to zero" if window < 0 else "must be less than or equal to 3600"
        causes.append(invalid(f"{path}.stabilizationWindowSeconds", window, text))
    causes += optional_one_of(rules.get("selectPolicy"), ("Disabled", "Max", "Min"), f"{path}.selectPolicy")
    if rules.get("tolerance") is not None:
        causes += non_negative_quantity(rules["tolerance"], f"{path}.tolerance")
    if not rules.get("policies"):
        causes.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or ()):
        at = f"{path}.policies[{index}]"
        causes += optional_one_of(policy.get("type", ""), ("Percent", "Pods"), f"{at}.type")
        if policy.get("value", 0) <= 0:
            causes.append(invalid(f"{at}.value", policy.get("value", 0), "must be greater than zero"))
        seconds = policy.get("periodSeconds", 0)
        if seconds <= 0:
            causes.append(invalid(f"{at}.periodSeconds", seconds, "must be greater than zero"))
        elif seconds > 1800:
            causes.append(invalid(f"{at}.periodSeconds", seconds, "must be less than or equal to 1800"))
    return causes


def _take(annotations: dict[str, str], key: str) -> Any:
    text = annotations.pop(key, None)
    return msgspec.json.decode(text) if text else None


def _put(annotations: dict[str, str], key: str, value: Any) -> None:
    if value:
        annotations[key] = msgspec.json.encode(value).decode()


def _cpu_percent(metric: Spec) -> int | None:
    resource = metric.get("resource") or {}
    percent = (resource.get("target") or {}).get("averageUtilization")
    return percent if resource.get("name") == "cpu" else None


_V1_TARGETS = {
    "averageUtilization": "targetAverageUtilization",
    "averageValue": "targetAverageValue",
    "value": "targetValue",
}


def _metric_to_v1(metric: Spec) -> Spec:
    """A v2 MetricSpec in the flatter form of v1."""
    found: Spec = {"type": metric["type"]}
    field = _SOURCES[metric["type"]]
    source = dict(metric.get(field) or {})
    target = source.pop("target", None) or {}
    for new, old in _V1_TARGETS.items():
        if new in target:
            source[old] = target[new]
    if described := source.pop("describedObject", None):
        source["target"] = described
    if named := source.pop("metric", None):
        source["metricName"] = named.get("name", "")
        if "selector" in named:
            source["selector" if field != "external" else "metricSelector"] = named["selector"]
    found[field] = source
    return found


def _metric_from_v1(metric: Spec) -> Spec:
    field = _SOURCES.get(metric.get("type", ""), "resource")
    source = dict(metric.get(field) or {})
    target: Spec = {}
    for new, old in _V1_TARGETS.items():
        if old in source:
            target[new] = source.pop(old)
    kinds = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
    target["type"] = next((kind for name, kind in kinds.items() if name in target), "")
    if field == "object" and "target" in source:
        source["describedObject"] = source.pop("target")
    if "metricName" in source:
        named = {"name": source.pop("metricName")}
        selector = source.pop("metricSelector", None) or source.pop("selector", None)
        source["metric"] = {**named, **({"selector": selector} if selector else {})}
    source["target"] = target
    return {"type": metric.get("type", ""), field: source}


_V1_CURRENT = {
    "averageUtilization": "currentAverageUtilization",
    "averageValue": "currentAverageValue",
    "value": "currentValue",
}


def _status_to_v1(metric: Spec) -> Spec:
    field = _SOURCES[metric["type"]]
    source = dict(metric.get(field) or {})
    current = source.pop("current", None) or {}
    for new, old in _V1_CURRENT.items():
        if new in current:
            source[old] = current[new]
    return {"type": metric["type"], field: source}


def _status_from_v1(metric: Spec) -> Spec:
    field = _SOURCES.get(metric.get("type", ""), "resource")
    source = dict(metric.get(field) or {})
    source["current"] = {new: source.pop(old) for new, old in _V1_CURRENT.items() if old in source}
    return {"type": metric.get("type", ""), field: source}


def _cells(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    reference = spec.get("scaleTargetRef") or {}
    return [
        name_of(obj),
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        _targets(spec.get("metrics") or [], status.get("currentMetrics") or []),
        str(spec["minReplicas"]) if spec.get("minReplicas") is not None else "<unset>",
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj),
    ]


def _targets(metrics: list[Spec], statuses: list[Spec]) -> str:
    if not metrics:
        return "<none>"
    texts = []
    for index, metric in enumerate(metrics[:2]):
        field = _SOURCES.get(metric.get("type", ""), "")
        source = metric.get(field) or {}
        target = source.get("target") or {}
        current = ((statuses[index].get(field) or {}).get("current") if index < len(statuses) else None) or {}
        if target.get("averageUtilization") is not None:
            used = f"{current['averageUtilization']}%" if "averageUtilization" in current else "<unknown>"
            text = f"{used}/{target['averageUtilization']}%"
        elif target.get("averageValue") is not None:
            suffix = "" if field in ("resource", "containerResource", "pods") else " (avg)"
            text = f"{current.get('averageValue', '<unknown>')}/{target['averageValue']}{suffix}"
        else:
            text = f"{current.get('value', '<unknown>')}/{target.get('value', '<auto>')}"
        name = source.get("name")
        texts.append(f"{name}: {text}" if field in ("resource", "containerResource") else text)
    more = f" + {len(metrics) - 2} more..." if len(metrics) > 2 else ""
    return ", ".join(texts) + more
