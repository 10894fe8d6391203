"""``kubewright requirements``: what the image installs, pinned with hashes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.options import OutputFile
from kubewright.packaging.requirements import PLATFORMS, ResolutionError, pinned, resolve
from kubewright.project.settings import ProjectError, find_project


def command(
    platform: Annotated[str, typer.Option(help="The image's platforms.")] = ",".join(PLATFORMS),
    python: Annotated[str, typer.Option(help="The image's Python version.")] = "3.13",
    output_file: OutputFile = None,
) -> None:
    """Pin the project's dependencies, and theirs, with the hashes of every file that may be installed."""
    platforms = platform.split(",")
    if unknown := [one for one in platforms if one not in PLATFORMS]:
        raise typer.BadParameter(f"--platform {', '.join(unknown)}: choose of {', '.join(PLATFORMS)}")
    try:
        project = find_project(Path.cwd())
        wanted = tomllib.loads((project.root / "pyproject.toml").read_text())["project"].get("dependencies", [])
        text = pinned(resolve(wanted, platform=one, python=python) for one in platforms)
    except (ProjectError, ResolutionError) as error:
        raise Failure(str(error)) from None
    if output_file is None:
        typer.echo(text, nl=False)
        return
    output_file.write_text(text)
    typer.echo(f"wrote {output_file}")
