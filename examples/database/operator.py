"""An operator that operates its operand: a Database is a primary and its replicas, and a Backup is a copy of one.

It restores, scales, tunes, upgrades, backs up and fails over, each in a function below. What the servers in the Pods
have to do themselves, they read off two labels: ``role`` tells a server whether it leads (its Pod sees the labels
through the downward API), and ``replayed`` is the annotation in which a replica tells how far it has followed.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from kubewright import (
    Column,
    Condition,
    Context,
    Immutable,
    Invalid,
    Meta,
    ObjectKey,
    ObjectMeta,
    Operator,
    Requeue,
    Resource,
    Scale,
    Spec,
    Status,
)
from kubewright.objects import Duration, LabelSelector, Quantity, Time
from kubewright.objects.apps_v1 import StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy
from kubewright.objects.batch_v1 import Job, JobSpec
from kubewright.objects.core_v1 import (
    ConfigMap,
    ConfigMapVolumeSource,
    Container,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    EnvVar,
    ExecAction,
    ObjectFieldSelector,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodSpec,
    PodTemplateSpec,
    Probe,
    ResourceRequirements,
    Service,
    ServicePort,
    ServiceSpec,
    TCPSocketAction,
    Volume,
    VolumeMount,
    VolumeResourceRequirements,
)
from kubewright.objects.errors import NotFound
from kubewright.objects.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec

op = Operator("database-operator")

DATABASE, ROLE, REPLAYED = "example.com/database", "example.com/role", "example.com/replayed"


class BackupPlan(Spec):
    """When the database is backed up by itself."""

    every: Duration = Duration("24h")
    keep: Annotated[int, Meta(ge=1)] = 7
    """How many finished backups are kept."""


class DatabaseSpec(Spec):
    """What is wanted."""

    version: Annotated[str, Meta(pattern=r"^[1-9][0-9]*\.[0-9]+$")] = "16.4"
    instances: Annotated[int, Meta(ge=1, le=9)] = 1
    """The primary and its replicas."""
    memory: Quantity = Quantity("512Mi")
    """Of each server; the parameters that depend on it are derived."""
    storage: Annotated[Quantity, Immutable()] = Quantity("1Gi")
    parameters: dict[str, str] = {}
    """Overrule what is derived."""
    backup: BackupPlan | None = None
    restore_from: Annotated[str, Immutable()] = ""
    """The Backup that the database begins with."""


class DatabaseStatus(Status):
    """What is."""

    primary: str = ""
    version: str = ""
    """That all servers run."""
    instances: int = 0
    ready: int = 0
    selector: str = ""
    conditions: list[Condition] = []


@op.resource(
    group="db.example.com",
    version="v1",
    short_names=["db"],
    scale=Scale(".spec.instances", ".status.instances", ".status.selector"),
    columns=[
        Column("Version", ".status.version"),
        Column("Primary", ".status.primary"),
        Column("Ready", ".status.ready", "integer"),
    ],
)
class Database(Resource[DatabaseSpec, DatabaseStatus]):
    """A database."""


class BackupSpec(Spec):
    """What is wanted."""

    database: Annotated[str, Immutable(), Meta(min_length=1)]


class BackupStatus(Status):
    """What is."""

    version: str = ""
    """Of the servers from which it was taken."""
    completed: Time | None = None
    conditions: list[Condition] = []


@op.resource(
    group="db.example.com",
    version="v1",
    columns=[Column("Database", ".spec.database"), Column("Completed", ".status.completed", "date")],
)
class Backup(Resource[BackupSpec, BackupStatus]):
    """A copy of a database; it outlives the database."""


@op.validate(Database)
def no_way_back(new: Database, old: Database | None) -> None:
    """The servers can read the files of the version before theirs, and of no other."""
    if old is None:
        return
    before, after = numbers(old.spec.version), numbers(new.spec.version)
    if after < before:
        raise Invalid("spec.version", "cannot be lowered: restore a backup into a new Database")
    if after[0] > before[0] + 1:
        raise Invalid("spec.version", f"upgrade to version {before[0] + 1} first")


def database_of(child: Pod | Backup) -> list[ObjectKey]:
    """The database that a Pod or a Backup belongs to."""
    name = child.spec.database if isinstance(child, Backup) else child.metadata.labels.get(DATABASE, "")
    return [ObjectKey(child.metadata.namespace, name)] if name else []


op.requires(Pod, "patch", "delete", why="giving Pods their roles and replacing outdated ones")
op.requires(Backup, "create", "patch", "delete", why="backing up as planned")


@op.reconcile(
    Database,
    owns=[ConfigMap, Service, StatefulSet, Job, PersistentVolumeClaim, PodDisruptionBudget],
    watches={Pod: database_of, Backup: database_of},
    workers=4,
)
async def reconcile(db: Database, ctx: Context) -> Requeue | None:
    """One step after the other; each waits for nothing, but is looked at again when something has changed."""
    if db.spec.restore_from and not db.status.version and not await restored(db, ctx):
        return None
    if not await safe_to_upgrade(db, ctx):
        return None
    await ctx.apply(parameters_for(db))
    servers = sorted(await servers_of(db, ctx), key=ordinal)
    await fail_over(db, servers, ctx)
    statefulset = await ctx.apply(statefulset_for(db))
    await ctx.apply(budget_for(db))
    for role in ("primary", "replica"):
        await ctx.apply(service_for(db, role))
    settled = await roll(db, statefulset, servers, ctx)
    db.status.instances, db.status.ready = len(servers), sum(map(is_ready, servers))
    db.status.selector = f"{DATABASE}={db.metadata.name}"
    done = settled and db.status.ready == db.spec.instances
    if done:
        db.status.version = db.spec.version
    if ctx.condition("Ready", done, reason="Serving" if done else "Progressing"):
        ctx.event("Serving" if done else "Progressing", f"{db.status.ready} of {db.spec.instances} servers are ready")
    return await back_up(db, ctx) if done and db.spec.backup else None


async def restored(db: Database, ctx: Context) -> bool:
    """Restore: a Job fills the first server's volume before that server exists; the others copy from it."""
    try:
        backup = await ctx.get(Backup, db.spec.restore_from)
    except NotFound:
        ctx.condition("Ready", False, reason="NoBackup", message=f"there is no Backup {db.spec.restore_from}")
        return False
    if not backup.status.completed:
        ctx.condition("Ready", False, reason="BackupNotComplete", message=f"{db.spec.restore_from} is not complete")
        return False
    volume = await ctx.apply(claim_for(db, f"data-{db.metadata.name}-0"), owned=False)
    task = f"restore {backup.metadata.name}"
    job = await ctx.apply(job_for(f"{db.metadata.name}-restore", task, backup.status.version, volume.metadata.name))
    if not job.status.succeeded:
        ctx.condition("Ready", False, reason="Restoring", message=f"from {backup.metadata.name}")
    return bool(job.status.succeeded)


