"""Putting a Helm chart into a project: what ``init --helm`` and ``create api`` share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.project.create import Api, difference
from kubewright.project.scaffold import Files
from kubewright.project.settings import WATCHES, Project, ProjectError
from kubewright.project.upgrade import write

Repo = Annotated[str, typer.Option(metavar="URL", help="The repository that the chart is a name in.")]
ChartVersion = Annotated[str, typer.Option(help="The chart's version; else the newest.")]


@contextmanager
def fetched_chart(reference: str, *, repo: str = "", version: str = "", kind: str = "") -> Iterator[Path]:
    """A chart's folder, as long as the block lasts.

    :param reference: the chart; without one a new chart is made for the kind.
    """
    try:
        from kubewright.helm import ChartError
        from kubewright.helm.scaffold import fetch_chart, new_chart
    except ImportError as error:
        raise Failure(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="kubewright-") as scratch:
        try:
            chart = (
                fetch_chart(reference, Path(scratch), repo=repo, version=version)
                if reference
                else new_chart(kind.lower(), Path(scratch))
            )
        except ChartError as error:
            raise Failure(str(error)) from None
        yield chart


def files_of_chart(
    project: Project, chart: Path, watches: str, *, group: str = "", version: str = "", kind: str = ""
) -> Files:
    """The texts that a chart's kind is made of.

    :param watches: ``watches.yaml`` as it is.
    """
    from kubewright.helm.scaffold import GROUP, VERSION, chart_files, kind_of

    try:
        return chart_files(project, Api(group or GROUP, version or VERSION, kind or kind_of(chart)), chart, watches)
    except ProjectError as error:
        raise Failure(str(error)) from None


def copy_into(project: Project, chart: Path) -> None:
    from kubewright.helm.scaffold import copy_chart

    typer.echo(f"copied {copy_chart(project, chart)}")


def add_chart(
    project: Project,
    reference: str,
    *,
    repo: str = "",
    chart_version: str = "",
    group: str = "",
    version: str = "",
    kind: str = "",
    dry_run: bool = False,
) -> None:
    """Copy a chart into a project, with an entry in its watches and a sample, or only show the difference."""
    if not reference and not kind:
        raise typer.BadParameter("say --helm-chart, or --kind for a new chart")
    with fetched_chart(reference, repo=repo, version=chart_version, kind=kind) as chart:
        path = project.root / WATCHES
        watches = path.read_text(encoding="utf-8") if path.is_file() else ""
        files = files_of_chart(project, chart, watches, group=group, version=version, kind=kind)
        if dry_run:
            typer.echo(difference(project.root, files), nl=False)
            return
        copy_into(project, chart)
    for name, text in sorted(files.items()):
        write(project.root / name, text)
        typer.echo(f"wrote {name}")
    typer.echo("Next: edit the sample, then: make generate test")
