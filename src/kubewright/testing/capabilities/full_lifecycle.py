"""Level 3: the operand's Pods are built to last, one that is lost comes back, and data outlives its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubewright.client import Untyped
from kubewright.objects import Object, Unstructured, to_dict
from kubewright.objects.apps_v1 import DaemonSet, Deployment, StatefulSet
from kubewright.objects.core_v1 import Pod
from kubewright.objects.errors import APIError
from kubewright.objects.policy_v1 import PodDisruptionBudget
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.trial import Trial
from kubewright.testing.field_ownership import owned_fields
from kubewright.testing.rehearsal import USER, gone

PROBES = Check(3, "operands are probed", "give every container a readiness_probe and a liveness_probe")
RESOURCES = Check(3, "operands ask for resources", "give every container resources with requests and limits")
ROLLING = Check(
    3,
    "operands are replaced one after the other",
    "leave the strategy at RollingUpdate, or replace the Pods of an OnDelete one by one: Recreate means downtime",
)
BUDGET = Check(
    3,
    "operands have a disruption budget",
    "apply a PodDisruptionBudget with the Pods' labels, and own it, where there are several replicas",
)
MEMBER = Check(
    3, "recovers a lost member", "run Pods through a Deployment, StatefulSet or DaemonSet, and watch it with owns="
)
BACKUP = Check(
    3,
    "restores from a backup",
    "declare how one is made: config/scorecard/backup.yaml before, restore.yaml after the sample was deleted",
)

CHECKS = (PROBES, RESOURCES, ROLLING, BUDGET, MEMBER, BACKUP)

Raw = dict[str, Any]


class _Workload(NamedTuple):
    """A child that runs Pods, as plain data."""

    name: str
    spec: Raw

    @property
    def containers(self) -> list[Raw]:
        found: list[Raw] = self.spec["template"]["spec"]["containers"]
        return found

    def lacks(self, *fields: str) -> list[str]:
        """The containers' fields that are absent or empty."""
        return [
            f"{self.name}: container {one['name']} has no {field}"
            for one in self.containers
            for field in fields
            if not _at(one, field)
        ]


def _at(value: Raw, path: str) -> object:
    for key in path.split("."):
        value = value.get(key) or {}
    return value


def _workloads(children: list[Object]) -> list[_Workload]:
    kinds = (Deployment, StatefulSet, DaemonSet)
    return [
        _Workload(f"{child.gvk.kind} {child.metadata.name}", to_dict(child)["spec"])
        for child in children
        if isinstance(child, kinds)
    ]


async def is_built_to_last(trial: Trial) -> list[Result]:
    """What can be told from the operands' manifests alone."""
    children = await trial.children()
    workloads = _workloads(children)
    if not workloads:
        why = "none of its children runs Pods"
        return [check.not_applicable(trial.name, why) for check in (PROBES, RESOURCES, ROLLING, BUDGET)]
    names = ", ".join(one.name for one in workloads)

    def judged(check: Check, lacking: list[str]) -> Result:
        return check.failed(trial.name, "; ".join(lacking)) if lacking else check.passed(trial.name, names)

    kinds = [
        f"{one.name}: {kind}"
        for one in workloads
        for strategy in ("strategy", "updateStrategy")
        if (kind := (one.spec.get(strategy) or {}).get("type")) == "Recreate"
    ]
    return [
        judged(PROBES, [text for one in workloads for text in one.lacks("readinessProbe", "livenessProbe")]),
        judged(RESOURCES, [text for one in workloads for text in one.lacks("resources.requests", "resources.limits")]),
        judged(ROLLING, kinds),
        _budgets(trial, workloads, children),
    ]


