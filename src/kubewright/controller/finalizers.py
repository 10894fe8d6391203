"""Finalizers: what keeps an object from going before somebody has cleaned up after it.

An object and its new finalizers go in; a patch goes out that holds only for the object as it was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from kubewright.client import Client, Target
from kubewright.objects import Object, Unstructured
from kubewright.objects.errors import Conflict, NotFound

T = TypeVar("T", bound=Object | Unstructured)

_CONFLICTS = 5
"""How often removing a finalizer is tried against others who write the object at the same time."""


class Finalizers(Generic[T]):
    """Writes the finalizers of one kind's objects.

    :param field_manager: who writes them.
    """

    def __init__(self, client: Client, target: type[T] | Target[T], *, field_manager: str) -> None:
        self._client = client
        self._target = target
        self._field_manager = field_manager

    async def set(self, obj: T, finalizers: Sequence[str]) -> T:
        """Give an object exactly these, and return it as it is then.

        :raises Conflict: it has been changed since it was read.
        """
        metadata = obj.metadata
        change = {"finalizers": finalizers, "uid": metadata.uid, "resourceVersion": metadata.resource_version}
        return await self._client.patch(
            self._target,
            metadata.name,
            metadata.namespace,
            merge={"metadata": change},
            field_manager=self._field_manager,
        )

    async def remove(self, obj: T, finalizer: str) -> None:
        """Take one off, whatever others write meanwhile; an object that has gone, or lost it, is left alone.

        :raises Conflict: others never left off writing.
        """
        uid = obj.metadata.uid
        for attempt in range(1, _CONFLICTS + 1):
            try:
                await self.set(obj, [one for one in obj.metadata.finalizers if one != finalizer])
                return
            except NotFound:
                return
            except Conflict:
                if attempt == _CONFLICTS:
                    raise
            try:
                obj = await self._client.get(self._target, obj.metadata.name, obj.metadata.namespace)
            except NotFound:
                return
            if obj.metadata.uid != uid or finalizer not in obj.metadata.finalizers:
                return
