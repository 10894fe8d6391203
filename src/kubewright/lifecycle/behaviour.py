"""A behaviour: something that goes on along an object's life, as a reconciler of its own controller drives it.

Timers, daemons and change handlers are behaviours.  Each is driven by keys like every reconciler: an event only says
that there may be something to do.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from kubewright.controller import Context, Requeue, Source
from kubewright.controller.gate import Gate
from kubewright.objects import Object, ObjectKey, key


class Behaviour(ABC):
    """What all have in common: they do nothing unless told to."""

    sources: Sequence[Source[ObjectKey]] = ()
    """Where keys come from besides the kind's events."""

    @abstractmethod
    async def reconcile(self, obj: Any, ctx: Context) -> Requeue | None:
        """The object exists and is not being deleted."""

    async def finalize(self, obj: Any, ctx: Context) -> Requeue | None:
        """The object is going; its finalizer is taken off when this returns None."""
        return None

    def needs_finalizer(self, obj: Any) -> bool:
        return False

    async def leave(self, key: ObjectKey) -> None:  # noqa: B027  (most have nothing to forget)
        """The object is gone, or going with nothing to finalize: forget it."""

    def share(self, gate: Gate) -> None:  # noqa: B027  (most work only while they reconcile)
        """The controller's gate, where several processes share the keys: what lasts is held there."""

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Beside the controller; ends with it."""
        ready()
        await stop.wait()


class Memos:
    """Dictionaries that live as long as their objects, or as this process: handlers put there what they like."""

    def __init__(self) -> None:
        self._memos: dict[tuple[type[Object], ObjectKey], tuple[str, dict[str, Any]]] = {}

    def of(self, obj: Object) -> dict[str, Any]:
        at, uid = (type(obj), key(obj)), obj.metadata.uid
        if at not in self._memos or self._memos[at][0] != uid:
            self._memos[at] = uid, {}
        return self._memos[at][1]

    def forget(self, cls: type[Object], key: ObjectKey) -> None:
        self._memos.pop((cls, key), None)
