"""Deployments, ReplicaSets, DaemonSets and ReplicationControllers, and what all workloads share.

After ``pkg/apis/apps`` (defaults, validation) and ``pkg/registry/apps``; StatefulSets are in `stateful_sets.py`.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.base import (
    BuiltinStrategy,
    age,
    columns,
    container_texts,
    label_text,
    name_of,
    same,
    selector_text,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    int_or_percent,
    is_empty_selector,
    label_selector,
    non_negative,
    not_more_than_hundred_percent,
    percent_of,
)
from kubewright.apiserver.registry.builtin.pod_defaults import default_template
from kubewright.apiserver.registry.builtin.pod_rules import RESTART_POLICIES, validate_template
from kubewright.apiserver.registry.builtin.pod_warnings import template_warnings, workload_warnings
from kubewright.apiserver.registry.metadata_rules import immutable
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required
from kubewright.objects.selectors import LabelSelector, SelectorError

Spec = dict[str, Any]

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_EMPTY_SELECTOR = "empty selector is invalid for {}"
_MISMATCH = "`selector` does not match template `labels`"


def validate_selector(spec: Spec, kind: str) -> list[Cause]:
    """A selector must be there, select something, and match the template's own labels."""
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector")]
    causes = label_selector(selector, "spec.selector")
    if is_empty_selector(selector):
        causes.append(invalid("spec.selector", selector, _EMPTY_SELECTOR.format(kind)))
    return causes


def selector_matches_template(spec: Spec) -> list[Cause]:
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    try:
        selector = LabelSelector.from_object(spec.get("selector"))
    except SelectorError:
        return []
    selects_nothing = spec.get("selector") is None
    if selects_nothing or (selector.requirements and not selector.matches(labels)):
        return [invalid("spec.template.metadata.labels", labels, _MISMATCH)]
    return []


def validate_workload_template(spec: Spec, kind: str) -> list[Cause]:
    """A template whose pods are kept running: matched by the selector, restarted always, without a deadline."""
    template = spec.get("template") or {}
    causes = selector_matches_template(spec) + validate_template(template, "spec.template")
    pod = template.get("spec") or {}
    policy = pod.get("restartPolicy")
    if policy in RESTART_POLICIES and policy != "Always":
        causes.append(not_supported("spec.template.spec.restartPolicy", policy, ["Always"]))
    if pod.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.append(forbidden("spec.template.spec.activeDeadlineSeconds", text))
    return causes


class WorkloadStrategy(BuiltinStrategy):
    """What all workloads share: generation, a status of its own, a pod template."""

    status = True
    generation = True

    def default(self, obj: Object) -> None:
        default_template(obj["spec"].get("template"))

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return workload_warnings(obj, old, obj["spec"].get("template"), "spec.template")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        selector = immutable(obj["spec"].get("selector"), old["spec"].get("selector"), "spec.selector")
        return self.rules(obj) + selector


def counts(status: Spec, *names: str) -> list[Cause]:
    return [cause for name in names for cause in non_negative(status.get(name, 0), f"status.{name}")]


def at_most_replicas(status: Spec, *names: str) -> list[Cause]:
    replicas = status.get("replicas", 0)
    text = "cannot be greater than status.replicas"
    return [invalid(f"status.{name}", status.get(name, 0), text) for name in names if status.get(name, 0) > replicas]


def collisions(obj: Object, old: Object) -> list[Cause]:
    """The count of name collisions only rises."""
    now, before = obj["status"].get("collisionCount"), (old.get("status") or {}).get("collisionCount")
    if before is None or (now is not None and now >= before):
        return []
    return [invalid("status.collisionCount", now or 0, "cannot be decremented")]