async def safe_to_upgrade(db: Database, ctx: Context) -> bool:
    """Upgrade, before it: no other major version without a backup of what was there."""
    if not db.status.version or numbers(db.status.version)[0] == numbers(db.spec.version)[0]:
        return True
    backup = await ctx.apply(backup_of(db, "before-" + db.spec.version.replace(".", "-")), owned=False)
    if not backup.status.completed:
        ctx.condition("Ready", False, reason="BackingUp", message=f"before the upgrade to {db.spec.version}")
    return backup.status.completed is not None


async def fail_over(db: Database, servers: Sequence[Pod], ctx: Context) -> None:
    """Failover: when the primary isn't ready or has to go, the replica that has followed farthest leads.

    The old primary loses its role first, so that there are never two.
    """
    candidates = {pod.metadata.name: pod for pod in servers if is_ready(pod) and ordinal(pod) < db.spec.instances}
    if db.status.primary not in candidates and candidates:
        before, db.status.primary = db.status.primary, max(candidates, key=lambda name: replayed(candidates[name]))
        if before:
            ctx.event("FailedOver", f"{db.status.primary} leads in place of {before}", type="Warning")
    for pod in sorted(servers, key=lambda pod: pod.metadata.name == db.status.primary):
        role = "primary" if pod.metadata.name == db.status.primary else "replica"
        if pod.metadata.labels.get(ROLE) != role:
            await ctx.client.patch(pod, merge={"metadata": {"labels": {ROLE: role}}})


