"""StatefulSets, and the ControllerRevisions that they and DaemonSets keep.

After ``pkg/apis/apps`` (defaults, validation) and ``pkg/registry/apps``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kubewright.apiserver.registry.builtin.apps import (
    WorkloadStrategy,
    at_most_replicas,
    collisions,
    counts,
    is_zero,
    validate_selector,
    validate_workload_template,
)
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, container_texts, name_of, same
from kubewright.apiserver.registry.builtin.claim_rules import claim_warnings, validate_claim_spec
from kubewright.apiserver.registry.builtin.field_rules import (
    int_or_percent,
    non_negative,
    not_more_than_hundred_percent,
    optional_one_of,
    problems,
)
from kubewright.apiserver.registry.builtin.pod_warnings import template_warnings
from kubewright.apiserver.registry.builtin.volumes import default_claim
from kubewright.apiserver.registry.metadata_rules import dns_label, is_dns_label
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required

Spec = dict[str, Any]


class StatefulSetStrategy(WorkloadStrategy):
    columns = columns("Ready", "Age", wide=("Containers", "Images"))

    _CHANGEABLE = (
        "replicas", "template", "updateStrategy", "minReadySeconds", "persistentVolumeClaimRetentionPolicy",
        "ordinals", "revisionHistoryLimit",
    )  # fmt: skip

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return dns_label(name, prefix)

    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        spec.setdefault("podManagementPolicy", "OrderedReady")
        strategy = spec.setdefault("updateStrategy", {})
        strategy.setdefault("type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
        policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
        policy.setdefault("whenDeleted", "Retain")
        policy.setdefault("whenScaled", "Retain")
        spec.setdefault("replicas", 1)
        spec.setdefault("revisionHistoryLimit", 10)
        for claim in spec.get("volumeClaimTemplates") or ():
            claim.setdefault("apiVersion", "v1")
            claim.setdefault("kind", "PersistentVolumeClaim")
            default_claim(claim)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        _rolling(obj).pop("maxUnavailable", None)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_update(obj, old, reader)
        if "maxUnavailable" not in _rolling(old):
            _rolling(obj).pop("maxUnavailable", None)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = self._rules_of_the_set(spec)
        causes += validate_workload_template(_with_claim_volumes(spec), "StatefulSet")
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            causes += validate_claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
        return causes

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        service = obj["spec"].get("serviceName")
        path = "spec.serviceName"
        return super().validate(obj, reader) + (problems(is_dns_label(service), service, path) if service else [])

    def _rules_of_the_set(self, spec: Spec) -> list[Cause]:
        causes: list[Cause] = []
        policy = spec.get("podManagementPolicy", "")
        if policy not in ("OrderedReady", "Parallel"):
            causes.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
        causes += _stateful_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
        retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        for name in ("whenDeleted", "whenScaled"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
            causes += optional_one_of(retention.get(name, ""), ("Delete", "Retain"), path)
        causes += non_negative(spec.get("replicas"), "spec.replicas")
        causes += non_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
        causes += non_negative((spec.get("ordinals") or {}).get("start"), "spec.ordinals.start")
        return causes + validate_selector(spec, "statefulset")

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Of its template and its claims; its name is a DNS label anyway."""
        spec = obj["spec"]
        if old is not None and same(spec, old["spec"]):
            return []
        found = template_warnings(spec.get("template"), "spec.template")
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            found += claim_warnings(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
        if spec.get("revisionHistoryLimit", 0) < 0:
            text = "a negative value retains all historical revisions; a value >= 0 is recommended"
            found.append(f"spec.revisionHistoryLimit: {text}")
        return found

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        spec, before = obj["spec"], old["spec"]
        causes = self._rules_of_the_set(spec)
        # What is unchanged is not looked at again: sets from before these rules go on.
        if not same(spec.get("template"), before.get("template")):
            causes += validate_workload_template(_with_claim_volumes(spec), "StatefulSet")
        fixed = [
            {key: value for key, value in one["spec"].items() if key not in self._CHANGEABLE} for one in (obj, old)
        ]
        if not same(*fixed):
            text = (
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' "
                "and 'minReadySeconds' are forbidden"
            )
            causes.append(forbidden("spec", text))
        return causes

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj["status"]
        names = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        causes = counts(status, "replicas", *names, "observedGeneration", "collisionCount")
        causes += at_most_replicas(status, *names)
        if status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
            text = "cannot be greater than status.readyReplicas"
            causes.append(invalid("status.availableReplicas", status["availableReplicas"], text))
        return causes + collisions(obj, old)

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        names, images = container_texts((spec.get("template") or {}).get("spec") or {})
        ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
        return [name_of(obj), ready, age(obj), names, images]


def _stateful_strategy(strategy: Spec, field: str) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        if rolling is not None:
            text = f"only allowed for updateStrategy '{'RollingUpdate'}'"
            return [invalid(f"{field}.rollingUpdate", rolling, text)]
        return []
    if kind != "RollingUpdate":
        return [invalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
    causes = non_negative((rolling or {}).get("partition"), f"{field}.rollingUpdate.partition")
    unavailable = (rolling or {}).get("maxUnavailable")
    if unavailable is not None:
        path = f"{field}.rollingUpdate.maxUnavailable"
        causes += int_or_percent(unavailable, path)
        if is_zero(unavailable):
            causes.append(invalid(path, unavailable, "cannot be 0"))
        causes += not_more_than_hundred_percent(unavailable, path)
    return causes


def _rolling(obj: Object) -> Spec:
    """How pods are replaced; a bound of those that are away belongs to a feature that is off (in 1.36, once more)."""
    rolling: Spec = (obj["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return rolling


def _with_claim_volumes(spec: Spec) -> Spec:
    """Containers may mount the claims of the set as if the template listed them as volumes."""
    claims = [(claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
    if not claims:
        return spec
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    named = {volume.get("name") for volume in pod.get("volumes") or ()}
    extra = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims if name not in named]
    return {**spec, "template": {**template, "spec": {**pod, "volumes": [*(pod.get("volumes") or ()), *extra]}}}


class ControllerRevisionStrategy(BuiltinStrategy):
    columns = columns("Controller", "Revision", "Age")
    update_checks_metadata_twice = True

    def rules(self, obj: Object) -> list[Cause]:
        return non_negative(obj.get("revision", 0), "revision")

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        causes, data = super().validate(obj, reader), obj.get("data")
        if data is None:
            causes.append(required("data", "data is mandatory"))
        elif not isinstance(data, dict):
            causes.append(required("data", "data must be a valid JSON object"))
        return causes

    def patched(self, obj: Object) -> None:
        data = msgspec.json.encode(obj.get("data"), order="sorted")
        obj["data"] = msgspec.json.decode(data)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        # Data is compared as it was written, to the order of its members: Kubernetes keeps it as raw JSON.
        new, before = msgspec.json.encode(obj.get("data")), msgspec.json.encode(old.get("data"))
        changed = [] if new == before else [invalid("data", obj.get("data"), "field is immutable")]
        return self.rules(obj) + changed

    def cells(self, obj: Object) -> list[Any]:
        owner = next((ref for ref in obj["metadata"].get("ownerReferences") or () if ref.get("controller")), None)
        text = "<none>"
        if owner:
            group = owner.get("apiVersion", "").rpartition("/")[0]
            text = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
        return [name_of(obj), text, obj.get("revision", 0), age(obj)]
