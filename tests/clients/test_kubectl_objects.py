"""kubectl on single objects: made, seen in every format, changed in every way, and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.kubectl import Kubectl

pytestmark = pytest.mark.kubectl

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: "%s"}
"""
TYPO = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndatum: {a: b}\n"


def config_map(value: str) -> str:
    return CONFIG_MAP % value


def test_an_object_is_created_shown_in_every_format_and_deleted(kubectl: Kubectl) -> None:
    assert kubectl("create", "configmap", "conf", "--from-literal=a=1") == "configmap/conf created\n"
    assert "already exists" in kubectl.fails("create", "configmap", "conf")
    assert kubectl("get", "cm/conf", "-o", "jsonpath={.data.a}") == "1"
    assert kubectl.json("get", "cm", "conf")["data"] == {"a": "1"}
    assert 'a: "1"' in kubectl("get", "cm", "conf", "-o", "yaml")
    assert kubectl("get", "cm", "conf", "-o", "name") == "configmap/conf\n"
    assert kubectl("get", "cm", "conf", "--no-headers", "-o", "custom-columns=N:.metadata.name,A:.data.a").split() == [
        "conf", "1",
    ]  # fmt: skip
    assert kubectl("get", "cm", "conf", "-o", "wide", "--show-labels").split()[:4] == ["NAME", "DATA", "AGE", "LABELS"]
    assert kubectl("get", "cm", "conf", "-o", "go-template={{.metadata.name}}") == "conf"
    assert "conf" in kubectl("get", "cm", "--sort-by=.metadata.name", "--field-selector=metadata.name=conf")
    description = kubectl("describe", "configmap", "conf")
    assert "Name:         conf" in description
    assert "a:\n----\n1\n" in description
    assert 'configmap "conf" deleted' in kubectl("delete", "cm", "conf")
    assert 'configmaps "conf" not found' in kubectl.fails("get", "cm", "conf")
    assert kubectl("get", "cm", "conf", "--ignore-not-found") == ""


