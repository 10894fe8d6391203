from typing import Any

import pytest

from kubewright import Condition, Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing import TestCluster
from kubewright.testing.capabilities import Result, assess, level_of


class NoteSpec(Spec):
    text: str = "Hello"


class NoteStatus(Status):
    conditions: list[Condition] = []


def operator(*, owns: bool) -> Operator:
    """One that keeps a ConfigMap, as its own child or as one that it forgets about."""
    op = Operator("note-operator")

    @op.resource(group="notes.example.com", version="v1")
    class Note(Resource[NoteSpec, NoteStatus]): ...

    @op.reconcile(Note, owns=[ConfigMap])
    async def reconcile(note: Note, ctx: Context) -> None:
        child = ConfigMap(metadata=ObjectMeta(name=note.metadata.name), data={"text": note.spec.text})
        await ctx.apply(child, owned=owns)
        if owns:
            ctx.condition("Ready", True, reason="Written")
        ctx.event("Written", "wrote the note")

    return op


def note(name: str) -> dict[str, Any]:
    metadata = {"name": name}
    return {"apiVersion": "notes.example.com/v1", "kind": "Note", "metadata": metadata, "spec": {"text": "a"}}


async def test_a_well_behaved_operator_passes_what_can_be_played(cluster: TestCluster) -> None:
    results = await assess(cluster, operator(owns=True), [note("a")], timeout=10.0)
    assert {(one.level, one.check, one.verdict) for one in results} == {
        (1, "becomes ready", "pass"),
        (1, "reports that a change was looked at", "pass"),
        (1, "restores a deleted child", "pass"),
        (1, "leaves nothing behind", "pass"),
        (2, "stays as it is over a restart of the operator", "pass"),
        (4, "records events", "pass"),
    }
    assert level_of(results) == 2


async def test_an_operator_without_status_or_children_cannot_be_seen_to_work(cluster: TestCluster) -> None:
    results = await assess(cluster, operator(owns=False), [note("a")], timeout=1.0)
    assert [(one.check, one.verdict) for one in results] == [("becomes ready", "fail")]
    assert "neither written a status nor made a child" in results[0].seen


@pytest.mark.parametrize(
    ("levels", "shown"), [({1: "fail"}, 0), ({1: "pass", 2: "fail"}, 1), ({1: "pass", 2: "not applicable"}, 2)]
)
def test_a_level_is_shown_when_nothing_up_to_it_failed(levels: dict[int, Any], shown: int) -> None:
    assert level_of([Result(level, "check", "a", verdict, "") for level, verdict in levels.items()]) == shown
