"""``kubewright run``: runs an operator here, against a cluster or on the embedded control plane."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from kubewright.cli import Failure
from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.cli.options import Context, Kubeconfig, Target
from kubewright.cli.reloading import run_with_reload
from kubewright.client import Client, ConfigError, connect
from kubewright.manager import BindAddress
from kubewright.operator import Operator
from kubewright.schema import SchemaError
from kubewright.webhook import CertificateFiles, CertificateStore, DirectoryStore, ServiceEndpoint, URLEndpoint

_HOME = Path(".kubewright")

_REPLICAS, _WEBHOOKS, _OPERATIONS = "Replicas", "Webhooks", "Operations"
"""What the options are about, in the help."""


def command(
    target: Target = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    local: Annotated[bool, typer.Option("--local", help="Run on the embedded control plane in .kubewright/.")] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a file of it changes.")] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="Watch only this; repeatable.")
    ] = None,
    install: Annotated[bool, typer.Option("--install", help="Install the CRDs first; --local always does.")] = False,
    leader_elect: Annotated[
        bool | None, typer.Option(help="Hold a lease while running controllers.", rich_help_panel=_REPLICAS)
    ] = None,
    sharded: Annotated[
        bool, typer.Option("--sharded", rich_help_panel=_REPLICAS, help="Let all replicas work, each on a part.")
    ] = False,
    warm_standby: Annotated[
        bool, typer.Option("--warm-standby", rich_help_panel=_REPLICAS, help="Fill queues while waiting to lead.")
    ] = False,
    dev: Annotated[bool, typer.Option("--dev", help="Pause the deployed copy while this one runs.")] = False,
    webhook_host: Annotated[
        str, typer.Option(help="Where the API server reaches this machine for webhooks.", rich_help_panel=_WEBHOOKS)
    ] = "",
    webhook_port: Annotated[
        int,
        typer.Option(
            min=-1, max=65535, help="The port to serve webhooks on; -1 serves none.", rich_help_panel=_WEBHOOKS
        ),
    ] = 9443,
    webhook_service: Annotated[
        str, typer.Option(help="The Service in front of the webhooks, in a cluster.", rich_help_panel=_WEBHOOKS)
    ] = "",
    webhook_cert_secret: Annotated[
        str, typer.Option(help="The Secret to keep certificates in.", rich_help_panel=_WEBHOOKS)
    ] = "",
    webhook_cert_dir: Annotated[
        Path | None, typer.Option(help="Where cert-manager's tls.crt and tls.key are.", rich_help_panel=_WEBHOOKS)
    ] = None,
    health_probe_bind_address: Annotated[
        str | None, typer.Option(help="HOST:PORT, or 0; else port 8081.", rich_help_panel=_OPERATIONS)
    ] = None,
    metrics_bind_address: Annotated[
        str | None, typer.Option(help="HOST:PORT, or 0; else 8080, in a cluster 8443.", rich_help_panel=_OPERATIONS)
    ] = None,
    grace_period: Annotated[
        float, typer.Option(help="Seconds that stopping may take.", rich_help_panel=_OPERATIONS)
    ] = 30.0,
    log_format: Annotated[
        Literal["text", "json"] | None, typer.Option(help="By default JSON in a cluster.", rich_help_panel=_OPERATIONS)
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(help="What is less than this is not logged.", rich_help_panel=_OPERATIONS),
    ] = "info",
    log_writes: Annotated[
        bool | None,
        typer.Option(
            "--log-writes/--no-log-writes",
            help="Log each write of a reconcile; by default when the format is text.",
            rich_help_panel=_OPERATIONS,
        ),
    ] = None,
) -> None:
    """Run an operator until Ctrl-C; what it has begun is finished first."""
    if reload:
        again = [argument for argument in sys.argv[1:] if argument != "--reload"]
        raise typer.Exit(run_with_reload(_directory(target), again))
    try:
        if dev and sharded:
            raise ValueError("--dev runs one copy, which shares no objects: leave out --sharded")
        operator = load_operator(target)
        operator.crds()  # what can't become one is told before anything is started
        if local:
            _HOME.mkdir(exist_ok=True)
        cluster = _local(operator) if local else connect(kubeconfig, context=context)
        for address in (health_probe_bind_address, metrics_bind_address):
            BindAddress.parse(address or "0")
    except (ConfigError, OperatorNotFound, SchemaError, ValueError) as error:
        raise Failure(str(error)) from None
    host = webhook_host or ("127.0.0.1" if local else "")
    endpoint: ServiceEndpoint | URLEndpoint | None = None
    certificates: CertificateStore | str = webhook_cert_secret
    if host and webhook_port >= 0:
        endpoint, certificates = URLEndpoint(host, webhook_port), DirectoryStore(_HOME / "webhook")
    elif webhook_service:
        endpoint = ServiceEndpoint("", webhook_service)
    if webhook_cert_dir is not None:
        certificates = CertificateFiles(webhook_cert_dir)
    operator.run(
        cluster,
        namespaces=namespace or None,
        leader_elect=leader_elect,
        shards=sharded,
        warm_standby=warm_standby,
        dev=dev,
        install=install or local,
        endpoint=endpoint,
        certificates=certificates,
        webhook_port=webhook_port,
        health_address=health_probe_bind_address,
        metrics_address=metrics_bind_address,
        grace_period=grace_period,
        log_format=log_format,
        log_level=log_level,
        log_writes=log_writes,
    )


def _directory(target: str) -> Path:
    """Where the operator's files are."""
    place = target.partition(":")[0]
    return Path(place).resolve().parent if place.endswith((".py", ".yaml", ".yml")) else Path.cwd()


@asynccontextmanager
async def _local(operator: Operator) -> AsyncIterator[Client]:
    """The embedded cluster, as it was left the last time, for as long as the operator runs."""
    from kubewright.localcluster.cluster import LocalCluster  # not part of the production runtime
    from kubewright.testing.foreign import install_foreign
    from kubewright.testing.undeclared import UndeclaredRequests

    # What counts here is the operator's own log.
    logging.getLogger("kubewright.localcluster").setLevel(logging.WARNING)
    async with LocalCluster(_HOME) as cluster:
        typer.echo(f"a local cluster serves {cluster.url}: kubectl --kubeconfig {cluster.kubeconfig} get all", err=True)
        await install_foreign(cluster.client(), operator)
        async with cluster.client(user=operator.user) as client:
            needs = operator.needs(leader_elect=True, shards=True, webhooks=True)
            client.rest.transport = UndeclaredRequests(client.rest.transport, needs)
            yield client
