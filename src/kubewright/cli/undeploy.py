"""``kubewright undeploy``: takes off a cluster what ``kubewright deploy`` put there."""

from __future__ import annotations

from typing import Annotated

import typer

from kubewright.cli.deploying import DryRun, NotDone, Show, Timeout, manifest, on_cluster
from kubewright.cli.options import Context, Kubeconfig
from kubewright.cli.output import Format, Output
from kubewright.client import Client
from kubewright.packaging.deploy import prune, remove, wait_gone
from kubewright.packaging.graph import build, flatten, identity
from kubewright.packaging.manifest import Object


def command(
    crds: Annotated[bool, typer.Option("--crds", help="Remove the CRDs too, and so every custom resource.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    dry_run: DryRun = False,
    timeout: Timeout = 60.0,
    output: Output = Format.text,
) -> None:
    """Remove the operator; with --crds its resources go first, while it can still clean up after them."""
    package = manifest()
    components = build(package)
    definitions: list[Object] = components.get("crd", []) if crds else []
    made = flatten(components, without=["crd", "namespace"])
    show = Show(dry_run=dry_run, output=output)

    async def work(client: Client) -> None:
        await show.changes(remove(client, definitions, dry_run=dry_run))
        await wait(client, definitions)
        await show.changes(prune(client, identity(package), dry_run=dry_run))
        await wait(client, [obj for obj in made if obj["kind"] == "Deployment"])

    async def wait(client: Client, objects: list[Object]) -> None:
        if not (objects and timeout) or dry_run:
            return
        with show.waiting("waiting until they are gone"):
            left = await wait_gone(client, objects, timeout=timeout)
        if left:
            raise NotDone("\n".join(left))

    on_cluster(work, kubeconfig, context)
    show.end()
