"""``kubewright check``: whether everything in a project agrees with the operator's code and with its scaffold."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import typer
from rich.console import Console

from kubewright.cli import Failure
from kubewright.cli.generate import Change, load, outdated
from kubewright.cli.output import Format, Output, show
from kubewright.cli.upgrade import plan_for
from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import WATCHES, Project, ProjectError, find_project

_YOURS = ("src/", "tests/", WATCHES, "requirements.yml", "pyproject.toml", "README.md", "LICENSE")
"""Scaffolded files that are there to be changed."""


class _Drift(NamedTuple):
    """A scaffolded file that is not as it was made."""

    path: str
    state: Literal["changed", "removed"]


def command(output: Output = Format.text) -> None:
    """Fail if a generated file is stale; tell which scaffolded files were changed, and what an upgrade would bring."""
    try:
        project = find_project(Path.cwd())
        drift = _drift(project)
        plan = plan_for(project)
    except (ProjectError, LookupError, OSError) as error:
        raise Failure(str(error)) from None
    stale = outdated(load(""))
    data = {
        "stale": [{"path": str(one.path), "difference": one.difference()} for one in stale],
        "scaffold": {"revision": project.scaffold, "newest": REVISION, "drift": [one._asdict() for one in drift]},
    }
    news = ""
    if project.scaffold < REVISION:
        news = f"revision {REVISION} is out, which changes {len(plan.write)} files: kubewright upgrade --dry-run"
    show(data, output, lambda console: _print(console, stale, drift, news))
    if stale:
        raise typer.Exit(1)


def _drift(project: Project) -> list[_Drift]:
    found: list[_Drift] = []
    for path, text in sorted(project_files(project, revision=project.scaffold).items()):
        if path.startswith(_YOURS):
            continue
        file = project.root / path
        if not file.is_file():
            found.append(_Drift(path, "removed"))
        elif file.read_text(encoding="utf-8") != text:
            found.append(_Drift(path, "changed"))
    return found


def _print(console: Console, stale: list[Change], drift: list[_Drift], news: str) -> None:
    for one in drift:
        console.print(f"scaffold: {one.path} was {one.state}", soft_wrap=True)
    if news:
        console.print(f"scaffold: {news}", soft_wrap=True)
    for change in stale:
        console.print(change.difference(), markup=False, soft_wrap=True, end="")
    said = (
        "[red]generated files are stale[/red]: kubewright generate all" if stale else "generated files are up to date"
    )
    console.print(said, soft_wrap=True)
