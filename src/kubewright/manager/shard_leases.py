"""What replicas publish for sharding as ``coordination.k8s.io/v1`` Leases: one for each replica, found by a label.

A `Claim` is written into the annotations of the replica's own Lease; the Leases of all become `ShardRecord`s.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import AsyncIterator

import msgspec

from kubewright.client import Client
from kubewright.manager.sharding import Claim, ShardRecord
from kubewright.objects import MicroTime, ObjectMeta
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.errors import Conflict, NotFound

LABEL = "kubewright.dev/sharded"
RING = "kubewright.dev/ring"
HELD = "kubewright.dev/held"


class ShardLeases:
    """The Leases of the replicas of one operator.

    :param name: of the operator.
    :param identity: of this replica; its Lease is called so.
    """

    def __init__(self, client: Client, namespace: str, name: str, identity: str, *, duration: float) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._duration = duration
        self._own: Lease | None = None

    @property
    def description(self) -> str:
        """What to look at with kubectl."""
        return f"leases -n {self._namespace} -l {LABEL}={self._name}"

    async def read(self) -> list[ShardRecord]:
        """What all replicas publish, as of now.

        :raises APIError: the server refused (RBAC, for instance).
        :raises TransportError: it could not be reached.
        """
        leases = await self._client.list(Lease, namespace=self._namespace, label_selector=f"{LABEL}={self._name}")
        for lease in leases:
            if lease.metadata.name == self._identity:
                self._own = lease
        return [_record(lease) for lease in leases]

    async def write(self, claim: Claim) -> None:
        """Publish; an empty claim is the farewell.

        :raises NotFound: somebody has deleted our Lease.
        :raises Conflict: somebody has changed it; :meth:`read`, and try again.
        """
        now = MicroTime.of(dt.datetime.now(dt.UTC))
        lease = self._own or Lease(
            metadata=ObjectMeta(name=self._identity, namespace=self._namespace, labels={LABEL: self._name}),
            spec=LeaseSpec(acquire_time=now),
        )
        lease.metadata.annotations[RING] = _text(claim.ring)
        lease.metadata.annotations[HELD] = _text(sorted(claim.held))
        lease.spec.holder_identity = self._identity if claim.ring else ""
        lease.spec.lease_duration_seconds = math.ceil(self._duration)
        lease.spec.renew_time = now
        write = self._client.create if self._own is None else self._client.update
        try:
            self._own = await write(lease)
        except Conflict:
            # An update may create a Lease, so one that is gone shows only in that its uid is not the one we send.
            await self._client.get(Lease, self._identity, self._namespace)
            raise

    async def sweep(self, member: str) -> None:
        """Delete the Lease of a replica that is gone for good."""
        try:
            await self._client.delete(Lease, member, self._namespace)
        except NotFound:
            return

    async def changes(self) -> AsyncIterator[ShardRecord]:
        """What replicas publish from now on, as it happens, until the watch ends."""
        selector = f"{LABEL}={self._name}"
        async with self._client.watch(Lease, namespace=self._namespace, label_selector=selector) as events:
            async for event in events:
                if event.type in ("ADDED", "MODIFIED"):
                    yield _record(event.object)


def _record(lease: Lease) -> ShardRecord:
    annotations = lease.metadata.annotations
    ring = tuple(msgspec.json.decode(annotations.get(RING, "[]"), type=list[str]))
    held = frozenset(msgspec.json.decode(annotations.get(HELD, "[]"), type=list[str]))
    duration = float(lease.spec.lease_duration_seconds or 0)
    return ShardRecord(lease.metadata.name, lease.metadata.resource_version, duration, Claim(ring, held))


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
