"""``kubewright build``: the operator's image, by whatever tool is installed."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.output import progress
from kubewright.packaging.image import BuildError, build_commands, find_builder
from kubewright.project.settings import ProjectError, find_project


def command(
    image: Annotated[str, typer.Option(help="The image's name; without a tag the project's version is appended.")] = "",
    platform: Annotated[str, typer.Option(help="For these platforms: linux/amd64,linux/arm64.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Push the image, too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the commands.")] = False,
) -> None:
    """Build the image with docker, podman or buildah.

    For example: kubewright build --platform linux/amd64,linux/arm64 --push
    """
    try:
        project = find_project(Path.cwd())
        reference = project.image_reference if not image else _tagged(image, project.version)
        platforms = [one for one in platform.split(",") if one]
        commands = build_commands(find_builder(), reference, platforms=platforms, push=push)
    except (BuildError, ProjectError) as error:
        raise Failure(str(error)) from None
    for arguments in commands:
        if dry_run:
            typer.echo(shlex.join(arguments))
            continue
        progress().print(shlex.join(arguments), style="cyan", markup=False, soft_wrap=True)
        if status := subprocess.run(arguments, cwd=project.root).returncode:
            raise typer.Exit(status)


def _tagged(image: str, version: str) -> str:
    return image if ":" in image.rpartition("/")[2] else f"{image}:{version}"
