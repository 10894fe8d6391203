"""``kubewright create``: a kind with its types, its reconcile function, a test and a sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kubewright.project.create import Api, difference, new_api
from kubewright.project.settings import ProjectError, find_project
from kubewright.project.upgrade import write

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def create() -> None:
    """Add to the project."""


@app.command()
def api(
    group: Annotated[str, typer.Option(help="The API group; without a dot, the project's domain is appended.")],
    version: Annotated[str, typer.Option(help="The version: v1, v1beta1, v1alpha1.")],
    kind: Annotated[str, typer.Option(help="The kind, in CamelCase.")],
    plural: Annotated[str, typer.Option(help="The plural, where English rules do not give it.")] = "",
    cluster_scoped: Annotated[bool, typer.Option("--cluster-scoped", help="Objects have no namespace.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff and write nothing.")] = False,
) -> None:
    """Add a kind: src/PACKAGE/KIND.py, a test, a sample, and its import in operator.py."""
    try:
        project = find_project(Path.cwd())
        files = new_api(project, Api(group, version, kind, plural, namespaced=not cluster_scoped))
    except ProjectError as error:
        raise typer.BadParameter(str(error)) from None
    if dry_run:
        typer.echo(difference(project.root, files), nl=False)
        return
    for path, text in sorted(files.items()):
        write(project.root / path, text)
        typer.echo(f"wrote {path}")
    typer.echo("Next: edit the types, then make generate test")
