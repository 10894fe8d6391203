"""Level 1: what the sample asks for is there, follows every change, heals, and goes without a trace."""

from __future__ import annotations

from kubewright.client import MetadataOnly, Untyped
from kubewright.objects import Object, Unstructured
from kubewright.objects.errors import NotFound
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.trial import Path, Trial, others, scalars
from kubewright.testing.rehearsal import gone

READY = Check(1, "becomes ready", "say in a Ready condition, ctx.condition(...), when all that was asked for is there")
OBSERVES = Check(
    1,
    "looks at every change",
    "set conditions with ctx.condition(...), which carry the observed generation, in every reconcile that succeeds",
)
RESTORES = Check(
    1, "restores a deleted child", "apply every child in every reconcile, and name its class in owns=[...]"
)
LEAVES = Check(
    1, "leaves nothing behind", "make children with ctx.apply(...), which owns them, or remove them in @op.finalize"
)

CHECKS = (READY, OBSERVES, RESTORES, LEAVES)


def becomes_ready(trial: Trial) -> Result:
    if not trial.outcome.ready:
        return READY.failed(trial.name, trial.outcome.why)
    return READY.passed(trial.name, trial.outcome.why or f"ready, with {len(trial.outcome.children)} children")


async def looks_at_changes(trial: Trial) -> Result:
    """Each field of the sample's spec is changed, one after the other; each time the new generation is reported."""
    if _observed(trial.sample) is None:
        seen = "no observedGeneration, neither in status nor in a condition: users cannot tell"
        return OBSERVES.failed(trial.name, seen)
    changed: list[str] = []
    kept: list[str] = []
    for path, value in scalars(trial.sample.get("spec", default={}) or {}):
        name = ".".join(path)
        if not await _change(trial, path, value):
            kept.append(name)
            continue
        done, now = await trial.until(trial.now, _is_observed)
        if not done:
            return OBSERVES.failed(
                trial.name, f"spec.{name} changed; generation {now.metadata.generation} was not seen"
            )
        changed.append(name)
    await trial.put_back()
    immutable = f"; not to be changed: {', '.join(kept)}" if kept else ""
    if not changed:
        return OBSERVES.not_applicable(trial.name, f"no field of the sample's spec can be changed{immutable}")
    return OBSERVES.passed(trial.name, f"{', '.join(changed)} changed, and each generation was observed{immutable}")


async def _change(trial: Trial, path: Path, value: bool | int | str) -> bool:
    for candidate in others(value):
        if await trial.change(path, candidate) is not None:
            return True
    return False


def _observed(obj: Unstructured) -> int | None:
    status = obj.get("status", default={}) or {}
    seen = [status.get("observedGeneration")]
    seen += [one.get("observedGeneration") for one in status.get("conditions") or ()]
    return max((one for one in seen if isinstance(one, int)), default=None)


def _is_observed(obj: Unstructured) -> bool:
    return (_observed(obj) or 0) >= (obj.metadata.generation or 0)


async def restores_children(trial: Trial) -> Result:
    children = await trial.children()
    if not children:
        return RESTORES.not_applicable(trial.name, "it has no children")
    lost = [child for child in children if not await _comes_back(trial, child)]
    names = _names(lost or children)
    return (
        RESTORES.failed(trial.name, f"{names} stayed away")
        if lost
        else RESTORES.passed(trial.name, f"{names} came back")
    )


async def _comes_back(trial: Trial, child: Object) -> bool:
    await trial.client.delete(child)
    place = (child.metadata.name, child.metadata.namespace or None)

    async def uid() -> str:
        try:
            return (await trial.client.get(MetadataOnly(type(child)), *place)).metadata.uid
        except NotFound:
            return ""

    done, _ = await trial.until(uid, lambda uid: uid not in ("", child.metadata.uid))
    return done


async def leaves_nothing(trial: Trial) -> Result:
    children = await trial.children()
    sample = trial.sample
    await trial.client.delete(Untyped(sample.gvk), sample.metadata.name, trial.namespace)
    everything: list[Object | Unstructured] = [sample, *children]
    left = [one for one in everything if not await gone(trial.client, one, timeout=trial.timeout)]
    return LEAVES.failed(trial.name, f"{_names(left)} stayed") if left else LEAVES.passed(trial.name, "all is gone")


def _names(objects: list[Object] | list[Object | Unstructured]) -> str:
    return ", ".join(f"{one.gvk.kind} {one.metadata.name}" for one in objects)
