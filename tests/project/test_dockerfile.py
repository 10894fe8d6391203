"""The Dockerfiles of new projects, as hadolint reads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import WATCHES, Flavour, Project

HADOLINT = Path(sys.executable).parent / "hadolint"


def dockerfile(flavour: Flavour) -> str:
    operator = "shop.operator:op" if flavour == "python" else WATCHES
    project = Project(
        root=Path("shop"), name="shop", version="0.1.0", domain="example.com", operator=operator, image="shop",
        scaffold=REVISION, flavour=flavour,
    )  # fmt: skip
    return project_files(project)["Dockerfile"]


@pytest.mark.parametrize("flavour", ["python", "helm", "ansible"])
def test_a_linter_finds_nothing(flavour: Flavour) -> None:
    if not HADOLINT.exists():
        pytest.skip("hadolint is not installed: make setup")
    text = dockerfile(flavour)
    done = subprocess.run([HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("flavour", ["python", "helm", "ansible"])
def test_the_image_runs_as_nobody_and_holds_one_stage(flavour: Flavour) -> None:
    last = dockerfile(flavour).rpartition("FROM ")[2]
    assert "USER 65532:65532" in last
    assert "RUN" not in last
