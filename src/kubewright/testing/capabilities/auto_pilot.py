"""Level 5: without a human, what others change is set back, faults are outlived, and replicas follow what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.client import Untyped
from kubewright.objects import Object, to_dict
from kubewright.objects.apps_v1 import Deployment, StatefulSet
from kubewright.objects.autoscaling_v1 import Scale
from kubewright.objects.autoscaling_v2 import HorizontalPodAutoscaler
from kubewright.objects.errors import APIError
from kubewright.testing import faults
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.trial import Path, Trial, nested, others, scalars
from kubewright.testing.faults import FaultyTransport
from kubewright.testing.field_ownership import owned_fields

HEALS = Check(
    5,
    "sets back what others change",
    "apply children with ctx.apply(...) in every reconcile, and watch them with owns=",
)
OUTLIVES = Check(
    5,
    "recovers from faults of the API server",
    "let errors of the API server rise: the object is tried again by itself",
)
SCALES = Check(
    5,
    "moves replicas within their bounds",
    "give the resource scale=Scale(...) and its children that many replicas, or own a HorizontalPodAutoscaler with "
    "minReplicas below maxReplicas",
)

CHECKS = (HEALS, OUTLIVES, SCALES)

_STRANGER = "kubewright-stranger"


async def heals(trial: Trial) -> Result:
    """One field of each child that the operator has set is changed by somebody else."""
    touched: list[str] = []
    for child in await trial.children():
        field = await _disturb(trial, child)
        if field is None:
            continue
        touched.append(f"{child.gvk.kind} {child.metadata.name} {'.'.join(field)}")
        wanted = _field(child, field)

        async def value(child: Object = child, field: Path = field) -> object:
            now = await trial.client.get(type(child), child.metadata.name, child.metadata.namespace or None)
            return _field(now, field)

        back, _ = await trial.until(value, lambda found, wanted=wanted: found == wanted)  # type: ignore[misc]
        if not back:
            return HEALS.failed(trial.name, f"{touched[-1]} was changed, and stayed so")
    if not touched:
        return HEALS.not_applicable(trial.name, "it has no children with a field that others may change")
    return HEALS.passed(trial.name, f"{', '.join(touched)} was set back")


async def _disturb(trial: Trial, child: Object) -> Path | None:
    """Change a field that has been applied, by the operator or by Helm in its name; which one."""
    content = to_dict(child)
    entries = content["metadata"].get("managedFields", ())
    appliers = {one["manager"] for one in entries if one["operation"] == "Apply" and not one.get("subresource")}
    applied = [_fields(owned_fields(content, manager)) for manager in sorted(appliers)]
    wanted: dict[str, Any] = {name: one[name] for one in applied for name in ("spec", "data") if name in one}
    for path, value in scalars(wanted):
        for candidate in others(value):
            try:
                await trial.client.patch(child, merge=nested(path, candidate), field_manager=_STRANGER)
            except APIError:
                continue
            return path
    return None


def _fields(owned: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a manager owns, the fields outside lists, by their own names."""
    return {
        name.removeprefix("f:"): _fields(value) if isinstance(value, Mapping) else value
        for name, value in owned.items()
        if name.startswith("f:")
    }


def _field(obj: Object, path: Path) -> object:
    value: Any = to_dict(obj)
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


async def outlives_faults(trial: Trial, transport: FaultyTransport) -> Result:
    """Writes are refused, answered with errors and lost while a child is deleted; then the child is there again."""
    children = await trial.children()
    if not children:
        return OUTLIVES.not_applicable(trial.name, "it has no children")
    injected = [faults.unavailable(times=2), faults.internal_error(times=3), faults.lose_answer(times=3)]
    transport.faults += injected
    lost = {child.metadata.uid for child in children}
    try:
        for child in children:
            await trial.client.delete(child)

        async def back() -> bool:
            now = await trial.children()
            return len(now) >= len(children) and not lost & {child.metadata.uid for child in now}

        whole, _ = await trial.until(back, bool)
        ready, why = await trial.is_ready()
    finally:
        transport.heal()
    hits = sum(fault.hits for fault in injected)
    if not (whole and ready):
        return OUTLIVES.failed(trial.name, f"{hits} requests went wrong; {why or 'children stayed away'}")
    return OUTLIVES.passed(trial.name, f"{hits} requests went wrong, and all children came back")


async def moves_replicas(trial: Trial) -> Result:
    """The scale subresource is moved up and down and the operands follow; of an autoscaler the bounds are read."""
    children = await trial.children()
    for child in children:
        if isinstance(child, HorizontalPodAutoscaler):
            low, high = child.spec.min_replicas or 1, child.spec.max_replicas
            said = f"HorizontalPodAutoscaler {child.metadata.name} moves between {low} and {high}"
            return SCALES.passed(trial.name, said) if low < high else SCALES.failed(trial.name, said)
    if not _has_scale(trial):
        return SCALES.not_applicable(trial.name, "the resource has no scale, and no HorizontalPodAutoscaler is owned")
    before = await _asked(trial)
    moved: list[str] = []
    for wanted in (before + 1, before):
        if not await _scale(trial, wanted):
            return SCALES.not_applicable(trial.name, f"{wanted} replicas are out of bounds")
        followed, total = await trial.until(lambda: _replicas(trial), lambda total, wanted=wanted: total == wanted)  # type: ignore[misc]
        if not followed:
            return SCALES.failed(trial.name, f"scaled to {wanted}, but the operands have {total} replicas")
        moved.append(str(wanted))
    return SCALES.passed(trial.name, f"replicas moved from {before} to {' and '.join(moved)}")


def _has_scale(trial: Trial) -> bool:
    gvk = trial.sample.gvk
    return any(
        crd.spec.names.kind == gvk.kind and version.name == gvk.version and version.subresources.scale is not None
        for crd in trial.operator.crds()
        for version in crd.spec.versions
        if version.subresources is not None
    )


async def _asked(trial: Trial) -> int:
    sample = trial.sample
    scale = await trial.client.get_subresource(
        Untyped(sample.gvk), sample.metadata.name, trial.namespace, "scale", Scale
    )
    return scale.spec.replicas or 0


async def _scale(trial: Trial, replicas: int) -> bool:
    sample, change = trial.sample, {"spec": {"replicas": replicas}}
    kind = Untyped(sample.gvk)
    try:
        await trial.client.patch_subresource(kind, sample.metadata.name, trial.namespace, "scale", Scale, merge=change)
    except APIError:
        return False
    return True


async def _replicas(trial: Trial) -> int:
    return sum(
        child.spec.replicas or 0 for child in await trial.children() if isinstance(child, Deployment | StatefulSet)
    )