class DeploymentStrategy(WorkloadStrategy):
    columns = columns("Ready", "Up-to-date", "Available", "Age", wide=("Containers", "Images", "Selector"))

    status_keeps = ("labels",)

    def counts(self, obj: Object, old: Object) -> bool:
        """Annotations count too: rollout history is kept in them."""
        changed = not same(obj["metadata"].get("annotations"), old["metadata"].get("annotations"))
        return changed or super().counts(obj, old)

    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        spec.setdefault("replicas", 1)
        strategy = spec.setdefault("strategy", {})
        strategy.setdefault("type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", "25%")
            rolling.setdefault("maxSurge", "25%")
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("progressDeadlineSeconds", 600)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_update(obj, old, reader)
        metadata, was = obj["metadata"], old["metadata"]
        if metadata.get("annotations") != was.get("annotations"):
            # A deployment's annotations go to its replica sets, so its controller has to look at it.
            metadata["generation"] = was.get("generation", 0) + 1

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = non_negative(spec.get("replicas"), "spec.replicas")
        causes += validate_selector(spec, "deployment")
        causes += validate_workload_template(spec, "ReplicaSet")
        causes += _deployment_strategy(spec.get("strategy") or {}, "spec.strategy")
        causes += non_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
        causes += non_negative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit")
        deadline = spec.get("progressDeadlineSeconds")
        causes += non_negative(deadline, "spec.progressDeadlineSeconds")
        if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
            text = "must be greater than minReadySeconds"
            causes.append(invalid("spec.progressDeadlineSeconds", deadline, text))
        return causes

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj["status"]
        names = ("updatedReplicas", "readyReplicas", "availableReplicas")
        others = ("unavailableReplicas", "terminatingReplicas", "collisionCount")
        causes = counts(status, "observedGeneration", "replicas", *names, *others)
        causes += at_most_replicas(status, *names)
        if status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
            text = "cannot be greater than readyReplicas"
            causes.append(invalid("status.availableReplicas", status["availableReplicas"], text))
        return causes + collisions(obj, old)

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        names, images = container_texts((spec.get("template") or {}).get("spec") or {})
        return [
            name_of(obj),
            f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
            status.get("updatedReplicas", 0),
            status.get("availableReplicas", 0),
            age(obj),
            names,
            images,
            selector_text(spec.get("selector")),
        ]


