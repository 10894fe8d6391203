"""``kubewright rename``: another name for a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.project.create import difference
from kubewright.project.rename import rename_kind
from kubewright.project.settings import ProjectError, find_python_project
from kubewright.project.upgrade import write

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def rename() -> None:
    """Rename in the project."""


@app.command()
def api(
    kind: Annotated[str, typer.Option(help="The kind as it is called now.")],
    to: Annotated[str, typer.Option(help="The kind as it shall be called.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff and write nothing.")] = False,
) -> None:
    """Rename a kind with its classes, module, test and sample.

    To a cluster this is a new kind: objects of the old one stay what they are.

    For example: kubewright rename api --kind Website --to Site
    """
    try:
        project = find_python_project(Path.cwd())
        renaming = rename_kind(project, kind, to)
    except ProjectError as error:
        raise Failure(str(error)) from None
    if dry_run:
        typer.echo(difference(project.root, renaming.write, removed=renaming.remove), nl=False)
        return
    for path, text in sorted(renaming.write.items()):
        write(project.root / path, text)
        typer.echo(f"wrote {path}")
    for path in renaming.remove:
        (project.root / path).unlink()
        typer.echo(f"removed {path}")
    typer.echo("Next: make format generate test")