async def roll(db: Database, statefulset: StatefulSet, servers: Sequence[Pod], ctx: Context) -> bool:
    """Upgrade and tuning: replace outdated servers one by one, the primary last, and say whether all are as wanted."""
    if statefulset.status.observed_generation != statefulset.metadata.generation:
        return False
    current = statefulset.status.update_revision
    outdated = [pod for pod in servers if pod.metadata.labels.get("controller-revision-hash") != current]
    whole = len(servers) == db.spec.instances and all(map(is_ready, servers))
    if not outdated or not whole:
        return whole
    replicas = [pod for pod in outdated if pod.metadata.name != db.status.primary]
    if replicas or len(servers) == 1:
        await ctx.client.delete((replicas or outdated)[-1])
        return False
    others = [pod for pod in servers if pod.metadata.name != db.status.primary]
    db.status.primary = max(others, key=replayed).metadata.name
    ctx.event("SwitchedOver", f"{db.status.primary} leads, so that the last server can be replaced")
    await fail_over(db, servers, ctx)
    return False


async def back_up(db: Database, ctx: Context) -> Requeue:
    """Backup: make one when it is due, delete what is too old, and come again for the next one.

    When the last one was made is told by the Backups themselves, so a restart of the operator loses nothing.
    """
    plan = db.spec.backup or BackupPlan()
    backups = [one for one in await ctx.list(Backup) if one.metadata.labels.get(DATABASE) == db.metadata.name]
    backups.sort(key=lambda one: one.metadata.creation_timestamp or datetime.now(UTC), reverse=True)
    for old in [one for one in backups if one.status.completed][plan.keep :]:
        await ctx.client.delete(old)
    now = datetime.now(UTC)
    made = backups[0].metadata.creation_timestamp if backups else None
    if made is None or made + plan.every <= now:
        await ctx.apply(backup_of(db, f"{now:%Y%m%d-%H%M%S}"), owned=False)
        made = now
    return Requeue(after=max(made + plan.every - now, timedelta(seconds=1)))


@op.reconcile(Backup, owns=[Job])
async def copy(backup: Backup, ctx: Context) -> None:
    """Run the Job that copies the database, and tell when it has done so."""
    if backup.status.completed:
        return
    try:
        db = await ctx.get(Database, backup.spec.database)
    except NotFound:
        ctx.condition("Complete", False, reason="NoDatabase", message=f"there is no Database {backup.spec.database}")
        return
    backup.status.version = backup.status.version or db.status.version or db.spec.version
    name = f"{backup.metadata.name}-copy"
    job = await ctx.apply(job_for(name, f"copy {backup.spec.database}-replica", backup.status.version))
    failed = any(one.type == "Failed" and one.status == "True" for one in job.status.conditions)
    if job.status.succeeded:
        backup.status.completed = job.status.completion_time or datetime.now(UTC)
        ctx.condition("Complete", True, reason="Copied")
        ctx.event("Copied", f"{backup.spec.database} is in {backup.metadata.name}")
    elif ctx.condition("Complete", False, reason="Failed" if failed else "Copying") and failed:
        ctx.event("BackupFailed", f"look at the Job {name}", type="Warning")