def test_apply_makes_changes_and_prunes_on_the_clients_side(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", input=config_map("1")) == "configmap/conf created\n"
    assert kubectl("apply", "-f", "-", input=config_map("1")) == "configmap/conf unchanged\n"
    assert '+  a: "2"' in kubectl.fails("diff", "-f", "-", input=config_map("2"))
    assert kubectl("apply", "-f", "-", input=config_map("2")) == "configmap/conf configured\n"
    kubectl("patch", "cm", "conf", "-p", '{"data":{"other":"kept"}}')
    kubectl("apply", "-f", "-", input="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {b: '3'}\n")
    assert kubectl.json("get", "cm", "conf")["data"] == {"b": "3", "other": "kept"}


def test_apply_on_the_servers_side_owns_fields(kubectl: Kubectl) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    assert kubectl(*apply, input=config_map("1")) == "configmap/conf serverside-applied\n"
    conflict = kubectl.fails(*apply, "--field-manager=other", input=config_map("2"))
    assert 'conflict with "kubectl": .data.a' in conflict
    assert '+  a: "2"' in kubectl.fails("diff", "--server-side", "--force-conflicts", "-f", "-", input=config_map("2"))
    kubectl(*apply, "--field-manager=other", "--force-conflicts", input=config_map("2"))
    shown = kubectl.json("get", "cm", "conf", "--show-managed-fields")
    owners = {entry["manager"]: entry["operation"] for entry in shown["metadata"]["managedFields"]}
    assert owners == {"other": "Apply"} or owners == {"other": "Apply", "kubectl": "Apply"}
    assert shown["data"] == {"a": "2"}


def test_what_client_side_apply_made_is_taken_over_by_server_side_apply(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", input=config_map("1"))
    kubectl("apply", "--server-side", "-f", "-", input=config_map("2"))
    entries = kubectl.json("get", "cm", "conf", "--show-managed-fields")["metadata"]["managedFields"]
    assert {entry["operation"] for entry in entries} == {"Apply"}
    assert "kubectl" in {entry["manager"] for entry in entries}


def test_an_editor_changes_the_object(kubectl: Kubectl, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/a: "1"/a: edited/\' "$1"\n')
    editor.chmod(0o755)
    kubectl("create", "cm", "conf", "--from-literal=a=1")
    assert kubectl("edit", "cm", "conf", env={"KUBE_EDITOR": str(editor)}) == "configmap/conf edited\n"
    assert kubectl("get", "cm", "conf", "-o", "jsonpath={.data.a}") == "edited"
    assert kubectl("edit", "cm", "conf", env={"KUBE_EDITOR": "true"}) == "Edit cancelled, no changes made.\n"


def test_every_kind_of_patch(kubectl: Kubectl) -> None:
    kubectl("create", "cm", "conf", "--from-literal=a=1")
    kubectl("patch", "cm", "conf", "-p", '{"data":{"b":"2"}}')
    kubectl("patch", "cm", "conf", "--type=merge", "-p", '{"data":{"a":null,"c":"3"}}')
    kubectl("patch", "cm", "conf", "--type=json", "-p", '[{"op":"remove","path":"/data/b"}]')
    assert kubectl.json("get", "cm", "conf")["data"] == {"c": "3"}
    assert "(no change)" in kubectl("patch", "cm", "conf", "--type=merge", "-p", '{"data":{"c":"3"}}')
    assert "The request is invalid" in kubectl.fails(
        "patch", "cm", "conf", "--type=json", "-p", '[{"op":"remove","path":"/data/x"}]'
    )


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    kubectl("create", "cm", "conf")
    assert kubectl("label", "cm", "conf", "tier=web") == "configmap/conf labeled\n"
    assert "'tier' already has a value (web)" in kubectl.fails("label", "cm", "conf", "tier=db")
    kubectl("label", "--overwrite", "cm", "conf", "tier=db")
    assert kubectl("get", "cm", "-l", "tier in (db,cache),!x", "-o", "name") == "configmap/conf\n"
    assert kubectl("get", "cm", "-L", "tier", "-l", "tier").splitlines()[1].split()[-1] == "db"
    kubectl("label", "cm", "conf", "tier-")
    assert "No resources found" in kubectl("get", "cm", "-l", "tier")
    kubectl("annotate", "cm", "conf", "note=x")
    assert kubectl("get", "cm", "conf", "-o", "jsonpath={.metadata.annotations.note}") == "x"
    assert "must be" in kubectl.fails("label", "cm", "conf", "tier=not valid")


def test_replace_swaps_or_recreates(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", input=config_map("1"))
    assert kubectl("replace", "-f", "-", input=config_map("2")) == "configmap/conf replaced\n"
    uid = kubectl("get", "cm", "conf", "-o", "jsonpath={.metadata.uid}")
    assert "replaced" in kubectl("replace", "--force", "-f", "-", input=config_map("3"))
    assert kubectl("get", "cm", "conf", "-o", "jsonpath={.metadata.uid}") != uid


def test_unknown_fields_are_refused_warned_of_or_ignored(kubectl: Kubectl) -> None:
    for command in (("apply",), ("create",), ("create", "--dry-run=server")):
        refused = kubectl.fails(*command, "--validate=strict", "-f", "-", input=TYPO)
        assert 'unknown field "datum"' in refused
    assert 'Warning: unknown field "datum"' in kubectl("create", "--validate=warn", "-f", "-", input=TYPO)
    kubectl("delete", "-f", "-", input=TYPO)
    assert kubectl("create", "--validate=ignore", "-f", "-", input=TYPO) == "configmap/typo created\n"


def test_a_dry_run_leaves_nothing(kubectl: Kubectl) -> None:
    assert "(server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", input=config_map("1"))
    assert "(dry run)" in kubectl("apply", "--dry-run=client", "-f", "-", input=config_map("1"))
    assert "not found" in kubectl.fails("get", "cm", "conf")


def test_a_kustomization_is_applied_and_deleted(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(config_map("1"))
    (tmp_path / "kustomization.yaml").write_text(
        "namePrefix: p-\nresources: [conf.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n"
    )
    assert "configmap/p-conf created" in kubectl("apply", "-k", str(tmp_path))
    assert "configmap/p-conf unchanged" in kubectl("apply", "-k", str(tmp_path))
    assert 'configmap "p-conf" deleted' in kubectl("delete", "-k", str(tmp_path))


def test_wait_returns_when_a_field_has_its_value_or_the_object_is_gone(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", input=config_map("1"))
    waiting = kubectl.start("wait", "cm/conf", "--for=jsonpath={.data.a}=2", "--timeout=20s")
    kubectl("patch", "cm", "conf", "-p", '{"data":{"a":"2"}}')
    assert waiting.communicate(timeout=20)[0] == "configmap/conf condition met\n"
    waiting = kubectl.start("wait", "cm/conf", "--for=delete", "--timeout=20s")
    kubectl("delete", "cm", "conf")
    waiting.communicate(timeout=20)  # It says so only if it began before the deletion.
    assert waiting.returncode == 0


def test_a_watch_prints_each_change(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", input=config_map("1"))
    with kubectl.start("get", "cm", "conf", "-w", "--output-watch-events", "--no-headers") as watching:
        assert watching.stdout is not None
        try:
            assert watching.stdout.readline().split()[:2] == ["ADDED", "conf"]
            kubectl("label", "cm", "conf", "x=y")
            assert watching.stdout.readline().split()[:2] == ["MODIFIED", "conf"]
            kubectl("delete", "cm", "conf")
            assert watching.stdout.readline().split()[:2] == ["DELETED", "conf"]
        finally:
            watching.terminate()


def test_a_namespace_goes_with_all_that_is_in_it(kubectl: Kubectl) -> None:
    kubectl("create", "cm", "conf")
    assert "deleted" in kubectl("delete", "namespace", kubectl.namespace, "--timeout=20s")
    assert "not found" in kubectl.fails("get", "namespace", kubectl.namespace)
