from typing import Any

from kubewright import Condition, Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing import TestCluster
from kubewright.testing.rehearsal import rehearse

op = Operator("note-operator")


class NoteSpec(Spec):
    text: str = "Hello"
    broken: bool = False


class NoteStatus(Status):
    conditions: list[Condition] = []


@op.resource(group="notes.example.com", version="v1")
class Note(Resource[NoteSpec, NoteStatus]): ...


@op.reconcile(Note, owns=[ConfigMap])
async def reconcile(note: Note, ctx: Context) -> None:
    await ctx.apply(ConfigMap(metadata=ObjectMeta(name=note.metadata.name), data={"text": note.spec.text}))
    ctx.condition("Ready", not note.spec.broken, reason="Broken" if note.spec.broken else "Written")


def note(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "notes.example.com/v1", "kind": "Note", "metadata": {"name": name}, "spec": spec}


async def test_samples_become_ready_or_tell_why_not(cluster: TestCluster) -> None:
    async with cluster.running(op):
        outcomes = await rehearse(
            cluster.client, op, [note("good"), note("bad", broken=True), note("wrong", text=1)], timeout=1.0
        )
    good, bad, wrong = outcomes
    assert (good.ready, good.why) == (True, "Ready=True: Written")
    assert [child.metadata.name for child in good.children] == ["good"]
    assert (bad.ready, bad.why) == (False, "not within 1 s: Ready=False: Broken")
    assert not wrong.ready
    assert "spec.text" in wrong.why
