"""PodDisruptionBudgets, PriorityClasses, RuntimeClasses and Leases: small kinds that steer pods and controllers.

After ``pkg/apis/{policy,scheduling,node,coordination}``.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of
from kubewright.apiserver.registry.builtin.field_rules import (
    int_or_percent,
    label_selector,
    non_negative,
    not_more_than_hundred_percent,
    optional_one_of,
    positive,
    problems,
    validate_conditions,
)
from kubewright.apiserver.registry.builtin.node_label_warnings import deprecated_label
from kubewright.apiserver.registry.builtin.resource_requirements import validate_overhead
from kubewright.apiserver.registry.builtin.scheduling_rules import validate_tolerations
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns_label, validate_labels
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid

HIGHEST_USER_PRIORITY = 1_000_000_000
SYSTEM_PRIORITY_CLASSES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_COORDINATION = ("strategy", "preferredHolder")
DISRUPTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


class PodDisruptionBudgetStrategy(BuiltinStrategy):
    any_finalizers = True
    allow_unconditional_update = False
    columns = columns("Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age")
    status = True
    generation = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        if "minAvailable" in spec and "maxUnavailable" in spec:
            causes.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
        for name in ("minAvailable", "maxUnavailable"):
            if name in spec:
                causes += int_or_percent(spec[name], f"spec.{name}")
                causes += not_more_than_hundred_percent(spec[name], f"spec.{name}")
        causes += label_selector(spec.get("selector"), "spec.selector")
        policy = spec.get("unhealthyPodEvictionPolicy")
        return causes + optional_one_of(policy, DISRUPTION_POLICIES, "spec.unhealthyPodEvictionPolicy")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes: list[Cause] = []
        for name in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
            causes += non_negative(obj["status"].get(name, 0), f"status.{name}")
        return causes + validate_conditions(obj["status"].get("conditions") or [], "status.conditions")

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        bounds = [str(spec.get(name, "N/A")) for name in ("minAvailable", "maxUnavailable")]
        return [name_of(obj), *bounds, status.get("disruptionsAllowed", 0), age(obj)]


class PriorityClassStrategy(BuiltinStrategy):
    columns = columns("Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy")
    generation = True

    def counts(self, obj: Object, old: Object) -> bool:
        return False  # As in Kubernetes: it begins with one and stays.

    def default(self, obj: Object) -> None:
        obj.setdefault("preemptionPolicy", "PreemptLowerPriority")

    def rules(self, obj: Object) -> list[Cause]:
        name, value = name_of(obj), obj.get("value", 0)
        causes: list[Cause] = []
        if name.startswith("system-"):
            known = SYSTEM_PRIORITY_CLASSES.get(name)
            problem = ""
            if known is None:
                problem = f"{name} is not a known system priority class"
            elif known != value:
                problem = f"value of {name} PriorityClass must be {known}"
            elif obj.get("globalDefault"):
                problem = f"globalDefault of {name} PriorityClass must be false"
            if problem:
                text = "priority class names with 'system-' prefix are reserved for system use only. error: "
                causes.append(forbidden("metadata.name", text + problem))
        elif value > HIGHEST_USER_PRIORITY:
            text = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
            causes.append(forbidden("value", text))
        policies = ("Never", "PreemptLowerPriority")
        return causes + optional_one_of(obj.get("preemptionPolicy"), policies, "preemptionPolicy")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes: list[Cause] = []
        if obj.get("value") != old.get("value"):
            causes.append(forbidden("value", "may not be changed in an update."))
        return causes + immutable(obj.get("preemptionPolicy"), old.get("preemptionPolicy"), "preemptionPolicy")

    def cells(self, obj: Object) -> list[Any]:
        policy = obj.get("preemptionPolicy", "")
        return [name_of(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj), policy]


class RuntimeClassStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns("Handler", "Age")

    def rules(self, obj: Object) -> list[Cause]:
        handler = obj.get("handler", "")
        causes = problems(is_dns_label(handler), handler, "handler")
        causes += validate_overhead((obj.get("overhead") or {}).get("podFixed") or {}, "overhead")
        scheduling = obj.get("scheduling") or {}
        causes += validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
        tolerations = scheduling.get("tolerations") or []
        causes += validate_tolerations(tolerations, "scheduling.tolerations")
        keys = [tuple(one.get(name) or "" for name in ("key", "operator", "value", "effect")) for one in tolerations]
        repeated = [index for index, key in enumerate(keys) if key in keys[:index]]
        return causes + [duplicate(f"scheduling.tolerations[{index}]", tolerations[index]) for index in repeated]

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return immutable(obj.get("handler"), old.get("handler"), "handler")

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        labels = (obj.get("scheduling") or {}).get("nodeSelector") or ()
        return [f"scheduling.nodeSelector: {text}" for label in labels if (text := deprecated_label(label))]

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj.get("handler", ""), age(obj)]


class LeaseStrategy(BuiltinStrategy):
    any_finalizers = True
    columns = columns("Holder", "Age")
    allow_create_on_update = True
    allow_unconditional_update = False

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        """Who is to lead is for the holders to settle: coordinated election is not on by default."""
        for name in _COORDINATION:
            obj["spec"].pop(name, None)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        for name in _COORDINATION:
            if old["spec"].get(name) is None:
                obj["spec"].pop(name, None)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = positive(spec.get("leaseDurationSeconds"), "spec.leaseDurationSeconds")
        causes += non_negative(spec.get("leaseTransitions"), "spec.leaseTransitions")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["spec"].get("holderIdentity", ""), age(obj)]
