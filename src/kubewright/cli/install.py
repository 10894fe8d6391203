"""``kubewright install``: the operator's resources, without the operator."""

from __future__ import annotations

from kubewright.cli.deploying import Diff, DryRun, NotDone, Show, Timeout, manifest, on_cluster
from kubewright.cli.options import Context, Kubeconfig
from kubewright.cli.output import Format, Output
from kubewright.client import Client
from kubewright.packaging.deploy import deploy, wait_ready
from kubewright.packaging.graph import build


def command(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    dry_run: DryRun = False,
    diff: Diff = False,
    timeout: Timeout = 30.0,
    output: Output = Format.text,
) -> None:
    """Install the CustomResourceDefinitions, and wait until they are served."""
    definitions = build(manifest()).get("crd", [])
    show = Show(dry_run=dry_run, diff=diff, output=output)

    async def work(client: Client) -> None:
        await show.changes(deploy(client, definitions, dry_run=dry_run or diff))
        if timeout and not (dry_run or diff):
            with show.waiting("waiting until they are served"):
                late = await wait_ready(client, definitions, timeout=timeout, say=show.say)
            if late:
                raise NotDone("\n".join(late))

    on_cluster(work, kubeconfig, context)
    show.end()
