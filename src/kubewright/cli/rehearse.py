"""``kubewright rehearse``: the project's samples on a cluster in memory, with the operator running."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.cli.options import Target
from kubewright.cli.output import Format, Output, progress, show, table
from kubewright.objects.errors import APIError
from kubewright.operator import Operator
from kubewright.packaging.manifest import ManifestError
from kubewright.packaging.project_manifest import read_samples
from kubewright.schema import SchemaError

if TYPE_CHECKING:
    from kubewright.testing.rehearsal import Outcome

Samples = Annotated[Path, typer.Option(help="The folder with the samples.")]
Timeout = Annotated[float, typer.Option(help="Seconds that each sample has to become ready.")]

SAMPLES = Path("config/samples")


def command(
    operator: Target = "",
    samples: Samples = SAMPLES,
    timeout: Timeout = 30.0,
    output: Output = Format.text,
) -> None:
    """Apply the samples on an embedded cluster and show what becomes of them; exits 1 unless all become ready."""
    op, objects = load(operator, samples)
    if not objects:
        typer.echo(f"there are no samples in {samples}; kubewright create api makes one with each kind", err=True)
        return
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        outcomes = asyncio.run(_rehearse(op, objects, timeout))
    except (APIError, SchemaError) as error:
        raise Failure(f"the operator cannot run: {error}") from None
    show([_data(one) for one in outcomes], output, lambda console: _print(console, outcomes))
    if not all(one.ready for one in outcomes):
        raise typer.Exit(1)


def load(target: str, samples: Path) -> tuple[Operator, list[dict[str, Any]]]:
    """The operator, and what its samples are."""
    try:
        return load_operator(target), read_samples(samples)
    except (OperatorNotFound, ManifestError) as error:
        raise Failure(str(error)) from None


async def _rehearse(operator: Operator, samples: list[dict[str, Any]], timeout: float) -> list[Outcome]:
    from kubewright.localcluster import LocalCluster  # a whole cluster: only once the samples are read
    from kubewright.testing.cluster import TestCluster
    from kubewright.testing.rehearsal import rehearse

    left = len(samples)
    with progress().status("starting a cluster") as status:

        def done(outcome: Outcome) -> None:
            nonlocal left
            left -= 1
            status.update(f"samples that are not ready yet: {left} of {len(samples)}")

        async with LocalCluster() as local:
            cluster = TestCluster(local)
            async with cluster.running(operator):
                status.update(f"samples to become ready: {len(samples)}")
                return await rehearse(cluster.client, operator, samples, timeout=timeout, done=done)


def _data(outcome: Outcome) -> dict[str, object]:
    return {
        "kind": outcome.sample.kind,
        "name": outcome.sample.metadata.name,
        "ready": outcome.ready,
        "status": outcome.why,
        "children": [{"kind": one.gvk.kind, "name": one.metadata.name} for one in outcome.children],
        "seconds": round(outcome.seconds, 3),
    }


def _print(console: Console, outcomes: list[Outcome]) -> None:
    rows = table("KIND", "NAME", "READY", "STATUS", "CHILDREN", "SECONDS")
    for outcome in outcomes:
        rows.add_row(
            outcome.sample.kind,
            outcome.sample.metadata.name,
            "[green]yes[/green]" if outcome.ready else "[red]no[/red]",
            escape(outcome.why),
            "\n".join(f"{type(child).__name__} {child.metadata.name}" for child in outcome.children),
            f"{outcome.seconds:.2f}",
        )
    console.print(rows)
