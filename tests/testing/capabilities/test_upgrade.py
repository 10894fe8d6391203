"""An upgrade from a version that runs as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubewright.cli.loading import load_operator
from kubewright.testing import TestCluster
from kubewright.testing.capabilities import Previous, PreviousFailed, Result, assess_upgrade

OPERATOR = """\
from kubewright import Condition, Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.objects.core_v1 import ConfigMap

op = Operator("note-operator")


class NoteSpec(Spec):
    text: str = "Hello"


class NoteStatus(Status):
    conditions: list[Condition] = []


@op.resource(group="notes.example.com", version="v1")
class Note(Resource[NoteSpec, NoteStatus]): ...


@op.reconcile(Note, owns=[ConfigMap])
async def reconcile(note: Note, ctx: Context) -> None:
    await ctx.apply(ConfigMap(metadata=ObjectMeta(name=note.metadata.name), data={"text": note.spec.text}))
    ctx.condition("Ready", True, reason="Written")
"""

SAMPLE: dict[str, Any] = {
    "apiVersion": "notes.example.com/v1", "kind": "Note", "metadata": {"name": "a"}, "spec": {"text": "x"},
}  # fmt: skip


async def upgraded(cluster: TestCluster, folder: Path, old: str, new: str) -> dict[str, Result]:
    """The results of an upgrade, by check, where the new operator's code differs in one place."""
    for name, text in {"old/operator.py": OPERATOR, "new/notes.py": OPERATOR.replace(old, new)}.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    previous = Previous(folder / "old", [SAMPLE])
    operator = load_operator(str(folder / "new/notes.py"))
    return {one.check: one for one in await assess_upgrade(cluster, previous, operator, timeout=20.0)}


async def test_the_same_code_upgrades_without_disturbance(cluster: TestCluster, tmp_path: Path) -> None:
    results = await upgraded(cluster, tmp_path, "x", "x")
    assert {one.verdict for one in results.values()} == {"pass"}
    assert len(results) == 2


async def test_a_child_that_changes_unasked_is_a_disturbance(cluster: TestCluster, tmp_path: Path) -> None:
    results = await upgraded(cluster, tmp_path, '{"text": note', '{"words": note')
    assert results["is upgraded without disturbance"].verdict == "fail"
    assert "ConfigMap a changed" in results["is upgraded without disturbance"].seen


async def test_a_definition_that_refuses_what_is_stored_is_named(cluster: TestCluster, tmp_path: Path) -> None:
    results = await upgraded(cluster, tmp_path, 'text: str = "Hello"', "text: int = 1")
    assert results["stored objects outlive the upgrade"].verdict == "fail"
    assert "notes.notes.example.com" in results["stored objects outlive the upgrade"].seen


async def test_a_version_that_does_not_run_is_told_with_its_log(cluster: TestCluster, tmp_path: Path) -> None:
    (tmp_path / "operator.py").write_text("import no_such_module\n")
    with pytest.raises(PreviousFailed, match="no_such_module"):
        await assess_upgrade(cluster, Previous(tmp_path, []), load_operator("examples/website/operator.py"))
