"""``kubewright check``: whether everything in a project agrees with the operator's code and with its scaffold."""

from __future__ import annotations

from pathlib import Path

import typer

from kubewright.cli.generate import everything
from kubewright.cli.upgrade import plan_for
from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import WATCHES, ProjectError, find_project

_YOURS = ("src/", "tests/", WATCHES, "pyproject.toml", "README.md", "LICENSE")
"""Scaffolded files that are there to be changed."""


def command() -> None:
    """Fail if a generated file is stale; tell which scaffolded files were changed, and what an upgrade would bring."""
    try:
        project = find_project(Path.cwd())
        scaffolded = project_files(project, revision=project.scaffold)
        plan = plan_for(project)
    except (ProjectError, LookupError, OSError) as error:
        raise typer.BadParameter(str(error)) from None
    for path, text in sorted(scaffolded.items()):
        if path.startswith(_YOURS):
            continue
        found = project.root / path
        if not found.is_file():
            typer.echo(f"scaffold: {path} was removed")
        elif found.read_text(encoding="utf-8") != text:
            typer.echo(f"scaffold: {path} was changed")
    if project.scaffold < REVISION:
        typer.echo(
            f"scaffold: revision {REVISION} is out, which changes {len(plan.write)} files: kubewright upgrade --dry-run"
        )
    everything(check=True)
    typer.echo("generated files are up to date")
