"""Putting a Helm chart into a project: what ``init --helm`` and ``create api`` share."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.project.create import Api, difference
from kubewright.project.settings import Project, ProjectError
from kubewright.project.upgrade import write

Repo = Annotated[str, typer.Option(metavar="URL", help="The repository that the chart is a name in.")]
ChartVersion = Annotated[str, typer.Option(help="The chart's version; else the newest.")]


def add_chart(
    project: Project,
    reference: str,
    *,
    repo: str = "",
    version: str = "",
    group: str = "",
    api_version: str = "",
    kind: str = "",
    dry_run: bool = False,
) -> None:
    """Copy a chart into the project, with an entry in its watches and a sample.

    :param reference: the chart; without one a new chart is made for the kind.
    """
    try:
        from kubewright.helm import ChartError
        from kubewright.helm.scaffold import GROUP, VERSION, chart_files, copy_chart, fetch_chart, kind_of, new_chart
    except ImportError as error:
        raise Failure(str(error)) from None
    if not reference and not kind:
        raise typer.BadParameter("say --helm-chart, or --kind for a new chart")
    with tempfile.TemporaryDirectory(prefix="kubewright-") as scratch:
        try:
            if reference:
                chart = fetch_chart(reference, Path(scratch), repo=repo, version=version)
            else:
                chart = new_chart(kind.lower(), Path(scratch))
            api = Api(group or GROUP, api_version or VERSION, kind or kind_of(chart))
            files = chart_files(project, api, chart)
        except (ChartError, ProjectError) as error:
            raise Failure(str(error)) from None
        if dry_run:
            typer.echo(difference(project.root, files), nl=False)
            return
        typer.echo(f"copied {copy_chart(project, chart)}")
    for path, text in sorted(files.items()):
        write(project.root / path, text)
        typer.echo(f"wrote {path}")