def tuned(db: Database) -> dict[str, str]:
    """Tuning: the parameters that follow from the size of a server, overruled by what the user says."""
    megabytes = db.spec.memory.value // 2**20
    derived = {
        "shared_buffers": f"{megabytes // 4}MB",
        "effective_cache_size": f"{megabytes * 3 // 4}MB",
        "max_connections": str(min(1000, max(20, megabytes // 8))),
    }
    return derived | db.spec.parameters


def parameters_for(db: Database) -> ConfigMap:
    lines = "".join(f"{name} = {value}\n" for name, value in sorted(tuned(db).items()))
    return ConfigMap(metadata=ObjectMeta(name=f"{db.metadata.name}-parameters"), data={"database.conf": lines})


def statefulset_for(db: Database) -> StatefulSet:
    """The servers; ``OnDelete``, because only the operator knows in which order they may be replaced."""
    labels = {DATABASE: db.metadata.name}
    digest = hashlib.sha256(repr(sorted(tuned(db).items())).encode()).hexdigest()[:16]
    told = DownwardAPIVolumeFile(path="labels", field_ref=ObjectFieldSelector(field_path="metadata.labels"))
    server = Container(
        name="server",
        image=f"postgres:{db.spec.version}",
        resources=ResourceRequirements(requests={"memory": db.spec.memory}, limits={"memory": db.spec.memory}),
        readiness_probe=Probe(exec=ExecAction(command=["pg_isready"]), period_seconds=2),
        liveness_probe=Probe(tcp_socket=TCPSocketAction(port=5432), failure_threshold=10),
        volume_mounts=[
            VolumeMount(name="data", mount_path="/var/lib/postgresql/data"),
            VolumeMount(name="parameters", mount_path="/etc/database"),
            VolumeMount(name="pod", mount_path="/etc/pod"),
        ],
    )
    pod = PodSpec(
        containers=[server],
        volumes=[
            Volume(name="parameters", config_map=ConfigMapVolumeSource(name=f"{db.metadata.name}-parameters")),
            Volume(name="pod", downward_api=DownwardAPIVolumeSource(items=[told])),
        ],
    )
    annotations = {"example.com/parameters": digest}  # other parameters, other Pods
    return StatefulSet(
        metadata=ObjectMeta(name=db.metadata.name, labels=labels),
        spec=StatefulSetSpec(
            replicas=db.spec.instances,
            service_name=f"{db.metadata.name}-replica",
            selector=LabelSelector(match_labels=labels),
            template=PodTemplateSpec(metadata=ObjectMeta(labels=labels, annotations=annotations), spec=pod),
            volume_claim_templates=[claim_for(db, "data")],
            update_strategy=StatefulSetUpdateStrategy(type="OnDelete"),
        ),
    )


def budget_for(db: Database) -> PodDisruptionBudget:
    """Nodes are drained one server at a time."""
    selector = LabelSelector(match_labels={DATABASE: db.metadata.name})
    spec = PodDisruptionBudgetSpec(max_unavailable=1, selector=selector)
    return PodDisruptionBudget(metadata=ObjectMeta(name=db.metadata.name), spec=spec)


def claim_for(db: Database, name: str) -> PersistentVolumeClaim:
    size = VolumeResourceRequirements(requests={"storage": db.spec.storage})
    spec = PersistentVolumeClaimSpec(access_modes=["ReadWriteOnce"], resources=size)
    return PersistentVolumeClaim(metadata=ObjectMeta(name=name), spec=spec)


def service_for(db: Database, role: str) -> Service:
    """``NAME-primary`` leads to the server that may be written to, ``NAME-replica`` to the others."""
    return Service(
        metadata=ObjectMeta(name=f"{db.metadata.name}-{role}"),
        spec=ServiceSpec(selector={DATABASE: db.metadata.name, ROLE: role}, ports=[ServicePort(name="db", port=5432)]),
    )


def job_for(name: str, task: str, version: str, claim: str = "") -> Job:
    """A Job that runs ``task``, where the copies are kept; with a claim, on the files of that volume."""
    copier = Container(name="copy", image=f"postgres:{version}", env=[EnvVar(name="TASK", value=task)])
    pod = PodSpec(restart_policy="Never", containers=[copier])
    if claim:
        source = PersistentVolumeClaimVolumeSource(claim_name=claim)
        pod.volumes = [Volume(name="data", persistent_volume_claim=source)]
        copier.volume_mounts = [VolumeMount(name="data", mount_path="/var/lib/postgresql/data")]
    return Job(metadata=ObjectMeta(name=name), spec=JobSpec(backoff_limit=3, template=PodTemplateSpec(spec=pod)))


def backup_of(db: Database, suffix: str) -> Backup:
    metadata = ObjectMeta(name=f"{db.metadata.name}-{suffix}", labels={DATABASE: db.metadata.name})
    return Backup(metadata=metadata, spec=BackupSpec(database=db.metadata.name))


async def servers_of(db: Database, ctx: Context) -> list[Pod]:
    """Its Pods, without those that are on their way out."""
    return [
        pod
        for pod in await ctx.list(Pod)
        if pod.metadata.labels.get(DATABASE) == db.metadata.name and pod.metadata.deletion_timestamp is None
    ]


def is_ready(pod: Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)


def ordinal(pod: Pod) -> int:
    return int(pod.metadata.name.rpartition("-")[2])


def replayed(pod: Pod) -> tuple[int, int]:
    """How far a server has followed; among equals the lowest ordinal, the last to be scaled away."""
    return int(pod.metadata.annotations.get(REPLAYED, "0")), -ordinal(pod)


def numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)
