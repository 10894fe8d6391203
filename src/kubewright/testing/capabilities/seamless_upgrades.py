"""Level 2, with one version of the operator: a restart changes nothing, and what is not supported is told of."""

from __future__ import annotations

from collections.abc import Mapping

from kubewright.controller.readiness import Readiness
from kubewright.objects import Object, ObjectMeta, Unstructured
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.trial import Trial, scalars

RESTARTS = Check(
    2,
    "stays as it is over a restart of the operator",
    "let a reconcile of an unchanged object apply exactly what is there: no times, no random values, no counters",
)
UNSUPPORTED = Check(
    2,
    "tells of a version that it does not support",
    "refuse it in @op.validate, or set the Ready condition to False with a reason that names the version",
)

CHECKS = (RESTARTS, UNSUPPORTED)

_STRANGE = "0.0.0-unsupported"


async def generations(trial: Trial) -> Mapping[str, str]:
    """The identity and generation of the sample and of each child: what an unneeded write of a spec would change.

    Where a kind has no generations, each write counts.
    """
    found: list[Object | Unstructured] = [await trial.now(), *await trial.children()]
    return {f"{one.gvk.kind} {one.metadata.name}": _written(one.metadata) for one in found}


def _written(metadata: ObjectMeta) -> str:
    return f"{metadata.uid} {metadata.generation or metadata.resource_version}"


async def survives_a_restart(trial: Trial, before: Mapping[str, str]) -> Result:
    """Nothing was made anew or rolled out again since ``before``."""
    after = await generations(trial)
    changed = [name for name in before if before[name] != after.get(name)]
    if changed:
        return RESTARTS.failed(trial.name, f"{', '.join(changed)} changed")
    return RESTARTS.passed(trial.name, "nothing changed")


async def tells_of_unsupported_versions(trial: Trial) -> Result:
    fields = [path for path, value in scalars(trial.sample.get("spec", default={}) or {}) if path[-1] == "version"]
    if not fields:
        return UNSUPPORTED.not_applicable(trial.name, "the sample's spec names no version of an operand")
    name = f"spec.{'.'.join(fields[0])} = {_STRANGE}"
    if await trial.change(fields[0], _STRANGE) is None:
        return UNSUPPORTED.passed(trial.name, f"{name} is refused")
    told, state = await trial.until(trial.state, _is_about_more_than_time)
    await trial.put_back()
    return (
        UNSUPPORTED.passed(trial.name, state.why)
        if told
        else UNSUPPORTED.failed(trial.name, f"{name} is said to be ready")
    )


def _is_about_more_than_time(state: Readiness) -> bool:
    return not state.ready and not state.why.endswith("has not been looked at")
