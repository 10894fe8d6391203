"""Pods and PodTemplates: defaults, quality of service, what may change, and the line that kubectl prints.

After ``pkg/registry/core/pod/strategy.go`` and ``printPod`` in ``pkg/printers/internalversion``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import (
    ALL_METADATA,
    BuiltinStrategy,
    age,
    columns,
    container_texts,
    fill_plural,
    label_text,
    name_of,
    same,
    since,
)
from kubewright.apiserver.registry.builtin.pod_defaults import default_pod, default_template
from kubewright.apiserver.registry.builtin.pod_rules import (
    validate_pod_change,
    validate_pod_itself,
    validate_pod_spec,
    validate_template,
)
from kubewright.apiserver.registry.builtin.pod_status_rules import validate_pod_status
from kubewright.apiserver.registry.builtin.pod_warnings import IN_POD, name_warnings, pod_warnings, template_warnings
from kubewright.apiserver.registry.builtin.resource_requirements import validate_resize
from kubewright.apiserver.registry.builtin.scheduling_rules import join_label_keys
from kubewright.apiserver.registry.identity import copy_field
from kubewright.apiserver.registry.metadata_rules import validate_metadata_update
from kubewright.apiserver.registry.pod_conditions import set_pod_condition
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid
from kubewright.objects.quantity import Quantity

_COMPLETED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}
_GATED = "Scheduling is blocked due to non-empty scheduling gates"
TERMINAL_PHASES = ("Succeeded", "Failed")
_QOS_RESOURCES = ("cpu", "memory")


class PodStrategy(BuiltinStrategy):
    columns = columns(
        "Ready", "Status", "Restarts", "Age", wide=("IP", "Node", "Nominated Node", "Readiness Gates")
    )  # fmt: skip
    status = True
    generation = True
    graceful = True
    uncounted = frozenset({"status", "binding"})
    return_deleted = True
    update_checks_metadata_twice = True
    field_labels = frozenset(
        {
            "spec.nodeName", "spec.host", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
        }
    )  # fmt: skip

    def default(self, obj: Object) -> None:
        default_pod(obj)
        if status := obj.get("status"):
            fill_plural(status, "podIP", "podIPs", lambda address: {"ip": address})

    def grace_period(self, obj: Object, requested: int | None) -> int:
        """Pods that run nowhere, or no longer, go at once."""
        spec, status = obj["spec"], obj.get("status") or {}
        if not spec.get("nodeName") or status.get("phase") in TERMINAL_PHASES:
            return 0
        period = spec.get("terminationGracePeriodSeconds", 30) if requested is None else requested
        return max(period, 1) if period < 0 else int(period)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
        join_label_keys(obj)
        if obj["spec"].get("schedulingGates"):
            set_pod_condition(obj, "PodScheduled", "False", "SchedulingGated", _GATED)

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_status_update(obj, old, reader)
        obj["metadata"].pop("ownerReferences", None)
        if "ownerReferences" in old["metadata"]:
            obj["metadata"]["ownerReferences"] = old["metadata"]["ownerReferences"]
        qos = (old.get("status") or {}).get("qosClass")
        if qos and not obj["status"].get("qosClass"):
            obj["status"]["qosClass"] = qos

    def prepare_for_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> None:
        """Ephemeral containers and sizes have ways of their own, by which nothing else changes."""
        if subresource == "status":
            self.prepare_for_status_update(obj, old, reader)
            return
        if subresource in ("ephemeralcontainers", "resize"):
            obj["status"] = old["status"]
            for key in ALL_METADATA:
                copy_field(obj["metadata"], old["metadata"], key)
        if subresource == "ephemeralcontainers":
            wanted = obj["spec"].get("ephemeralContainers")
            obj["spec"] = {name: value for name, value in old["spec"].items() if name != "ephemeralContainers"}
            obj["spec"] |= {"ephemeralContainers": wanted} if wanted else {}
        elif subresource == "resize":
            obj["spec"] = _resized(obj["spec"], old["spec"])

    def validate_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        if subresource == "status":
            return self.validate_status_update(obj, old, reader)
        causes = validate_metadata_update(obj["metadata"], old["metadata"])
        if subresource != "binding":
            causes += self.metadata_rules(obj) + self.rules(obj)
        if subresource == "resize":
            causes += _resize_rules(obj, old)
        if subresource == "ephemeralcontainers":
            new = {one.get("name"): one for one in obj["spec"].get("ephemeralContainers") or ()}
            for had in old["spec"].get("ephemeralContainers") or ():
                if not same(new.get(had.get("name")), had):
                    text = f'existing ephemeral containers "{had.get("name")}" may not be removed or changed\n'
                    causes.append(forbidden("spec.ephemeralContainers", text))
        return causes

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Only of new Pods: people rarely change one by hand."""
        return [] if old is not None else name_warnings(obj, IN_POD) + pod_warnings(obj["metadata"], obj["spec"])

    def rules(self, obj: Object) -> list[Cause]:
        return validate_pod_spec(obj["spec"], "spec", name_of(obj)) + validate_pod_itself(obj)

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        causes = super().validate(obj, reader)
        spec = obj["spec"]
        if spec.get("ephemeralContainers"):
            causes.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
        if spec.get("nodeName") and spec.get("schedulingGates"):
            text = "cannot be set until all schedulingGates have been cleared"
            causes.append(forbidden("spec.nodeName", text))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return self.rules(obj) + validate_pod_change(obj["spec"], old["spec"])

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return validate_pod_status(obj, old)

    def fields(self, obj: Object) -> Mapping[str, str]:
        spec, status = obj["spec"], obj.get("status") or {}
        return {
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.host": spec.get("nodeName", ""),  # what clients of long ago call it
            "spec.restartPolicy": spec.get("restartPolicy", ""),
            "spec.schedulerName": spec.get("schedulerName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
            "status.phase": status.get("phase", ""),
            "status.podIP": status.get("podIP", ""),
            "status.podIPs": "",  # The name is accepted, but no value is ever found under it.
            "status.nominatedNodeName": status.get("nominatedNodeName", ""),
        }

    def row_conditions(self, obj: Object) -> list[Object]:
        phase = (obj.get("status") or {}).get("phase", "")
        text = _COMPLETED.get(phase)
        return [{"type": "Completed", "status": "True", "reason": phase, "message": text}] if text else []

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        ready, total, text, restarts = _summary(obj)
        gates = spec.get("readinessGates") or ()
        conditions = {condition["type"]: condition["status"] for condition in status.get("conditions") or ()}
        passed = sum(conditions.get(gate["conditionType"]) == "True" for gate in gates)
        ips = status.get("podIPs") or ()
        return [
            name_of(obj),
            f"{ready}/{total}",
            text,
            restarts,
            age(obj),
            (ips[0].get("ip") if ips else status.get("podIP")) or "<none>",
            spec.get("nodeName") or "<none>",
            status.get("nominatedNodeName") or "<none>",
            f"{passed}/{len(gates)}" if gates else "<none>",
        ]


def _resize_rules(pod: Object, old: Object) -> list[Cause]:
    new, before = pod["spec"], old["spec"]
    causes: list[Cause] = []
    if (quality := qos_class(new)) != qos_class(before):
        causes.append(invalid("spec", quality, "Pod QOS Class may not change as a result of resizing"))
    return causes + validate_resize(new, before)


def _resized(spec: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The old spec with the new one's container resources."""
    wanted = {one.get("name"): one for field in ("containers", "initContainers") for one in spec.get(field) or ()}
    resized = dict(old)
    for field in ("containers", "initContainers"):
        if old.get(field):
            resized[field] = [_with_resources(one, wanted.get(one.get("name"))) for one in old[field]]
    return resized


def _with_resources(container: dict[str, Any], wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    changed = {key: wanted[key] for key in ("resources", "resizePolicy") if key in wanted} if wanted else {}
    return {**container, **changed}


class PodTemplateStrategy(BuiltinStrategy):
    columns = columns("Containers", "Images", "Pod Labels")
    generation = True
    return_deleted = True

    def default(self, obj: Object) -> None:
        default_template(obj.get("template"))

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if old is not None and not self.counts(obj, old):
            return []
        return template_warnings(obj.get("template"), "template")

    def rules(self, obj: Object) -> list[Cause]:
        return validate_template(obj.get("template") or {}, "template")

    def cells(self, obj: Object) -> list[Any]:
        template = obj.get("template") or {}
        names, images = container_texts(template.get("spec") or {})
        return [name_of(obj), names, images, label_text((template.get("metadata") or {}).get("labels"))]


def qos_class(spec: Mapping[str, Any]) -> str:
    """``GetPodQOS``: Guaranteed when every container's requests equal its limits, BestEffort when there are none."""
    requests: dict[str, Quantity] = {}
    limits: dict[str, Quantity] = {}
    guaranteed = True
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        for target, amounts in ((requests, resources.get("requests")), (limits, resources.get("limits"))):
            for name, amount in (amounts or {}).items():
                if name in _QOS_RESOURCES and Quantity(amount):
                    target[name] = target.get(name, Quantity(0)) + Quantity(amount)
        bounded = resources.get("limits") or {}
        guaranteed &= all(name in bounded and bool(Quantity(bounded[name])) for name in _QOS_RESOURCES)
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _summary(pod: Object) -> tuple[int, int, str, str]:
    """Ready containers, all containers, one word for the state, restarts."""
    spec, status = pod["spec"], pod.get("status") or {}
    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    text = status.get("reason") or status.get("phase", "")
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
        text = "SchedulingGated"
    ready, blocked = _init_state(status, spec, sidecars)
    init_restarts = sum(one.get("restartCount", 0) for one in status.get("initContainerStatuses") or ())
    counted = [one for one in status.get("initContainerStatuses") or () if one.get("name") in sidecars]
    if blocked and conditions.get("Initialized", {}).get("status") != "True":
        text, restarts = blocked, init_restarts
        counted = list(status.get("initContainerStatuses") or ())
    else:
        running = False
        for one in reversed(status.get("containerStatuses") or ()):
            state = one.get("state") or {}
            if word := _container_word(state):
                text = word
            elif one.get("ready") and "running" in state:
                running = True
                ready += 1
        if text == "Completed" and running:
            text = "Running" if conditions.get("Ready", {}).get("status") == "True" else "NotReady"
        counted += status.get("containerStatuses") or ()
        restarts = sum(one.get("restartCount", 0) for one in counted)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            text = "Unknown"
        elif status.get("phase") not in TERMINAL_PHASES:
            text = "Terminating"
    return ready, total, text, _restart_text(restarts, counted)


def _init_state(status: Mapping[str, Any], spec: Mapping[str, Any], sidecars: set[str]) -> tuple[int, str]:
    """Ready sidecars, and the first init container that is still in the way."""
    ready = 0
    for index, one in enumerate(status.get("initContainerStatuses") or ()):
        state = one.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated and terminated.get("exitCode", 0) == 0:
            continue
        if one.get("name") in sidecars and one.get("started"):
            ready += bool(one.get("ready"))
            continue
        if terminated:
            return ready, "Init:" + _terminated_word(terminated)
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return ready, f"Init:{waiting['reason']}"
        return ready, f"Init:{index}/{len(spec.get('initContainers') or ())}"
    return ready, ""


def _container_word(state: Mapping[str, Any]) -> str:
    if reason := (state.get("waiting") or {}).get("reason"):
        return str(reason)
    return _terminated_word(state["terminated"]) if state.get("terminated") else ""


def _terminated_word(terminated: Mapping[str, Any]) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _restart_text(restarts: int, statuses: list[Mapping[str, Any]]) -> str:
    ends = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    last = max((end for end in ends if end), default=None)
    return f"{restarts} ({since(last)} ago)" if restarts and last else str(restarts)
