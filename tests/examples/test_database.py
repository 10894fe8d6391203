import asyncio
from typing import Any

import pytest
from tests.examples.loading import load

from kubewright import ObjectMeta
from kubewright.client import Client
from kubewright.objects import Duration
from kubewright.objects.apps_v1 import StatefulSet
from kubewright.objects.batch_v1 import Job
from kubewright.objects.core_v1 import ConfigMap, Pod
from kubewright.objects.errors import Invalid
from kubewright.testing import TestCluster, verify_convergence

database: Any = load("database")
Database, Backup = database.Database, database.Backup


def asked_for(name: str = "a", **spec: Any) -> Any:
    return Database(metadata=ObjectMeta(name=name), spec=database.DatabaseSpec(**spec))


def ready(db: Any) -> bool:
    return any(
        one.status == "True" and one.observed_generation == db.metadata.generation for one in db.status.conditions
    )


async def made(cluster: TestCluster, db: Any) -> Any:
    await cluster.client.create(db)
    return await cluster.eventually(Database, db.metadata.name, ready)


async def test_the_replica_that_has_followed_farthest_takes_over(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        db = await made(cluster, asked_for(instances=3))
        assert db.status.primary == "a-0"
        await cluster.client.patch(Pod, "a-2", merge={"metadata": {"annotations": {database.REPLAYED: "7"}}})
        await cluster.client.delete(Pod, "a-0")
        await cluster.eventually(Database, "a", lambda db: ready(db) and db.status.primary == "a-2")
        roles = {pod.metadata.name: pod.metadata.labels[database.ROLE] for pod in await cluster.client.list(Pod)}
        assert roles == {"a-0": "replica", "a-1": "replica", "a-2": "primary"}


async def test_a_minor_upgrade_replaces_the_primary_last(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for(instances=2))
        await cluster.client.patch(Database, "a", merge={"spec": {"version": "16.5"}})
        db = await cluster.eventually(Database, "a", lambda db: ready(db) and db.status.version == "16.5")
        assert db.status.primary == "a-1"
        images = {pod.spec.containers[0].image for pod in await cluster.client.list(Pod)}
        assert images == {"postgres:16.5"}


async def test_a_major_upgrade_begins_with_a_backup(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for())
        await cluster.client.patch(Database, "a", merge={"spec": {"version": "17.0"}})
        await cluster.eventually(Database, "a", lambda db: ready(db) and db.status.version == "17.0")
        backup = await cluster.client.get(Backup, "a-before-17-0")
        assert backup.status.version == "16.4"
        assert backup.status.completed


@pytest.mark.parametrize("version", ["16.3", "18.0"])
async def test_a_version_that_cannot_read_the_files_is_refused(cluster: TestCluster, version: str) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for())
        with pytest.raises(Invalid, match=r"spec\.version"):
            await cluster.client.patch(Database, "a", merge={"spec": {"version": version}})


async def test_a_primary_that_is_scaled_away_hands_over_first(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for(instances=3))
        await cluster.client.delete(Pod, "a-0")
        await cluster.eventually(Database, "a", lambda db: ready(db) and db.status.primary == "a-1")
        await cluster.client.patch(Database, "a", merge={"spec": {"instances": 1}})
        db = await cluster.eventually(Database, "a", lambda db: ready(db) and db.status.ready == 1)
        assert db.status.primary == "a-0"


async def test_parameters_follow_the_memory_and_the_user(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for(memory=database.Quantity("1Gi"), parameters={"max_connections": "50"}))
        lines = (await cluster.client.get(ConfigMap, "a-parameters")).data["database.conf"].splitlines()
        assert lines == ["effective_cache_size = 768MB", "max_connections = 50", "shared_buffers = 256MB"]
        pod = await cluster.client.get(Pod, "a-0")
        await cluster.client.patch(Database, "a", merge={"spec": {"parameters": {"max_connections": "60"}}})
        await cluster.eventually(Database, "a", ready)
        assert (await cluster.client.get(Pod, "a-0")).metadata.uid != pod.metadata.uid


async def test_backups_are_made_as_planned_and_old_ones_go(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await made(cluster, asked_for(backup=database.BackupPlan(every=Duration(seconds=1), keep=1)))
        async with asyncio.timeout(10), cluster.client.watch(Backup) as events:
            names = []
            async for event in events:
                if event.type == "DELETED":
                    break
                names.append(event.object.metadata.name)
        assert event.object.metadata.name == names[0]
        assert event.object.status.completed


async def test_a_backup_of_nothing_says_so(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        await cluster.client.create(Backup(metadata=ObjectMeta(name="b"), spec=database.BackupSpec(database="none")))
        backup = await cluster.eventually(Backup, "b", lambda backup: backup.status.conditions)
        assert backup.status.conditions[0].reason == "NoDatabase"


@pytest.mark.timeout(120)
async def test_an_upgrade_gets_there_though_the_operator_dies_before_every_write() -> None:
    async def upgrade(user: Client) -> None:
        await user.patch(Database, "a", "default", merge={"spec": {"version": "17.0"}})

    db = asked_for(instances=1)
    db.metadata.namespace = "default"
    await verify_convergence(database.op, [db], steps=[upgrade], disturbances={})


async def test_a_database_begins_with_a_backup_and_backups_outlive_databases(cluster: TestCluster) -> None:
    async with cluster.running(database.op):
        db = await made(cluster, asked_for())
        await cluster.client.create(Backup(metadata=ObjectMeta(name="b"), spec=database.BackupSpec(database="a")))
        await cluster.eventually(Backup, "b", lambda backup: backup.status.completed)
        await cluster.client.delete(db)
        await cluster.gone(StatefulSet, "a")
        await made(cluster, asked_for("again", restore_from="b"))
        job = await cluster.client.get(Job, "again-restore")
        assert job.spec.template.spec.containers[0].env[0].value == "restore b"
