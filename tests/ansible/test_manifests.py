from __future__ import annotations

from pathlib import Path

from kubewright.ansible.manifests import kinds_in, managed_kinds
from kubewright.ansible.watches import Finalizer, Play, Watch
from kubewright.objects.names import GroupVersionKind

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
SECRET = GroupVersionKind("", "v1", "Secret")
SITE = GroupVersionKind("x.io", "v1", "Site")


def test_kinds_are_read_off_templates_tasks_and_json() -> None:
    text = """\
- k8s:
    definition:
      kind: Deployment
      apiVersion: apps/v1
      metadata: {name: "{{ ansible_operator_meta.name }}"}
- k8s_info:
    api_version: v1
    kind: Secret
"""
    assert list(kinds_in(text)) == [DEPLOYMENT, SECRET]
    assert list(kinds_in('{\n  "apiVersion": "apps/v1",\n  "kind": "Deployment"\n}')) == [DEPLOYMENT]


def test_a_kind_that_a_template_decides_is_not_seen() -> None:
    assert not list(kinds_in("apiVersion: v1\nkind: {{ kind }}\n"))
    assert not list(kinds_in("apiVersion: v1\nroleRef:\n  kind: Role\n"))


def test_the_files_of_all_plays_count_once(tmp_path: Path) -> None:
    for role, content in (("a", "apiVersion: apps/v1\nkind: Deployment\n"), ("b", "apiVersion: v1\nkind: Secret\n")):
        (tmp_path / role / "templates").mkdir(parents=True)
        (tmp_path / role / "templates/x.yaml.j2").write_text(content)
        (tmp_path / role / "templates/y.yaml.j2").write_text(f"{content}---\napiVersion: x.io/v1\nkind: Site\n")
    finalizer = Finalizer("x.io/f", Play(role=str(tmp_path / "b")), {})
    watch = Watch(kind=SITE, play=Play(role=str(tmp_path / "a")), finalizer=finalizer)
    assert managed_kinds(watch) == [DEPLOYMENT, SECRET]


def test_a_playbook_has_the_kinds_of_the_roles_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "roles/web/tasks").mkdir(parents=True)
    (tmp_path / "roles/web/tasks/main.yml").write_text("apiVersion: v1\nkind: Secret\n")
    playbook = tmp_path / "playbooks/site.yml"
    playbook.parent.mkdir()
    playbook.write_text("- hosts: localhost\n  roles: [web]\n")
    assert managed_kinds(Watch(kind=SITE, play=Play(playbook=str(playbook)))) == [SECRET]
