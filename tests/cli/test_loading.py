from __future__ import annotations

from pathlib import Path

import pytest

from kubewright.cli.loading import OperatorNotFound, load_operator


def test_the_operator_of_the_working_directory_is_the_default(workspace: Path) -> None:
    assert load_operator().name == "sites"
    assert load_operator("operator.py:op").name == "sites"


def test_a_module_may_be_named(workspace: Path) -> None:
    (workspace / "operator.py").rename(workspace / "sites_operator.py")
    assert load_operator("sites_operator").name == "sites"


def test_a_project_says_where_its_operator_is(workspace: Path) -> None:
    (workspace / "src" / "shop").mkdir(parents=True)
    (workspace / "operator.py").rename(workspace / "src" / "shop" / "main.py")
    (workspace / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1.0.0"\n'
        '[tool.kubewright]\ndomain = "example.com"\noperator = "shop.main:op"\nscaffold = 1\n'
    )
    assert load_operator().name == "sites"


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", "operator.py", "makes no operator: write op = Operator"),
        (
            "from kubewright.operator import Operator\na = Operator('a')\nb = Operator('b')",
            "operator.py",
            "several.*:a",
        ),
        ("", "operator.py:app", "has no operator called 'app'"),
        ("", ".", "is a folder: name a file in it"),
        ("", "nowhere.py", "there is no file nowhere.py"),
        ("", "no.such.module", "there is no module no.such.module; for a file write no.such.module.py"),
    ],
)
def test_what_is_missing_is_said(workspace: Path, text: str, target: str, words: str) -> None:
    (workspace / "operator.py").write_text(text)
    with pytest.raises(OperatorNotFound, match=words):
        load_operator(target)


def test_an_empty_folder_has_no_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorNotFound, match="kubewright init NAME"):
        load_operator()


def test_a_file_that_makes_an_operator_is_named_where_none_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greeting.py").write_text("op = Operator('greeting-operator')")
    (tmp_path / "other.py").write_text("")
    with pytest.raises(OperatorNotFound, match=r"name the file: greeting\.py$"):
        load_operator()


def test_watches_with_roles_make_an_ansible_operator(tmp_path: Path) -> None:
    (tmp_path / "roles/site").mkdir(parents=True)
    watches = tmp_path / "watches.yaml"
    watches.write_text("- {group: web.example.com, version: v1, kind: Site, role: site}\n")
    assert [kind.kind for kind in load_operator(str(watches)).kinds()] == ["Site"]
    watches.write_text("- {group: web.example.com, version: v1, kind: Site, role: other}\n")
    with pytest.raises(OperatorNotFound, match="role: other was not found"):
        load_operator(str(watches))
