from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubewright.ansible.watches import (
    DEFAULT_PERIOD,
    Finalizer,
    Play,
    Watch,
    WatchesError,
    expand,
    load_watches,
    parse_watches,
)
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Duration

HEAD = "- version: v1alpha1\n  group: app.example.com\n  kind: Example\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a playbook, a role, and a role in a collection."""
    (tmp_path / "playbook.yml").write_text("- hosts: all\n")
    (tmp_path / "roles/role/tasks").mkdir(parents=True)
    (tmp_path / "installed/ansible_collections/name/coll/roles/some").mkdir(parents=True)
    return tmp_path


def one(root: Path, text: str, **environment: str) -> Watch:
    [watch] = parse_watches(HEAD + text, root, environment)
    return watch


def test_what_is_not_said_has_the_ansible_operators_defaults(root: Path) -> None:
    watch = one(root, "  playbook: playbook.yml\n")
    assert watch == Watch(
        kind=GroupVersionKind("app.example.com", "v1alpha1", "Example"),
        play=Play(playbook=str(root / "playbook.yml")),
        reconcile_period=DEFAULT_PERIOD,
        timeout=Duration("1h"),
        workers=os.cpu_count() or 1,
    )
    assert watch.manage_status and watch.watch_dependents and watch.snake_case
    assert not watch.watch_cluster_scoped and not watch.watch_annotations


def test_text_of_a_spec_is_no_template_by_default(root: Path) -> None:
    assert one(root, "  role: role\n").mark_unsafe


def test_every_field_of_the_format_is_read(root: Path) -> None:
    watch = one(
        root,
        """\
  role: role
  vars: {sentinel: reconciling}
  maxRunnerArtifacts: 5
  reconcilePeriod: 2s
  manageStatus: false
  watchDependentResources: false
  watchClusterScopedResources: true
  watchAnnotationsChanges: true
  snakeCaseParameters: false
  markUnsafe: false
  selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: In, values: [d]}]}
  blacklist: [{group: "", version: v1, kind: ConfigMap}]
  finalizer: {name: app.example.com/finalizer, playbook: playbook.yml, vars: {sentinel: finalizing}}
  timeout: 5m
  injectOwnerReferences: false
  definition: false
  permissions: [{apiGroups: [apps], resources: [deployments], verbs: [get]}]
""",
    )
    assert watch.vars == {"sentinel": "reconciling"}
    assert (watch.reconcile_period, watch.timeout) == (Duration("2s"), Duration("5m"))
    assert not watch.manage_status and not watch.watch_dependents and not watch.snake_case and not watch.mark_unsafe
    assert watch.watch_cluster_scoped and watch.watch_annotations
    assert watch.selector.match_labels == {"a": "b"} and watch.selector.match_expressions[0].values == ["d"]
    assert watch.blacklist == {GroupVersionKind("", "v1", "ConfigMap")}
    playbook = Play(playbook=str(root / "playbook.yml"))
    assert watch.finalizer == Finalizer("app.example.com/finalizer", playbook, {"sentinel": "finalizing"})
    assert not watch.inject_owner_references and not watch.defines
    assert watch.permissions[0].resources == ["deployments"]


def test_a_finalizer_with_variables_alone_runs_the_watchs_own_play(root: Path) -> None:
    watch = one(root, "  role: role\n  finalizer: {name: a/b, vars: {gone: true}}\n")
    assert watch.finalizer == Finalizer("a/b", None, {"gone": True})


def test_a_period_of_zero_switches_it_off(root: Path) -> None:
    assert one(root, "  role: role\n  reconcilePeriod: 0s\n").reconcile_period is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must specify a role or a playbook"),
        ("  playbook: other.yml\n", "playbook: .*other.yml was not found"),
        ("  role: other\n", "role: other was not found"),
        ("  role: name.coll.some\n", "role: name.coll.some was not found"),
        ("  role: role\n  finalizer: {role: role}\n", "finalizer must have a name"),
        ("  role: role\n  finalizer: {name: a/b}\n", "finalizer must have a playbook, a role, or vars"),
        ("  role: role\n  finalizer: {name: a/b, role: other}\n", "role: other was not found"),
        ("  role: role\n  finalizer: {name: a/b, playbook: other.yml}\n", "playbook: .* was not found"),
        ("  role: role\n  reconcilePeriod: invalid\n", 'invalid duration "invalid"'),
        ("  role: role\n  reconcilePeriod: 5\n", "Expected `str"),
        ("  role: role\n  manageStatus: maybe\n", "Expected `bool`, got `str` - at `\\$.manageStatus`"),
        (
            "  role: role\n- version: v1alpha1\n  group: app.example.com\n  kind: Example\n  role: role\n",
            "duplicate GVK",
        ),
        ("  role: [\n", "is no YAML"),
    ],
)
def test_a_mistake_is_named(root: Path, text: str, problem: str) -> None:
    with pytest.raises(WatchesError, match=problem):
        parse_watches(HEAD + text, root, {})


@pytest.mark.parametrize(
    "text", ["kind: Example", "- version: v1\n", "- version: ''\n  kind: A\n  role: role\n", "text"]
)
def test_what_are_no_watches_is_refused(root: Path, text: str) -> None:
    with pytest.raises(WatchesError):
        parse_watches(text, root, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WatchesError, match=r"watches\.yaml cannot be read"):
        load_watches(tmp_path / "watches.yaml")


def test_core_kinds_have_an_empty_group(root: Path) -> None:
    [watch] = parse_watches("- version: v1\n  kind: Secret\n  role: role\n  manageStatus: false\n", root, {})
    assert watch.kind == GroupVersionKind("", "v1", "Secret")


def test_roles_are_found_on_the_roles_path_and_in_collections(root: Path) -> None:
    elsewhere = {"ANSIBLE_ROLES_PATH": f"/nowhere:{root}", "ANSIBLE_COLLECTIONS_PATH": str(root / "installed")}
    assert one(root / "config", "  role: role\n", **elsewhere).play == Play(role=str(root / "roles/role"))
    assert one(root, "  role: name.coll.some\n", **elsewhere).play == Play(role="name.coll.some")


@pytest.mark.parametrize(
    ("environment", "workers", "verbosity"),
    [
        ({}, os.cpu_count() or 1, 2),
        ({"MAX_CONCURRENT_RECONCILES_EXAMPLE_APP_EXAMPLE_COM": "4"}, 4, 2),
        ({"WORKER_EXAMPLE_APP_EXAMPLE_COM": "3"}, 3, 2),
        ({"MAX_CONCURRENT_RECONCILES_EXAMPLE_APP_EXAMPLE_COM": "-1"}, os.cpu_count() or 1, 2),
        ({"ANSIBLE_VERBOSITY_EXAMPLE_APP_EXAMPLE_COM": "4"}, os.cpu_count() or 1, 4),
        ({"ANSIBLE_VERBOSITY_EXAMPLE_APP_EXAMPLE_COM": "40"}, os.cpu_count() or 1, 7),
    ],
)
def test_the_environment_sets_workers_and_verbosity(
    root: Path, environment: dict[str, str], workers: int, verbosity: int
) -> None:
    watch = one(root, "  role: role\n", **environment)
    assert (watch.workers, watch.verbosity) == (workers, verbosity)


def test_variables_of_the_environment_are_filled_in_and_unknown_ones_stay() -> None:
    assert expand("${A}/$B/${C}", {"A": "one", "B": "two"}) == "one/two/${C}"
