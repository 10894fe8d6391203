"""Writes back what a reconciler has changed in its object's status, as a minimal patch, and nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from kubewright.cache import Cache
from kubewright.client import Client, resource_path
from kubewright.controller.merge_patch import merge_patch, replaces_list
from kubewright.objects import Object, Struct
from kubewright.objects.changes import carry_over
from kubewright.objects.codec import to_json_in_full
from kubewright.objects.errors import NotFound
from kubewright.schema import has_status_subresource


class StatusWriter:
    """Remembers the status that an object had when it was read.

    :param cache: it holds what the class doesn't know of the object.
    """

    def __init__(self, client: Client, cache: Cache, obj: Object, *, field_manager: str) -> None:
        self._client = client
        self._cache = cache
        self._obj = obj
        self._field_manager = field_manager
        self._before = _status(obj)

    async def write(self) -> None:
        """Write what has changed since it was read or written last; an object that is gone needs no status.

        A patch replaces lists whole, so one with a list names the resource version that it is based on: what somebody
        else has added since is not lost, the reconcile is repeated.  What the class doesn't know of a list's items is
        carried over from the object as it is stored.

        :raises Conflict: somebody else has written the object, and a list has changed.
        """
        after = _status(self._obj)
        change = merge_patch(self._before, after)
        if not change:
            return
        metadata = self._obj.metadata
        patch: dict[str, Any] = {"metadata": {"uid": metadata.uid}, "status": change}
        try:
            if replaces_list(change):
                patch["metadata"]["resourceVersion"] = metadata.resource_version
                held = await self._held()
                patch["status"] = merge_patch(held, carry_over(held, self._before, after))
            answer = await self._client.patch(
                type(self._obj),
                metadata.name,
                metadata.namespace,
                merge=patch,
                subresource="status" if has_status_subresource(type(self._obj)) else "",
                field_manager=self._field_manager,
            )
        except NotFound:
            return
        metadata.resource_version = answer.metadata.resource_version
        self._before = after

    async def _held(self) -> dict[str, Any]:
        """The whole status that the object has at the version that is written onto."""
        cls, metadata = type(self._obj), self._obj.metadata
        with contextlib.suppress(NotFound):
            stored = await self._cache.stored(cls, metadata.name, metadata.namespace)
            if stored.resource_version == metadata.resource_version:
                return _plain_status(stored.plain())
        # The cache is behind what was read live, or ahead of it; then the write will be refused.
        kind = await self._client.kind(cls)
        path = resource_path(kind.resource, metadata.namespace, metadata.name)
        return _plain_status(msgspec.json.decode((await self._client.rest.request("GET", path)).body))


def _status(obj: Object) -> dict[str, Any]:
    status = getattr(obj, "status", None)
    return msgspec.json.decode(to_json_in_full(status)) if isinstance(status, Struct) else {}


def _plain_status(plain: dict[str, Any]) -> dict[str, Any]:
    status = plain.get("status")
    return status if isinstance(status, dict) else {}
