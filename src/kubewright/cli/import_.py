"""``kubewright import``: a project from CustomResourceDefinitions, or from a kubebuilder project."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.init import make_project, refuse_to_overwrite
from kubewright.project.existing import files_from, read_existing
from kubewright.project.settings import ProjectError


def command(
    source: Annotated[
        Path, typer.Argument(help="A CRD file, a folder of them, or a kubebuilder project.", exists=True)
    ],
    name: Annotated[
        str, typer.Argument(help="The new operator's name and folder; else as kubebuilder called it.")
    ] = "",
    domain: Annotated[str, typer.Option(help="What API groups end in; else as it was.")] = "",
    image: Annotated[str, typer.Option(help="The image reference without a tag.")] = "",
) -> None:
    """Make a project of the kinds that exist: types, samples and webhooks; the reconcile functions are yours.

    For example: kubewright import ../go-operator website-operator
    """
    try:
        existing = read_existing(source)
        folder = Path(name or existing.name or "operator")
        group: str = existing.crds[0]["spec"]["group"]
        project = make_project(
            folder, folder.name, domain or existing.domain or group.partition(".")[2] or group, image
        )
        refuse_to_overwrite(folder)
        files = files_from(project, existing)
    except ProjectError as error:
        raise Failure(str(error)) from None
    for path, text in sorted(files.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {folder / path}")
    tidy(folder)
    typer.echo(f"Next: cd {folder}, write the reconcile functions, then make format generate test")


def tidy(folder: Path) -> None:
    """Format a project's sources, where there is a formatter: classes made of definitions have long lines."""
    if shutil.which("ruff"):
        subprocess.run(["ruff", "format", "--quiet", "src"], cwd=folder, check=True)
