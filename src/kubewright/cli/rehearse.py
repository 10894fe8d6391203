"""``kubewright rehearse``: the project's samples on a cluster in memory, with the operator running."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.objects.errors import APIError
from kubewright.operator import Operator
from kubewright.packaging.manifest import ManifestError
from kubewright.packaging.project_manifest import read_samples
from kubewright.schema import SchemaError

Samples = Annotated[Path, typer.Option(help="The folder with the samples.")]
Timeout = Annotated[float, typer.Option(help="Seconds that each sample has to become ready.")]

SAMPLES = Path("config/samples")


def command(
    target: Annotated[str, typer.Argument(metavar="[FILE[:ATTR]]", help="The operator; else the project's.")] = "",
    samples: Samples = SAMPLES,
    timeout: Timeout = 30.0,
) -> None:
    """Apply the samples on an embedded cluster and show what becomes of them; exits 1 unless all become ready."""
    operator, objects = load(target, samples)
    if not objects:
        typer.echo(f"there are no samples in {samples}; kubewright create api makes one with each kind", err=True)
        return
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        all_ready = asyncio.run(_rehearse(operator, objects, timeout))
    except (APIError, SchemaError) as error:
        typer.secho(f"the operator cannot run: {error}", err=True, fg="red")
        raise typer.Exit(1) from None
    if not all_ready:
        raise typer.Exit(1)


def load(target: str, samples: Path) -> tuple[Operator, list[dict[str, Any]]]:
    """The operator, and what its samples are."""
    try:
        return load_operator(target), read_samples(samples)
    except (OperatorNotFound, ManifestError) as error:
        raise typer.BadParameter(str(error)) from None


async def _rehearse(operator: Operator, samples: list[dict[str, Any]], timeout: float) -> bool:
    from kubewright.localcluster import LocalCluster  # a whole cluster: only once the samples are read
    from kubewright.testing.cluster import TestCluster
    from kubewright.testing.rehearsal import Outcome, rehearse

    console = Console(highlight=False)
    left = len(samples)
    with console.status("starting a cluster") as status:

        def done(outcome: Outcome) -> None:
            nonlocal left
            left -= 1
            status.update(f"waiting for {left} of {len(samples)} samples")

        async with LocalCluster() as local:
            cluster = TestCluster(local)
            async with cluster.running(operator):
                status.update(f"waiting for {len(samples)} samples")
                outcomes = await rehearse(cluster.client, operator, samples, timeout=timeout, done=done)
    table = Table("kind", "name", "ready", "status", "children", "seconds")
    for outcome in outcomes:
        table.add_row(
            outcome.sample.kind,
            outcome.sample.metadata.name,
            "[green]yes[/green]" if outcome.ready else "[red]no[/red]",
            outcome.why,
            "\n".join(f"{type(child).__name__} {child.metadata.name}" for child in outcome.children),
            f"{outcome.seconds:.2f}",
        )
    console.print(table)
    return all(outcome.ready for outcome in outcomes)
