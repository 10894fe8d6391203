"""All checks that need one version of the operator only, in the order in which they do not disturb each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kubewright.client import Client
from kubewright.operator import Operator
from kubewright.testing.capabilities import (
    auto_pilot,
    basic_install,
    deep_insights,
    full_lifecycle,
    seamless_upgrades,
)
from kubewright.testing.capabilities.checks import Result
from kubewright.testing.capabilities.declared import Declared
from kubewright.testing.capabilities.trial import Trial, settled
from kubewright.testing.cluster import TestCluster
from kubewright.testing.faults import FaultyTransport
from kubewright.testing.rehearsal import rehearse


async def assess(
    cluster: TestCluster,
    operator: Operator,
    samples: Sequence[dict[str, Any]],
    *,
    declared: Declared | None = None,
    timeout: float = 30.0,
    say: Callable[[str], None] = lambda what: None,
) -> list[Result]:
    """Play every check with every sample, on a cluster where nothing of the operator is yet.

    :param declared: what the operator's project says of backups and alerts.
    :param timeout: seconds that each thing has that is waited for.
    :param say: told what is being tried.
    """
    declared = declared or Declared()
    results: list[Result] = []
    async with cluster.running(operator) as manager:
        say(f"waiting for {len(samples)} samples")
        outcomes = await rehearse(cluster.client, operator, samples, timeout=timeout)
        trials = [Trial(cluster.client, operator, outcome, timeout=timeout) for outcome in outcomes]
        results += [basic_install.becomes_ready(trial) for trial in trials]
        trials = [trial for trial in trials if trial.outcome.ready]
        for trial in trials:
            say(f"trying {trial.name}")
            results += await _played(trial, declared)
        if trials:
            results.append(deep_insights.is_measured(operator.name, manager))
            results.append(deep_insights.has_alerts(operator.name, declared.alerts))
    say("restarting the operator")
    before = {trial: await seamless_upgrades.generations(trial) for trial in trials}
    transport = FaultyTransport(cluster.local.client(user=operator.user).rest.transport)
    async with cluster.running(operator, client=Client(transport)) as manager:
        await settled(manager, len(trials), timeout)
        for trial in trials:
            results.append(await seamless_upgrades.survives_a_restart(trial, before[trial]))
            results.append(await auto_pilot.outlives_faults(trial, transport))
            results.append(await basic_install.leaves_nothing(trial))
    return sorted(results, key=lambda result: (result.level, result.sample))


async def _played(trial: Trial, declared: Declared) -> list[Result]:
    """What is done to a sample that has become ready, while the operator runs."""
    return [
        *await deep_insights.records_events(trial),
        await basic_install.looks_at_changes(trial),
        await basic_install.restores_children(trial),
        await seamless_upgrades.tells_of_unsupported_versions(trial),
        *await full_lifecycle.is_built_to_last(trial),
        await full_lifecycle.recovers_a_member(trial),
        await auto_pilot.heals(trial),
        await auto_pilot.moves_replicas(trial),
        await full_lifecycle.restores_from_a_backup(trial, declared.backup, declared.restore),
    ]
