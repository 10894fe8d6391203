from pathlib import Path

import pytest

from kubewright.project.settings import (
    ProjectError,
    check_domain,
    check_name,
    find_project,
    find_python_project,
    operator_name,
)

SETTINGS = """
[project]
name = "website-operator"
version = "1.2.3"

[tool.kubewright]
domain = "example.com"
operator = "website_operator.operator:op"
image = "registry.example.com/website-operator"
scaffold = 1
"""


def test_a_project_is_found_from_any_folder_below_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "src/deep").mkdir(parents=True)
    project = find_project(tmp_path / "src/deep")
    assert project.root == tmp_path
    assert project.source == tmp_path / "src/website_operator"
    assert project.image_reference == "registry.example.com/website-operator:1.2.3"


def test_an_operator_without_code_is_called_like_its_project_or_else_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "My_Charts"
    folder.mkdir()
    assert operator_name(folder) == "my-charts"
    (folder / "pyproject.toml").write_text(SETTINGS)
    assert operator_name(folder) == "website-operator"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tool.kubewright", "is no TOML"),
        ("[tool.kubewright]\n", r"\[project\] lacks 'name'"),
        (SETTINGS.replace('domain = "example.com"', ""), r"\[tool.kubewright\] lacks 'domain'"),
        (SETTINGS.replace("scaffold = 1", 'scaffold = "1"'), "scaffold must be a int"),
        (f'{SETTINGS}flavour = "go"\n', "flavour must be one of python, ansible, helm"),
    ],
)
def test_incomplete_settings_name_file_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ProjectError, match=complaint) as raised:
        find_project(tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(raised.value)


def test_what_changes_python_code_refuses_a_project_without_any(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'{SETTINGS}flavour = "helm"\n')
    assert find_project(tmp_path).module == "website_operator"
    with pytest.raises(ProjectError, match="not of Python code"):
        find_python_project(tmp_path)


def test_outside_a_project_the_way_to_make_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="kubewright init"):
        find_project(tmp_path)


@pytest.mark.parametrize("name", ["Website", "-a", "a" * 46, "a_b", "", "json", "kubewright"])
def test_names_that_objects_cannot_have_are_refused(name: str) -> None:
    with pytest.raises(ProjectError):
        check_name(name)


@pytest.mark.parametrize("domain", ["example", "Example.com", "a..b", "-a.com"])
def test_domains_that_groups_cannot_end_in_are_refused(domain: str) -> None:
    with pytest.raises(ProjectError):
        check_domain(domain)
