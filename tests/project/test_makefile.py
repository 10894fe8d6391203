"""Every target of a new project's Makefile does something."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import WATCHES, Flavour, Project


@pytest.mark.parametrize("flavour", ["python", "helm", "ansible"])
def test_each_target_that_is_explained_runs_a_command(flavour: Flavour, tmp_path: Path) -> None:
    operator = "shop.operator:op" if flavour == "python" else WATCHES
    project = Project(
        root=tmp_path, name="shop", version="0.1.0", domain="example.com", operator=operator, image="shop",
        scaffold=REVISION, flavour=flavour,
    )  # fmt: skip
    files = project_files(project)
    for path in ("Makefile", "pyproject.toml"):
        (tmp_path / path).write_text(files[path])
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.ready").touch()
    targets = re.findall(r"^([a-z][a-z-]*):.*## ", files["Makefile"], re.MULTILINE)
    assert {"generate", "test", "lint", "run", "demo", "deploy", "chart"} <= set(targets)
    for target in targets:
        shown = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ".venv/bin/" in shown.stdout or target == "help", f"{target}: {shown.stdout}"