def _budgets(trial: Trial, workloads: list[_Workload], children: list[Object]) -> Result:
    several = [one for one in workloads if (one.spec.get("replicas") or 1) > 1]
    if not several:
        return BUDGET.not_applicable(trial.name, "each operand has one replica: nothing can be kept up meanwhile")
    budgets = [child.spec.selector for child in children if isinstance(child, PodDisruptionBudget)]
    without = [
        one.name
        for one in several
        if not any(budget is not None and budget.match_labels.items() <= _labels(one).items() for budget in budgets)
    ]
    if without:
        return BUDGET.failed(trial.name, f"no PodDisruptionBudget selects the Pods of {', '.join(without)}")
    return BUDGET.passed(trial.name, ", ".join(one.name for one in several))


def _labels(workload: _Workload) -> Mapping[str, str]:
    return (workload.spec["template"].get("metadata") or {}).get("labels") or {}


async def recovers_a_member(trial: Trial) -> Result:
    """One Pod of each operand is lost; another one takes its place, and the sample is ready again."""
    workloads = _workloads(await trial.children())
    lost: list[Pod] = []
    for workload in workloads:
        labels = ",".join(f"{key}={value}" for key, value in _labels(workload).items())
        lost += (await trial.client.list(Pod, namespace=trial.namespace, label_selector=labels))[:1]
    if not lost:
        return MEMBER.not_applicable(trial.name, "none of its children runs Pods")
    for pod in lost:
        await trial.client.delete(pod)
    names = ", ".join(f"Pod {pod.metadata.name}" for pod in lost)
    went = all([await gone(trial.client, pod, timeout=trial.timeout) for pod in lost])
    ready, why = await trial.is_ready()
    if not (went and ready):
        return MEMBER.failed(trial.name, f"{names} was lost; {why or 'it is still going'}")
    return MEMBER.passed(trial.name, f"{names} was lost, and made good")


async def restores_from_a_backup(trial: Trial, backup: list[Raw], restore: list[Raw]) -> Result:
    """Back up, delete the sample, restore: what the operator had set on the children is there again."""
    if not (backup and restore):
        return BACKUP.not_applicable(trial.name, "no backup is declared")
    before = await _content(trial)
    try:
        await _apply(trial, backup)
        sample = trial.sample
        await trial.client.delete(Untyped(sample.gvk), sample.metadata.name, trial.namespace)
        if not await gone(trial.client, sample, timeout=trial.timeout):
            return BACKUP.failed(trial.name, "the sample stayed when it was deleted")
        await _apply(trial, [_bare(sample), *restore])
    except APIError as error:
        return BACKUP.failed(trial.name, str(error))
    trial.sample = await trial.now()
    same, after = await trial.until(lambda: _content(trial), lambda found: found == before)
    ready, why = await trial.is_ready()
    if not (same and ready):
        different = [name for name in before if before[name] != after.get(name)]
        return BACKUP.failed(trial.name, f"not as before: {', '.join(different) or why}")
    return BACKUP.passed(trial.name, f"{len(before)} children are as they were before the sample was deleted")


async def _content(trial: Trial) -> dict[str, Raw]:
    """What the operator has set on the children, whoever owns them now."""
    return {
        f"{child.gvk.kind} {child.metadata.name}": {
            name: value
            for name, value in owned_fields(to_dict(child), trial.operator.name).items()
            if name not in ("f:metadata", "f:status")
        }
        for child in await trial.children()
    }


async def _apply(trial: Trial, objects: list[Raw]) -> None:
    """Apply, and wait for each: a backup or a restore is done when its object says so.

    :raises APIError: the server refuses one.
    """
    for one in objects:
        obj = await trial.client.apply(Unstructured({**one, "metadata": dict(one["metadata"])}), field_manager=USER)
        other = Trial(trial.client, trial.operator, trial.outcome._replace(sample=obj), timeout=trial.timeout)
        await other.is_ready()


def _bare(sample: Unstructured) -> Raw:
    metadata = {"name": sample.metadata.name, "namespace": sample.metadata.namespace}
    return {
        "apiVersion": sample.api_version,
        "kind": sample.kind,
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": sample.get("spec", default={}) or {},
    }
