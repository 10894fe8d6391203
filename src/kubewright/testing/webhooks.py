"""An operator's webhooks beside an embedded cluster, served by this process on loopback.

An operator and a cluster go in; while the block lasts, the cluster calls the operator's functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubewright.localcluster import LocalCluster
from kubewright.operator import Operator, webhooks_of
from kubewright.testing.loopback import free_ports
from kubewright.webhook import CertificateStore, DirectoryStore, URLEndpoint


def on_loopback(operator: Operator, cluster: LocalCluster) -> tuple[URLEndpoint, CertificateStore]:
    """A free address for an operator's webhooks, and where their certificates are kept."""
    (port,) = free_ports(1)
    return URLEndpoint("127.0.0.1", port), DirectoryStore(cluster.directory / operator.name)


@asynccontextmanager
async def serving_webhooks(operator: Operator, cluster: LocalCluster) -> AsyncIterator[None]:
    """Serve the webhooks apart from the operator's controllers, as a second replica would.

    :raises Exception: what ended them before their time.
    """
    if not operator.serves_webhooks:
        yield
        return
    endpoint, certificates = on_loopback(operator, cluster)
    webhooks = webhooks_of(operator, cluster.client(), endpoint, certificates, endpoint.port)
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(webhooks.run(stop, ready.set), name=f"webhooks/{operator.name}")
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if ready.is_set():
            yield
    finally:
        waiting.cancel()
        stop.set()
        await serving
