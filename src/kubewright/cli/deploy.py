"""``kubewright deploy``: the project's package applied to a cluster, and followed until it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from kubewright.cli.deploying import Diff, DryRun, NotDone, Show, Timeout, manifest, on_cluster
from kubewright.cli.options import Context, Kubeconfig
from kubewright.cli.output import Format, Output
from kubewright.client import Client
from kubewright.packaging.deploy import deploy, prune, wait_ready
from kubewright.packaging.graph import build, flatten, identity
from kubewright.packaging.kustomize import OPTIONAL


def command(
    image: Annotated[str, typer.Option(help="Run this image, not the project's.")] = "",
    with_: Annotated[
        list[str] | None, typer.Option("--with", help=f"Also deploy one of: {', '.join(sorted(OPTIONAL))}.")
    ] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    dry_run: DryRun = False,
    diff: Diff = False,
    timeout: Timeout = 120.0,
    output: Output = Format.text,
) -> None:
    """Deploy the operator: apply its objects, remove what an earlier deploy made and this one does not, and wait.

    The objects are those of `kubewright package yaml`; fields that others changed are set back.

    For example: kubewright deploy --diff, then kubewright deploy
    """
    chosen = set(with_ or ())
    if unknown := chosen - OPTIONAL:
        raise typer.BadParameter(f"--with {', '.join(sorted(unknown))}: choose of {', '.join(sorted(OPTIONAL))}")
    package = manifest()
    if image:
        package = replace(package, image=image)
    components = build(package)
    objects = flatten(components, without=sorted(OPTIONAL - chosen))
    followed = [*components.get("crd", ()), *components["manager"]]
    show = Show(dry_run=dry_run, diff=diff, output=output)

    async def work(client: Client) -> None:
        pretend = dry_run or diff
        await show.changes(deploy(client, objects, dry_run=pretend))
        await show.changes(prune(client, identity(package), keep=objects, dry_run=pretend))
        if timeout and not pretend:
            with show.waiting("waiting until it runs"):
                late = await wait_ready(client, followed, timeout=timeout, say=show.say)
            if late:
                raise NotDone("\n".join(late))

    on_cluster(work, kubeconfig, context)
    show.end("" if dry_run or diff else f"{package.name} is deployed; next: kubectl apply -f config/samples")
