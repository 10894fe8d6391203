"""``kubewright uninstall``: takes the operator's resources off a cluster, and every object of theirs."""

from __future__ import annotations

from typing import Annotated

import typer

from kubewright.cli.deploying import DryRun, NotDone, Show, Timeout, manifest, on_cluster
from kubewright.cli.options import Context, Kubeconfig
from kubewright.cli.output import Format, Output
from kubewright.client import Client
from kubewright.packaging.deploy import remove, wait_gone
from kubewright.packaging.graph import build


def command(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: Timeout = 60.0,
    output: Output = Format.text,
) -> None:
    """Remove the CustomResourceDefinitions, and with them every custom resource."""
    definitions = build(manifest()).get("crd", [])
    names = ", ".join(crd["metadata"]["name"] for crd in definitions)
    if not (yes or dry_run):
        typer.confirm(f"Remove {names} and every object of these kinds?", abort=True, err=True)
    show = Show(dry_run=dry_run, output=output)

    async def work(client: Client) -> None:
        await show.changes(remove(client, definitions, dry_run=dry_run))
        if timeout and not dry_run:
            with show.waiting("waiting until they are gone"):
                left = await wait_gone(client, definitions, timeout=timeout)
            if left:
                raise NotDone("\n".join(left))

    on_cluster(work, kubeconfig, context)
    show.end()
