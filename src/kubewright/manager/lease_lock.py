"""The lock of a leader election as a ``coordination.k8s.io/v1`` Lease."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from kubewright.client import Client
from kubewright.manager.election import LeaseRecord
from kubewright.objects import MicroTime, ObjectMeta
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.errors import NotFound


class LeaseLock:
    """Fulfils :class:`~kubewright.manager.leader_elector.Lock`.

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
        return _record(self._lease.spec)

    async def create(self, record: LeaseRecord) -> None:
        metadata = ObjectMeta(name=self._name, namespace=self._namespace, labels=dict(self._labels))
        self._lease = await self._client.create(Lease(metadata=metadata, spec=_with(LeaseSpec(), record)))

    async def update(self, record: LeaseRecord) -> None:
        lease = self._lease if self._lease is not None else await self._client.get(Lease, self._name, self._namespace)
        lease.metadata.labels.update(self._labels)
        _with(lease.spec, record)
        self._lease = await self._client.update(lease)


def _record(spec: LeaseSpec) -> LeaseRecord:
    return LeaseRecord(
        spec.holder_identity or "",
        float(spec.lease_duration_seconds or 0),
        spec.acquire_time,
        spec.renew_time,
        spec.lease_transitions or 0,
    )


def _with(spec: LeaseSpec, record: LeaseRecord) -> LeaseSpec:
    spec.holder_identity = record.holder
    spec.lease_duration_seconds = max(1, round(record.duration))
    spec.acquire_time = _micro(record.acquired)
    spec.renew_time = _micro(record.renewed)
    spec.lease_transitions = record.transitions
    return spec


def _micro(time: dt.datetime | None) -> MicroTime | None:
    return None if time is None else MicroTime.of(time)
