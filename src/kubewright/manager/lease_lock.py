"""The lock of a leader election as a ``coordination.k8s.io/v1`` Lease."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from kubewright.client import Client, resource_path
from kubewright.manager.election import LeaseRecord
from kubewright.objects import MicroTime, ObjectMeta, from_dict, to_dict, to_json
from kubewright.objects.changes import carry_over
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupVersionResource

_LEASES = GroupVersionResource(Lease.gvk.group, Lease.gvk.version, Lease.plural)

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
        self._held: dict[str, Any] | None = None
        """The Lease as the server showed it last: a renewal is one request, and keeps what others wrote into it."""

    @property
    def description(self) -> str:
        return f"lease {self._namespace}/{self._name}"

    async def read(self) -> LeaseRecord | None:
        try:
            return _record(await self._exchange("GET"))
        except NotFound:
            self._held = None
            return None

    async def create(self, record: LeaseRecord) -> None:
        metadata = ObjectMeta(name=self._name, namespace=self._namespace, labels=dict(self._labels))
        await self._exchange("POST", to_json(_with(Lease(metadata=metadata, spec=LeaseSpec()), record)))

    async def update(self, record: LeaseRecord) -> None:
        lease = await self._exchange("GET") if self._held is None else from_dict(Lease, self._held)
        before = to_dict(lease)
        lease.metadata.labels.update(self._labels)
        changed = carry_over(self._held, before, to_dict(_with(lease, record)))
        await self._exchange("PUT", msgspec.json.encode(changed))

    async def _exchange(self, method: str, body: bytes | None = None) -> Lease:
        path = resource_path(_LEASES, self._namespace, "" if method == "POST" else self._name)
        answer = await self._client.rest.request(method, path, body=body)
        self._held = held = msgspec.json.decode(answer.body)
        return from_dict(Lease, held)


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
