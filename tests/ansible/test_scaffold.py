from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubewright.ansible.scaffold import api_files
from kubewright.project.create import Api
from kubewright.project.settings import Project, ProjectError

WATCHES = "# What is said here stays.\n- {version: v1, group: web.example.com, kind: Old, role: old}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "watches.yaml").write_text(WATCHES)
    return Project(
        root=tmp_path, name="x", version="0.1.0", domain="example.com", operator="watches.yaml", image="x",
        scaffold=1, flavour="ansible",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "playbook", "play", "files"),
    [
        (True, False, {"role": "website"}, {"roles/website/tasks/main.yml"}),
        (False, True, {"playbook": "playbooks/website.yml"}, {"playbooks/website.yml"}),
        (
            True,
            True,
            {"playbook": "playbooks/website.yml"},
            {"playbooks/website.yml", "roles/website/tasks/main.yml"},
        ),
    ],
)
def test_a_kind_has_a_role_or_a_playbook_or_both(
    project: Project, role: bool, playbook: bool, play: dict[str, str], files: set[str]
) -> None:
    made = api_files(project, Api("web", "v1", "WebSite"), role=role, playbook=playbook)
    assert made["watches.yaml"].startswith(WATCHES)
    assert yaml.safe_load(made["watches.yaml"])[1] == {
        "version": "v1",
        "group": "web.example.com",
        "kind": "WebSite",
        **play,
    }
    assert files <= set(made) and "config/samples/web_site.yaml" in made
    if playbook:
        [first] = yaml.safe_load(made["playbooks/website.yml"])
        assert ("roles" in first) is role


def test_a_kind_that_is_there_is_not_made_again(project: Project) -> None:
    with pytest.raises(ProjectError, match="has an entry for Old already"):
        api_files(project, Api("web", "v1", "Old"), role=True, playbook=False)
