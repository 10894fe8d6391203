from __future__ import annotations

import logging

import pytest

from kubewright.controller.lost_changes import LostChanges
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec, DeploymentStatus
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupResource


def deployment(replicas: int = 1) -> Deployment:
    return Deployment(metadata=ObjectMeta(name="web", namespace="default"), spec=DeploymentSpec(replicas=replicas))


async def lost(changed: Deployment, live: Deployment | None, subject: LostChanges | None = None) -> None:
    """The end of a reconcile that has changed its object so, while the server has it so."""
    subject = subject or LostChanges()
    before = subject.before(deployment())

    async def read() -> Deployment:
        if live is None:
            raise NotFound.of(GroupResource("apps", "deployments"), "web")
        return live

    if before is not None:
        await subject.after(before, changed, read)


async def test_fields_that_were_changed_in_memory_only_are_named(caplog: pytest.LogCaptureFixture) -> None:
    changed = deployment(3)
    changed.metadata.labels["team"] = "a"
    await lost(changed, deployment())
    assert "when a reconcile ends: metadata.labels.team, spec.replicas; write it with" in caplog.messages[0]


async def test_what_the_reconcile_has_written_itself_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    await lost(deployment(3), deployment(3))
    assert not caplog.messages


async def test_the_status_is_written_anyway(caplog: pytest.LogCaptureFixture) -> None:
    changed = deployment()
    changed.status = DeploymentStatus(replicas=1)
    await lost(changed, deployment())
    assert not caplog.messages


async def test_an_object_that_is_gone_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    await lost(deployment(3), None)
    assert not caplog.messages


async def test_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    subject = LostChanges()
    for _ in range(3):
        await lost(deployment(3), deployment(), subject)
    assert len(caplog.records) == 1 and caplog.records[0].levelno == logging.WARNING


def test_only_the_first_reconciles_are_looked_at() -> None:
    subject = LostChanges()
    looks = [subject.before(deployment()) is not None for _ in range(200)]
    assert looks == [True] * 100 + [False] * 100
