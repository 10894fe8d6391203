"""``--dev``: a developer's copy of an operator pauses the deployed one for as long as it runs.

It asks for the deployed copy's own Lease.  Whoever holds that ends its controllers in good order, lets the lease go and
waits; when the developer's copy ends, it leads again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from kubewright.client import Client
from kubewright.manager.leader_elector import Superseded
from kubewright.manager.manager import Manager
from kubewright.manager.shard_leases import LABEL as SHARDED
from kubewright.objects.coordination_v1 import Lease

logger = logging.getLogger("kubewright.manager")


class CannotPause(Exception):
    """No single deployed copy can be asked to make way; the text says why, and what to do instead."""


async def lease_namespace(client: Client, name: str) -> str:
    """Where the deployed copy of the operator ``name`` keeps its lease; the client's namespace if there is none.

    :raises CannotPause: its replicas share the objects; or there are several, none in the client's own namespace.
    """
    for shard in await client.list(Lease, label_selector={SHARDED: name}):
        if shard.spec.holder_identity:
            where = shard.metadata.namespace
            raise CannotPause(
                f"the deployed copy in namespace {where} shares its objects among replicas and cannot be paused: "
                f"scale it down to none (kubectl scale deployment -n {where} --replicas=0), then run without --dev"
            )
    leases = await client.list(Lease, field_selector={"metadata.name": name})
    namespaces = sorted(lease.metadata.namespace for lease in leases)
    if client.namespace in namespaces:
        return client.namespace
    if len(namespaces) > 1:
        raise CannotPause(
            f"the lease {name} exists in the namespaces {', '.join(namespaces)}: choose one with a kubeconfig context "
            f"of that namespace (kubectl config set-context --current --namespace=...)"
        )
    if not namespaces:
        logger.warning("no deployed copy has a lease %s: there is nothing to pause", name)
    return namespaces[0] if namespaces else client.namespace


async def run_paused_by_others(make: Callable[[], Manager], stop: asyncio.Event) -> None:
    """Run a manager until ``stop`` is set; after making way, run another one, which waits for the lease.

    :raises Exception: what ended a manager, as :meth:`Manager.run`.
    """
    while not stop.is_set():
        try:
            await make().run(stop)
        except Superseded as paused:
            logger.warning("paused: %s", paused)