def _deployment_strategy(strategy: Spec, field: str) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            return [forbidden(f"{field}.rollingUpdate", text)]
        return []
    if kind != "RollingUpdate":
        return [not_supported(field, strategy, ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(f"{field}.rollingUpdate", "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    at = f"{field}.rollingUpdate"
    causes = int_or_percent(unavailable, f"{at}.maxUnavailable") + int_or_percent(surge, f"{at}.maxSurge")
    if is_zero(unavailable) and is_zero(surge):
        text = "may not be 0 when `maxSurge` is 0"
        causes.append(invalid(f"{at}.maxUnavailable", unavailable, text))
    return causes + not_more_than_hundred_percent(unavailable, f"{at}.maxUnavailable")


def is_zero(value: int | str) -> bool:
    return (percent_of(value) if isinstance(value, str) else value) == 0


class ReplicaSetStrategy(WorkloadStrategy):
    columns = columns(
        "Desired:integer", "Current:integer", "Ready:integer", "Age", wide=("Containers", "Images", "Selector")
    )

    def default(self, obj: Object) -> None:
        super().default(obj)
        obj["spec"].setdefault("replicas", 1)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = non_negative(spec.get("replicas"), "spec.replicas")
        causes += non_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
        return causes + validate_selector(spec, "deployment") + validate_workload_template(spec, "ReplicaSet")

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        # As for ReplicationControllers: the rules for creation, and again as part of those for a change.
        return self.validate(obj, reader) + super().validate_update(obj, old, reader)

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return replica_status(obj["status"])

    def cells(self, obj: Object) -> list[Any]:
        return [*_replica_cells(obj), selector_text(obj["spec"].get("selector"))]


def replica_status(status: Spec) -> list[Cause]:
    names = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    causes = counts(status, "replicas", *names, "terminatingReplicas", "observedGeneration")
    causes += at_most_replicas(status, *names)
    if status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
        text = "cannot be greater than readyReplicas"
        causes.append(invalid("status.availableReplicas", status["availableReplicas"], text))
    return causes


def _replica_cells(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    names, images = container_texts((spec.get("template") or {}).get("spec") or {})
    numbers = [spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(obj), *numbers, age(obj), names, images]


class ReplicationControllerStrategy(BuiltinStrategy):
    columns = columns(
        "Desired:integer", "Current:integer", "Ready:integer", "Age", wide=("Containers", "Images", "Selector")
    )
    status = True
    generation = True
    orphan_dependents = True
    field_labels = frozenset({"status.replicas"})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return workload_warnings(obj, old, obj["spec"].get("template"), "spec.template")

    def default(self, obj: Object) -> None:
        template = obj["spec"].get("template")
        labels = ((template or {}).get("metadata") or {}).get("labels")
        if labels:
            if not obj["spec"].get("selector"):
                obj["spec"]["selector"] = dict(labels)
            if not obj["metadata"].get("labels"):
                obj["metadata"]["labels"] = dict(labels)
        obj["spec"].setdefault("replicas", 1)
        default_template(template)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        selector, template = spec.get("selector") or {}, spec.get("template")
        causes = non_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
        if not selector:
            causes.append(required("spec.selector"))
        causes += non_negative(spec.get("replicas"), "spec.replicas")
        if template is None:
            return [*causes, required("spec.template")]
        labels = (template.get("metadata") or {}).get("labels") or {}
        if selector and not selector.items() <= labels.items():
            causes.append(invalid("spec.template.metadata.labels", labels, _MISMATCH))
        causes += validate_template(template, "spec.template")
        policy = (template.get("spec") or {}).get("restartPolicy")
        if policy in RESTART_POLICIES and policy != "Always":
            causes.append(not_supported("spec.template.spec.restartPolicy", policy, ["Always"]))
        if (template.get("spec") or {}).get("activeDeadlineSeconds") is not None:
            text = "activeDeadlineSeconds in ReplicationController is not Supported"
            causes.append(forbidden("spec.template.spec.activeDeadlineSeconds", text))
        return causes

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        # Kubernetes calls the rules for creation and those for a change, which hold the former once more.
        return self.validate(obj, reader) + super().validate_update(obj, old, reader)

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return replica_status(obj["status"])

    def fields(self, obj: Object) -> dict[str, str]:
        return {"status.replicas": str((obj.get("status") or {}).get("replicas", 0))}

    def cells(self, obj: Object) -> list[Any]:
        return [*_replica_cells(obj), label_text(obj["spec"].get("selector"))]


class DaemonSetStrategy(WorkloadStrategy):
    columns = columns(
        "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer", "Available:integer",
        "Node Selector", "Age",
        wide=("Containers", "Images", "Selector"),
    )  # fmt: skip

    def default(self, obj: Object) -> None:
        super().default(obj)
        strategy = obj["spec"].setdefault("updateStrategy", {})
        strategy.setdefault("type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", 1)
            rolling.setdefault("maxSurge", 0)
        obj["spec"].setdefault("revisionHistoryLimit", 10)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Of the template only: names of its pods are made in another way."""
        if old is not None and same(obj["spec"], old["spec"]):
            return []
        return template_warnings(obj["spec"].get("template"), "spec.template")

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        _annotate_template_generation(obj, 1)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        before = int((old["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "1"))
        changed = not same(obj["spec"].get("template"), old["spec"].get("template"))
        _annotate_template_generation(obj, before + changed)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        selector = spec.get("selector")
        # One that is missing selects nothing, and so not the template's own pods; nothing else is said of it.
        causes = [] if selector is None else validate_selector(spec, "daemonset")
        causes += validate_workload_template(spec, "DaemonSet")
        causes += non_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
        causes += _daemon_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
        return causes + non_negative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = counts(
            obj["status"], "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
            "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
        )  # fmt: skip
        return causes + collisions(obj, old)

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        pod = (spec.get("template") or {}).get("spec") or {}
        names, images = container_texts(pod)
        numbers = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
        return [
            name_of(obj),
            *(status.get(name, 0) for name in (*numbers, "numberAvailable")),
            label_text(pod.get("nodeSelector")),
            age(obj),
            names,
            images,
            selector_text(spec.get("selector")),
        ]


def _annotate_template_generation(obj: Object, number: int) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**annotations, _TEMPLATE_GENERATION: str(number)}


def _daemon_strategy(strategy: Spec, field: str) -> list[Cause]:
    kind = strategy.get("type")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [not_supported(field, strategy, ("OnDelete", "RollingUpdate"))]
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        return [required(f"{field}.rollingUpdate")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    at = f"{field}.rollingUpdate"
    causes = int_or_percent(unavailable, f"{at}.maxUnavailable")
    causes += not_more_than_hundred_percent(unavailable, f"{at}.maxUnavailable")
    causes += int_or_percent(surge, f"{at}.maxSurge") + not_more_than_hundred_percent(surge, f"{at}.maxSurge")
    if not is_zero(unavailable) and not is_zero(surge):
        causes.append(invalid(f"{at}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif is_zero(unavailable) and is_zero(surge):
        causes.append(required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes
