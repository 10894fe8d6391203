"""The lock of a leader election as a ``coordination.k8s.io/v1`` Lease."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from kubewright.client import Client
from kubewright.manager.election import LeaseRecord
from kubewright.objects import MicroTime, ObjectMeta
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.errors import NotFound

PREFERRED: Final = "kubewright.dev/preferred-holder"


class LeaseLock:
    """Fulfils :class:`~kubewright.manager.leader_elector.Lock`.

    Who is preferred stands in an annotation: the Lease's own ``preferredHolder`` is behind a feature gate.

    :param labels: put on the Lease by whoever holds it.
    """

    def __init__(self, client: Client, namespace: str, name: str, *, labels: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._labels = dict(labels or {})
        self._lease: Lease | None = None

    @property
    def description(self) -> str:
        return f"lease {self._namespace}/{self._name}"

    async def read(self) -> LeaseRecord | None:
        try:
            self._lease = await self._client.get(Lease, self._name, self._namespace)
        except NotFound:
            self._lease = None
            return None
        return _record(self._lease)

    async def create(self, record: LeaseRecord) -> None:
        metadata = ObjectMeta(name=self._name, namespace=self._namespace, labels=dict(self._labels))
        lease = _with(Lease(metadata=metadata, spec=LeaseSpec()), record)
        self._lease = await self._client.create(lease)

    async def update(self, record: LeaseRecord) -> None:
        lease = self._lease if self._lease is not None else await self._client.get(Lease, self._name, self._namespace)
        lease.metadata.labels.update(self._labels)
        self._lease = await self._client.update(_with(lease, record))


def _record(lease: Lease) -> LeaseRecord:
    spec = lease.spec
    return LeaseRecord(
        spec.holder_identity or "",
        float(spec.lease_duration_seconds or 0),
        spec.acquire_time,
        spec.renew_time,
        spec.lease_transitions or 0,
        lease.metadata.annotations.get(PREFERRED, ""),
    )


def _with(lease: Lease, record: LeaseRecord) -> Lease:
    spec = lease.spec
    spec.holder_identity = record.holder
    spec.lease_duration_seconds = max(1, round(record.duration))
    spec.acquire_time = _micro(record.acquired)
    spec.renew_time = _micro(record.renewed)
    spec.lease_transitions = record.transitions
    if record.preferred:
        lease.metadata.annotations[PREFERRED] = record.preferred
    else:
        lease.metadata.annotations.pop(PREFERRED, None)
    return lease


def _micro(time: dt.datetime | None) -> MicroTime | None:
    return None if time is None else MicroTime.of(time)
