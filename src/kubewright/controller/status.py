"""Writes back what a reconciler has changed in its object's status, as a minimal patch, and nothing else."""

from __future__ import annotations

from typing import Any

from kubewright.client import Client
from kubewright.controller.merge_patch import merge_patch, replaces_list
from kubewright.objects import Object, Struct, to_dict
from kubewright.objects.errors import NotFound


class StatusWriter:
    """Remembers the status that an object had when it was read."""

    def __init__(self, client: Client, obj: Object, *, field_manager: str) -> None:
        self._client = client
        self._obj = obj
        self._field_manager = field_manager
        self._before = _status(obj)

    async def write(self) -> None:
        """Write what has changed since it was read or written last; an object that is gone needs no status.

        A patch replaces lists whole, so one with a list names the resource version that it is based on: what somebody
        else has added since is not lost, the reconcile is repeated.

        :raises Conflict: somebody else has written the object, and a list has changed.
        """
        after = _status(self._obj)
        change = merge_patch(self._before, after)
        if not change:
            return
        metadata = self._obj.metadata
        patch: dict[str, Any] = {"metadata": {"uid": metadata.uid}, "status": change}
        if replaces_list(change):
            patch["metadata"]["resourceVersion"] = metadata.resource_version
        try:
            answer = await self._client.patch(
                type(self._obj),
                metadata.name,
                metadata.namespace,
                merge=patch,
                subresource="status",
                field_manager=self._field_manager,
            )
        except NotFound:
            return
        metadata.resource_version = answer.metadata.resource_version
        self._before = after


def _status(obj: Object) -> dict[str, Any]:
    status = getattr(obj, "status", None)
    return to_dict(status) if isinstance(status, Struct) else {}
