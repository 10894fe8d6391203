"""``kubewright sbom``: the Python packages of this environment that the operator brings, as CycloneDX JSON."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.options import OutputFile
from kubewright.packaging.sbom import bill_of_materials
from kubewright.project.settings import ProjectError, find_project


def command(
    package: Annotated[str, typer.Argument(help="An installed distribution; by default the project's.")] = "",
    output_file: OutputFile = None,
) -> None:
    """Write a software bill of materials; the image's Dockerfile does it where the image's packages are installed."""
    try:
        document = bill_of_materials(package or find_project(Path.cwd()).name)
    except ProjectError as error:
        raise Failure(str(error)) from None
    except PackageNotFoundError as error:
        raise Failure(f"{error.name} is not installed in this environment") from None
    text = json.dumps(document, indent=2) + "\n"
    if output_file is None:
        typer.echo(text, nl=False)
        return
    output_file.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output_file}")
