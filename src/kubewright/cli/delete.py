"""``kubewright delete``: takes a kind out of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.project.create import api_files, difference
from kubewright.project.settings import ProjectError, find_python_project
from kubewright.project.upgrade import write

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def delete() -> None:
    """Take out of the project."""


@app.command()
def api(
    kind: Annotated[str, typer.Option(help="The kind, in CamelCase.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff and remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a kind's module, test and sample, and its import in operator.py."""
    try:
        project = find_python_project(Path.cwd())
        removed, changed = api_files(project, kind)
    except ProjectError as error:
        raise Failure(str(error)) from None
    if dry_run:
        typer.echo(difference(project.root, changed, removed=removed), nl=False)
        return
    if not yes:
        typer.confirm(f"Remove {', '.join(removed)}?", abort=True)
    for path, text in changed.items():
        write(project.root / path, text)
        typer.echo(f"wrote {path}")
    for path in removed:
        (project.root / path).unlink()
        typer.echo(f"removed {path}")
    typer.echo("Next: make generate, which removes the generated files of the kind")
