"""Level 2 with two versions: the samples of the previous one live on under the present one, undisturbed.

The previous version runs in a process of its own, as its modules have the names of the present ones.  It is a folder
with a project or an ``operator.py``, whose samples it makes ready before it is stopped and the present version started.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kubewright.objects import to_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.operator import Operator
from kubewright.schema.diff import diff_crds
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.seamless_upgrades import generations
from kubewright.testing.capabilities.trial import Trial, settled
from kubewright.testing.cluster import TestCluster
from kubewright.testing.loopback import free_ports, is_ready
from kubewright.testing.rehearsal import rehearse

COMPATIBLE = Check(
    2,
    "stored objects outlive the upgrade",
    "change definitions compatibly, or add a version: kubewright create version",
)
UPGRADES = Check(
    2,
    "is upgraded without disturbance",
    "apply exactly the same children for the same spec, or change them only where the operand's version changes",
)

CHECKS = (COMPATIBLE, UPGRADES)


class PreviousFailed(Exception):
    """The previous version could not be run; the text is the end of its log."""


class Previous(NamedTuple):
    """The version before this one."""

    folder: Path
    samples: list[dict[str, Any]]
    target: str = ""
    """The operator within the folder; empty for the project's."""


async def assess_upgrade(
    cluster: TestCluster, previous: Previous, operator: Operator, *, timeout: float = 30.0
) -> list[Result]:
    """Install the previous version with its samples, then this one, on a cluster where nothing of the operator is yet.

    :raises PreviousFailed: the previous version does not run.
    """
    async with _running(cluster, previous, timeout=timeout):
        outcomes = await rehearse(cluster.client, operator, previous.samples, timeout=timeout)
        trials = [Trial(cluster.client, operator, one, timeout=timeout) for one in outcomes if one.ready]
        before = {trial: await generations(trial) for trial in trials}
        old = {crd.metadata.name: to_dict(crd) for crd in await cluster.client.list(CustomResourceDefinition)}
    results = [_compared(operator, old)]
    if not trials:
        why = "; ".join(one.why for one in outcomes) or "the previous version has no samples"
        return [*results, UPGRADES.not_applicable(operator.name, f"nothing was ready before the upgrade: {why}")]
    async with cluster.running(operator) as manager:
        await settled(manager, len(trials), timeout)
        for trial in trials:
            ready, why = await trial.is_ready()
            after = await generations(trial)
            changed = [name for name in before[trial] if before[trial][name] != after.get(name)]
            if not ready:
                results.append(UPGRADES.failed(trial.name, f"not ready under the new version: {why}"))
            elif changed:
                results.append(UPGRADES.failed(trial.name, f"{', '.join(changed)} changed, though the spec did not"))
            else:
                results.append(UPGRADES.passed(trial.name, "ready, and nothing was changed or rolled out again"))
    return results


def _compared(operator: Operator, old: dict[str, dict[str, Any]]) -> Result:
    """Whether this version's definitions accept what was stored under the old ones."""
    new = {crd.metadata.name: to_dict(crd) for crd in operator.crds()}
    broken = [
        f"{name}: {change}"
        for name in new.keys() & old.keys()
        for change in diff_crds(old[name], new[name])
        if change.breaks
    ]
    if broken:
        return COMPATIBLE.failed(operator.name, "; ".join(sorted(broken)))
    return COMPATIBLE.passed(operator.name, f"{len(new.keys() & old.keys())} definitions accept what was stored")


@asynccontextmanager
async def _running(cluster: TestCluster, previous: Previous, *, timeout: float) -> AsyncIterator[None]:
    """The previous version as a process, until the block ends.

    :raises PreviousFailed: it ended, or was not ready in time.
    """
    health, webhooks = free_ports(2)
    log = cluster.local.directory / "previous.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "kubewright", "run", *filter(None, [previous.target]), "--install",
            "--kubeconfig", str(cluster.local.kubeconfig), "--log-level", "warning",
            "--webhook-host", "127.0.0.1", "--webhook-port", str(webhooks),
            "--health-probe-bind-address", f"127.0.0.1:{health}", "--metrics-bind-address", "0",
            cwd=previous.folder, env={**os.environ, "PYTHONPATH": str(previous.folder / "src")},
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        async with asyncio.timeout(timeout):
            while not await is_ready(health):
                if process.returncode is not None:
                    raise PreviousFailed(f"the previous version ended:\n{log.read_text()[-2000:]}")
                await asyncio.sleep(0.05)
        yield
    except TimeoutError:
        raise PreviousFailed(
            f"the previous version is not ready after {timeout:g} s:\n{log.read_text()[-2000:]}"
        ) from None
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
