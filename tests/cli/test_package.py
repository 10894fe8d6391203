"""What `kubewright package` replaces, and what it leaves alone."""

import sys
from pathlib import Path

import pytest

from kubewright.cli import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["init", "guest-operator", "--domain", "example.com"])
    assert ended.value.code == 0
    monkeypatch.chdir("guest-operator")
    monkeypatch.syspath_prepend("src")
    monkeypatch.delitem(sys.modules, "guest_operator.operator", raising=False)
    monkeypatch.delitem(sys.modules, "guest_operator", raising=False)
    return Path.cwd()


def package(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main(["package", *arguments])
    return ended.value.code


def test_overlays_of_the_users_own_are_kept_and_the_rest_is_written_anew(project: Path) -> None:
    tree = project / "config/kustomize"
    assert package("kustomize") == 0
    (tree / "overlays/production").mkdir()
    (tree / "overlays/production/kustomization.yaml").write_text("resources: [../default]\n")
    (tree / "README.md").write_text("ours\n")
    (tree / "base/stale.yaml").write_text("kind: Stale\n")
    written = {path for path in tree.rglob("*") if path.name != "stale.yaml"}
    assert package("kustomize") == 0
    assert set(tree.rglob("*")) == written


@pytest.mark.parametrize("form", ["kustomize", "helm", "olm"])
def test_a_folder_of_something_else_is_left_alone(project: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "mine/base").mkdir(parents=True)
    (project / "mine/base/notes.txt").write_text("mine\n")
    before = sorted(project.rglob("*"))
    assert package(form, "--output-dir", "mine") == 1
    assert "was not written by this command" in capsys.readouterr().err
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(("form", "folder"), [("helm", "dist/chart"), ("olm", "dist/bundle")])
def test_an_earlier_package_is_replaced_as_a_whole(project: Path, form: str, folder: str) -> None:
    assert package(form) == 0
    written = set((project / folder).rglob("*"))
    (project / folder / "stale.yaml").write_text("kind: Stale\n")
    assert package(form) == 0
    assert set((project / folder).rglob("*")) == written
