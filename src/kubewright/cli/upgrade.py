"""``kubewright upgrade``: brings the scaffold's part of a project up to the installed version."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.output import progress
from kubewright.project.create import difference
from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import Project, ProjectError, find_project
from kubewright.project.upgrade import Plan, carry_out, plan_upgrade


def command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff and write nothing.")] = False,
) -> None:
    """Merge a newer scaffold into the project; stops, having written nothing, where both changed the same lines."""
    try:
        project = find_project(Path.cwd())
        plan = plan_for(project)
    except (ProjectError, LookupError, OSError) as error:
        raise Failure(str(error)) from None
    for path, why in plan.keep.items():
        typer.echo(f"kept {path}: {why}")
    if plan.conflicts:
        for path, text in plan.conflicts.items():
            progress().print(f"conflict in {path}:", style="red", soft_wrap=True)
            typer.echo(text, err=True)
        raise Failure("Nothing was written. Make these places agree with the new scaffold, then upgrade again.")
    if not plan:
        typer.echo(f"the project is at scaffold revision {project.scaffold}; nothing to do")
        return
    if dry_run:
        typer.echo(difference(project.root, plan.write, removed=plan.delete), nl=False)
        return
    carry_out(project.root, plan)
    for path in (*plan.write, *plan.delete):
        typer.echo(f"{'removed' if path in plan.delete else 'wrote'} {path}")


def plan_for(project: Project) -> Plan:
    """What brings a project to the newest revision.

    :raises LookupError: the project was made by a newer kubewright.
    """
    base = project_files(project, revision=project.scaffold)
    new = project_files(replace(project, scaffold=REVISION))
    plan = plan_upgrade(project.root, base, new)
    settings = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    current = plan.write.get("pyproject.toml", settings)
    updated = re.sub(r"(?m)^scaffold = \d+$", f"scaffold = {REVISION}", current)
    if updated != settings:
        plan.write["pyproject.toml"] = updated
    return plan
