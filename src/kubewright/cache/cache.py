"""The cache: the informers of one cluster, shared by all who need them, and reads from their stores.

Whoever wants to follow a kind asks for its informer and gets the one that is there; cached reads decode fresh objects
from the same stores.  What the client itself has written is visible in them at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from kubewright.cache.informer import Informer
from kubewright.cache.stored import StoredObject, Transform
from kubewright.client import Client, Fields, Labels, Target, Write, selector_text
from kubewright.objects.errors import NotFound
from kubewright.objects.meta import Object
from kubewright.objects.names import ObjectKey
from kubewright.objects.selectors import FieldSelector, LabelSelector
from kubewright.objects.unstructured import Unstructured

T = TypeVar("T", bound=Object | Unstructured)

_log = logging.getLogger(__name__)


class NotSynced(TimeoutError):
    """Some informers could not be filled in time; the text says which, and why."""


class _Identity(NamedTuple):
    """What makes two wishes for an informer the same."""

    target: object
    namespaces: tuple[str, ...] | None
    labels: str
    fields: str
    transform: Transform | None


class Cache:
    """Informers over one client.

    :param namespaces: the namespaces that informers follow unless told otherwise; None means all.
    :param transform: applied to every object before it is stored, unless an informer has its own.
    :param compress: keep the objects of big stores compressed, at two microseconds a read.
    :param read_your_writes: show what the client has written before the watch does.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespaces: Iterable[str] | None = None,
        transform: Transform | None = None,
        read_your_writes: bool = True,
        compress: bool = True,
    ) -> None:
        self.client = client
        self._namespaces = None if namespaces is None else tuple(namespaces)
        self._transform = transform
        self._compress = compress
        self._informers: dict[_Identity, Informer[Any]] = {}
        self._usual: dict[object, Informer[Any]] = {}
        self._tasks: dict[Informer[Any], asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        if read_your_writes:
            client.write_observers.append(self._observe)

    async def run(self) -> None:
        """Run the informers that there are and those that come, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for informer in self._informers.values():
                    self._start(informer)
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            self._tasks.clear()

    def close(self) -> None:
        """Take no more notice of what the client writes."""
        if self._observe in self.client.write_observers:
            self.client.write_observers.remove(self._observe)

    @property
    def running(self) -> bool:
        return self._group is not None

    def informer(
        self,
        target: type[T] | Target[T],
        *,
        namespaces: Iterable[str] | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
        transform: Transform | None = None,
    ) -> Informer[T]:
        """The informer of a kind, made if there is none for just this.

        It runs while the cache runs.  The first informer of a kind is the one that cached reads use.

        :param namespaces: follow these only; None means the cache's own.
        """
        usual: Informer[T] | None = self._usual.get(target)
        if usual is not None and (namespaces, label_selector, field_selector, transform) == (None, None, None, None):
            return usual
        labels, fields = selector_text(label_selector), selector_text(field_selector)
        scope = self._namespaces if namespaces is None else tuple(namespaces)
        identity = _Identity(target, scope, labels, fields, transform or self._transform)
        informer = self._informers.get(identity)
        if informer is None:
            informer = self._informers[identity] = Informer(
                self.client,
                target,
                namespaces=identity.namespaces,
                label_selector=LabelSelector.parse(labels) if labels else None,
                field_selector=FieldSelector.parse(fields) if fields else None,
                transform=identity.transform,
                compress=self._compress,
            )
            if self._group is not None:
                self._start(informer)
        return informer

    def follow(
        self,
        target: type[T] | Target[T],
        *,
        namespaces: Iterable[str] | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
        transform: Transform | None = None,
        optional: bool = False,
    ) -> Informer[T]:
        """Follow a kind in this way wherever nothing else is asked for, and for cached reads (``ByObject``).

        :param optional: a kind that the server doesn't serve counts as one without objects, until it does.
        :raises ValueError: it is followed already.
        """
        if any(informer.target == target for informer in self._informers.values()):
            raise ValueError(f"{target} is followed already: say how before anybody asks for it")
        informer = self._usual[target] = self.informer(
            target,
            namespaces=namespaces,
            label_selector=label_selector,
            field_selector=field_selector,
            transform=transform,
        )
        informer.optional = optional
        return informer

    @property
    def informers(self) -> list[Informer[Any]]:
        return list(self._informers.values())

    def remove(self, informer: Informer[Any]) -> None:
        """Stop an informer and forget what it has stored; subscriptions get nothing more."""
        self._informers = {key: value for key, value in self._informers.items() if value is not informer}
        self._usual = {target: value for target, value in self._usual.items() if value is not informer}
        if task := self._tasks.pop(informer, None):
            task.cancel()

    async def wait_for_sync(self, timeout: float | None = None) -> None:
        """Wait until every informer is filled.

        :param timeout: seconds.
        :raises NotSynced: some are not in time.
        """
        waiting = [informer for informer in self._informers.values() if not informer.has_synced]
        try:
            async with asyncio.timeout(timeout):
                for informer in waiting:
                    await informer.wait_for_sync()
        except TimeoutError as error:
            late = [informer for informer in waiting if not informer.has_synced]
            reasons = "; ".join(
                f"{informer!r}: {', '.join(map(str, informer.troubles)) or 'no answer yet'}" for informer in late
            )
            raise NotSynced(f"not in sync after {timeout:g} s: {reasons}") from error

    # -- reading

    async def get(self, target: type[T] | Target[T], name: str, namespace: str | None = None) -> T:
        """Read one object from the store; a kind that is not followed yet is from now on.

        :raises NotFound: there is none.
        """
        return (await self.stored(target, name, namespace)).decode()

    async def stored(self, target: type[T] | Target[T], name: str, namespace: str | None = None) -> StoredObject[T]:
        """As `get`, the object as the store keeps it: with what its class doesn't know.

        :raises NotFound: there is none.
        """
        informer = await self._synced(target)
        kind = informer.kind
        assert kind is not None
        key = ObjectKey((namespace or self.client.namespace) if kind.namespaced else "", name)
        stored = informer.get(key)
        if stored is None:
            raise NotFound.of(kind.resource.group_resource, name)
        return stored

    async def list(
        self,
        target: type[T] | Target[T],
        *,
        namespace: str | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
    ) -> list[T]:
        """Read objects from the store, in no particular order; a kind that is not followed yet is from now on.

        :param namespace: None means all that are followed.
        :param field_selector: on any field; with `Indexer.add_field_index` it is fast.
        """
        informer = await self._synced(target)
        labels, fields = selector_text(label_selector), selector_text(field_selector)
        found = informer.indexer.select(
            namespace=namespace,
            labels=LabelSelector.parse(labels) if labels else None,
            fields=FieldSelector.parse(fields) if fields else None,
        )
        return [obj.decode() for obj in found]

    async def by_index(self, target: type[T] | Target[T], index: str, value: Hashable) -> Sequence[T]:
        """Read the objects that an index of the kind's informer has under a value.

        :raises KeyError: there is no such index.
        """
        informer = await self._synced(target)
        return [obj.decode() for obj in informer.indexer.by_index(index, value)]

    async def _synced(self, target: type[T] | Target[T]) -> Informer[T]:
        wanted: object = target
        informer = next((found for identity, found in self._informers.items() if identity.target == wanted), None)
        if informer is None:
            _log.info("a cached read starts to follow %s", target)
            informer = self.informer(target)
        if not informer.has_synced:
            if self._group is None:
                raise RuntimeError("the cache is not running: nothing can be read from it")
            await informer.wait_for_sync()
        return informer

    def _start(self, informer: Informer[Any]) -> None:
        assert self._group is not None
        self._tasks[informer] = self._group.create_task(informer.run(), name=f"informer/{informer.name}")

    def _observe(self, write: Write) -> None:
        for informer in self._informers.values():
            informer.observe(write)
