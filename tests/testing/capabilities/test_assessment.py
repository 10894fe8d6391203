"""Operators, tried out with their samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubewright import Condition, Context, Invalid, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.core_v1 import (
    ConfigMap,
    Container,
    HTTPGetAction,
    PodSpec,
    PodTemplateSpec,
    Probe,
    ResourceRequirements,
)
from kubewright.objects.meta import LabelSelector
from kubewright.objects.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec
from kubewright.objects.quantity import Quantity
from kubewright.schema import Scale
from kubewright.testing import TestCluster
from kubewright.testing.capabilities import Declared, Result, assess, level_of


class NoteSpec(Spec):
    text: str = "Hello"
    place: str = ""


class NoteStatus(Status):
    conditions: list[Condition] = []


def operator(*, owns: bool) -> Operator:
    """One that keeps a ConfigMap, as its own child or as one that it forgets about."""
    op = Operator("note-operator")

    @op.resource(group="notes.example.com", version="v1")
    class Note(Resource[NoteSpec, NoteStatus]): ...

    @op.validate(Note)
    def place_is_set_once(new: Note, old: Note | None) -> None:
        if old and old.spec.place not in ("", new.spec.place):
            raise Invalid("spec.place", "is immutable")

    @op.reconcile(Note, owns=[ConfigMap])
    async def reconcile(note: Note, ctx: Context) -> None:
        child = ConfigMap(metadata=ObjectMeta(name=note.metadata.name), data={"text": note.spec.text})
        await ctx.apply(child, owned=owns)
        if owns and ctx.condition("Ready", True, reason="Written"):
            ctx.event("Written", "wrote the note")

    return op


def note(name: str) -> dict[str, Any]:
    metadata = {"name": name}
    return {"apiVersion": "notes.example.com/v1", "kind": "Note", "metadata": metadata, "spec": {"text": "a"}}


class ShopSpec(Spec):
    version: str = "1.0"
    replicas: int = 2


class ShopStatus(Status):
    conditions: list[Condition] = []
    replicas: int = 0


LABELS = {"app": "shop"}


def shop_operator() -> Operator:
    """One that has everything that the levels ask of operands."""
    op = Operator("shop-operator")

    @op.resource(group="shops.example.com", version="v1", scale=Scale())
    class Shop(Resource[ShopSpec, ShopStatus]): ...

    @op.validate(Shop)
    def is_supported(new: Shop, old: Shop | None) -> None:
        if not new.spec.version.startswith("1."):
            raise Invalid("spec.version", "must be 1.x")

    @op.reconcile(Shop, owns=[Deployment, PodDisruptionBudget])
    async def reconcile(shop: Shop, ctx: Context) -> None:
        deployment = await ctx.apply(deployment_for(shop.metadata.name, shop.spec.replicas))
        selector = LabelSelector(match_labels=LABELS)
        budget = PodDisruptionBudgetSpec(selector=selector, max_unavailable=1)
        await ctx.apply(PodDisruptionBudget(metadata=ObjectMeta(name=shop.metadata.name), spec=budget))
        shop.status.replicas = deployment.status.ready_replicas or 0
        ready = shop.status.replicas == shop.spec.replicas
        ctx.condition("Ready", ready, reason="Open" if ready else "Opening")

    return op


def deployment_for(name: str, replicas: int) -> Deployment:
    probe = Probe(http_get=HTTPGetAction(path="/", port=80))
    some = {"cpu": Quantity("10m"), "memory": Quantity("16Mi")}
    container = Container(
        name="web", image="web:1", readiness_probe=probe, liveness_probe=probe,
        resources=ResourceRequirements(requests=some, limits=some),
    )  # fmt: skip
    template = PodTemplateSpec(metadata=ObjectMeta(labels=LABELS), spec=PodSpec(containers=[container]))
    spec = DeploymentSpec(replicas=replicas, selector=LabelSelector(match_labels=LABELS), template=template)
    return Deployment(metadata=ObjectMeta(name=name), spec=spec)


ALERT: dict[str, Any] = {
    "alert": "ShopDown",
    "expr": "up == 0",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "no shop is open", "runbook_url": "https://example.com/runbooks/shop-down"},
}


def by_verdict(results: Sequence[Result], verdict: str) -> set[tuple[int, str]]:
    return {(one.level, one.check) for one in results if one.verdict == verdict}


async def test_what_can_be_played_of_an_operator_without_operands_is(cluster: TestCluster) -> None:
    results = await assess(
        cluster,
        operator(owns=True),
        [note("a")],
        declared=Declared(alerts=[{"groups": [{"rules": [ALERT]}]}]),
        timeout=10.0,
    )
    assert by_verdict(results, "fail") == set()
    assert by_verdict(results, "pass") == {
        (1, "becomes ready"),
        (1, "looks at every change"),
        (1, "restores a deleted child"),
        (1, "leaves nothing behind"),
        (2, "stays as it is over a restart of the operator"),
        (4, "the operator's health is measured"),
        (4, "alerts call for help"),
        (4, "records events"),
        (4, "records an event on each change of a condition"),
        (5, "sets back what others change"),
        (5, "recovers from faults of the API server"),
    }
    assert level_of(results) == 2  # without operands nothing shows level 3


async def test_operands_that_are_built_to_last_show_level_3(cluster: TestCluster) -> None:
    metadata, spec = {"name": "a"}, {"version": "1.0"}
    sample = {"apiVersion": "shops.example.com/v1", "kind": "Shop", "metadata": metadata, "spec": spec}
    results = await assess(cluster, shop_operator(), [sample], timeout=10.0)
    assert by_verdict(results, "fail") == {
        (4, "alerts call for help"),
        (4, "records events"),
        (4, "records an event on each change of a condition"),
    }
    assert {check for level, check in by_verdict(results, "pass") if level in (2, 3)} == {
        "stays as it is over a restart of the operator",
        "tells of a version that it does not support",
        "operands are probed",
        "operands ask for resources",
        "operands are replaced one after the other",
        "operands have a disruption budget",
        "recovers a lost member",
    }
    assert (5, "moves replicas within their bounds") in by_verdict(results, "pass")
    assert level_of(results) == 3


async def test_a_declared_backup_is_made_and_restored(cluster: TestCluster) -> None:
    """The restore brings another object of the kind, as an operator of backups would."""
    declared = Declared(backup=[note("backup")], restore=[note("backup")])
    results = await assess(cluster, operator(owns=True), [note("a")], declared=declared, timeout=10.0)
    assert (3, "restores from a backup") in by_verdict(results, "pass")


async def test_an_operator_without_status_or_children_cannot_be_seen_to_work(cluster: TestCluster) -> None:
    results = await assess(cluster, operator(owns=False), [note("a")], timeout=1.0)
    assert [(one.check, one.verdict) for one in results] == [("becomes ready", "fail")]
    assert "neither written a status nor made a child" in results[0].seen
    assert "ctx.condition" in results[0].how
