"""Shared informers: one kind, followed once, for everyone in the process who wants to know.

A reflector for each namespace (or one for all) feeds the store; whoever subscribes gets what is stored first and then
every change, as batches of events in the order of the server.  Handlers are called when the store has already changed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from kubewright.cache.deltas import Changes, Delta, Deltas
from kubewright.cache.event import Event
from kubewright.cache.indexer import Indexer, matches_fields
from kubewright.cache.list_watch import PAGE_SIZE, Failure
from kubewright.cache.memory import give_back
from kubewright.cache.own_writes import outcome_of
from kubewright.cache.reflector import Reflector
from kubewright.cache.stored import ObjectReader, StoredObject, Transform
from kubewright.client import Client, Kind, MetadataOnly, NoMatch, Target, Write, resource_path
from kubewright.objects.errors import Forbidden, NotFound
from kubewright.objects.meta import Object
from kubewright.objects.names import ObjectKey
from kubewright.objects.selectors import FieldSelector, LabelSelector
from kubewright.objects.unstructured import Unstructured

T = TypeVar("T", bound=Object | Unstructured)

_log = logging.getLogger(__name__)

_ABSENT_KIND_PAUSE = 5.0
"""Seconds between looks for a kind that the server does not have yet."""


class Informer(Generic[T]):
    """Follows the objects of one kind; `Cache.informer` makes them.

    :param namespaces: to follow these only; None follows all.
    :param compress: keep objects compressed once there are many.
    """

    def __init__(
        self,
        client: Client,
        target: type[T] | Target[T],
        *,
        namespaces: Iterable[str] | None = None,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        transform: Transform | None = None,
        keep_managed_fields: bool = False,
        compress: bool = True,
    ) -> None:
        self.target = target
        self.optional = False
        """Whether a kind that the server doesn't serve counts as one without objects, until it does."""
        self.indexer: Indexer[T] = Indexer()
        self.kind: Kind[T] | None = None
        """Known as soon as the informer runs."""
        self._client = client
        self._labels = label_selector
        self._fields = field_selector
        self._transform = transform
        self._keep_managed_fields = keep_managed_fields
        self._compress = compress
        self._deltas = Deltas(self.indexer)
        self._reader: ObjectReader[T] | None = None
        scopes: list[str | None] = [None] if namespaces is None else list(dict.fromkeys(namespaces))
        self._scopes: dict[str | None, _Scope[T]] = {namespace: _Scope(self, namespace) for namespace in scopes}
        self._subscriptions: list[_Subscription[T]] = []
        self._synced = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def name(self) -> str:
        """What it follows, for people."""
        return self.target.__name__ if isinstance(self.target, type) else str(self.target)

    def __repr__(self) -> str:
        return f"<Informer of {self.name}, {len(self.indexer)} objects>"

    # -- running

    async def run(self) -> None:
        """Follow the kind until cancelled; one that the server doesn't have yet is waited for."""
        self.kind = await self._find_kind()
        self._reader = ObjectReader(
            self.kind.decode,
            transform=self._transform,
            metadata_only=isinstance(self.target, MetadataOnly),
            keep_managed_fields=self._keep_managed_fields,
            compress=self._compress,
        )
        if not self.kind.namespaced:
            self._scopes = {None: self._scopes.get(None) or _Scope(self, None)}
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for scope in self._scopes.values():
                    self._follow(scope)
                self._check_synced()
                await asyncio.get_running_loop().create_future()
        finally:
            self._tasks = None

    async def _find_kind(self) -> Kind[T]:
        waiting = False
        while True:
            try:
                return await self._client.kind(self.target)
            except NoMatch as error:
                if not waiting:
                    _log.warning("%s; waiting for it", error)
                waiting = True
            await asyncio.sleep(_ABSENT_KIND_PAUSE)

    def _follow(self, scope: _Scope[T]) -> None:
        assert self.kind is not None and self._reader is not None and self._tasks is not None
        selectors = {"labelSelector": str(self._labels or ""), "fieldSelector": str(self._fields or "")}
        reflector = Reflector(
            self._client.rest,
            resource_path(self.kind.resource, scope.namespace or ""),
            self._reader,
            scope,
            accept=self.kind.accept,
            accept_list=self.kind.accept_list,
            selectors=selectors,
        )
        scope.reflector = reflector
        scope.task = self._tasks.create_task(reflector.run(), name=f"reflector {reflector.path}")

    def add_namespace(self, namespace: str) -> None:
        """Follow one more namespace from now on; its objects come as creates.

        :raises ValueError: all namespaces are followed already.
        """
        if None in self._scopes:
            raise ValueError("all namespaces are followed")
        if namespace not in self._scopes:
            scope = self._scopes[namespace] = _Scope(self, namespace)
            if self._tasks is not None:
                self._follow(scope)

    def remove_namespace(self, namespace: str) -> None:
        """Stop following a namespace.  Its objects leave the store without events: they are not deleted."""
        scope = self._scopes.pop(namespace, None)
        if scope is None:
            return
        if scope.task is not None:
            scope.task.cancel()
        for obj in self.indexer.select(namespace=namespace):
            self.indexer.remove(obj.key)
        self._check_synced()

    # -- being up to date

    @property
    def has_synced(self) -> bool:
        """Whether the store holds what a first list of every namespace showed."""
        return self._synced.is_set()

    async def wait_for_sync(self) -> None:
        """Wait until the store is filled."""
        await self._synced.wait()

    @property
    def troubles(self) -> list[Failure]:
        """Why the server cannot be followed at the moment, if so."""
        return [scope.trouble for scope in self._scopes.values() if scope.trouble is not None]

    @property
    def restarts(self) -> int:
        """How often a watch had to begin anew with a list."""
        return sum(scope.reflector.state.restarts for scope in self._scopes.values() if scope.reflector)

    @property
    def inconsistencies(self) -> int:
        """How many objects were streamed differently from how they are listed, where `consistency` is checked."""
        return sum(scope.reflector.inconsistencies for scope in self._scopes.values() if scope.reflector)

    @property
    def silent_since(self) -> float | None:
        """The event loop's time at which the quietest namespace was last heard of; None before the first sync."""
        return min((scope.heard_at for scope in self._scopes.values()), default=None) if self.has_synced else None

    def describe(self) -> dict[str, object]:
        """What it holds and how well it follows the server, for ``/debug``."""
        since = self.silent_since
        return {
            "of": self.name,
            "namespaces": [namespace for namespace in self._scopes if namespace is not None] or "all",
            "selectors": ", ".join(str(selector) for selector in (self._labels, self._fields) if selector),
            "objects": len(self.indexer),
            "bytes": self.indexer.bytes,
            "synced": self.has_synced,
            "silentForSeconds": None if since is None else round(asyncio.get_running_loop().time() - since, 1),
            "watchRestarts": self.restarts,
            "troubles": [str(trouble) for trouble in self.troubles],
        }

    def _check_synced(self) -> None:
        if self.kind is None or self.has_synced or not all(scope.synced for scope in self._scopes.values()):
            return
        self._synced.set()
        for subscription in tuple(self._subscriptions):
            subscription.synced()

    # -- events

    async def subscribe(
        self,
        on_events: Callable[[Iterable[Event[T]]], None],
        ready: Callable[[], None] = lambda: None,
        *,
        resync: float | None = None,
    ) -> None:
        """Hand events on until cancelled.

        What is stored comes first, as creates marked ``initial``; nothing is missed or told twice after that.

        :param on_events: must not block; what it raises ends the subscription and is raised here.
        :param ready: called when everything that a first list showed has been handed on.
        :param resync: seconds after which all that is stored is handed on again, as updates marked ``resync``.
        """
        subscription = _Subscription(on_events, ready)
        if len(self.indexer):
            subscription.deliver(Event("create", None, obj, initial=True) for obj in self.indexer)
        self._subscriptions.append(subscription)
        try:
            if self.has_synced:
                subscription.synced()
            while not subscription.failure.done():
                pause = resync * random.uniform(0.9, 1.1) if resync else None
                await asyncio.wait((subscription.failure,), timeout=pause)
                subscription.deliver(Event("update", obj, obj, resync=True) for obj in self.indexer)
            subscription.failure.result()
        finally:
            self._subscriptions.remove(subscription)

    def publish(self, events: Sequence[Event[T]] | Changes[T]) -> None:
        """Hand events on to everyone who subscribed."""
        if events:
            for subscription in tuple(self._subscriptions):
                subscription.deliver(events)

    # -- reading

    def get(self, key: ObjectKey) -> StoredObject[T] | None:
        """The object of that key, as far as it is known."""
        return self.indexer.get(key)

    # -- the client's own writes

    def observe(self, write: Write) -> None:
        """Take over what the server answered to a write of this client, before the watch shows it."""
        if self.kind is None or self._reader is None or write.resource != self.kind.resource:
            return
        if write.verb == "deletecollection":  # the deletion of each object is told by itself
            return
        scope = self._scopes.get(None) or self._scopes.get(write.key.namespace)
        if scope is None:
            return
        outcome = outcome_of(write)
        if outcome.gone:
            self._deltas.deleted(write.key, outcome.uid)
            return
        obj = self._reader.read(write.answer, pack=False)  # the watch brings it once more
        matches = (not self._labels or self._labels.matches(obj.labels)) and (
            not self._fields or matches_fields(obj, self._fields)
        )
        self._deltas.wrote(obj, matches=matches, reached=scope.resource_version)


class _Scope(Generic[T]):
    """The part of an informer that follows one namespace, or all: the sink of one reflector."""

    def __init__(self, informer: Informer[T], namespace: str | None) -> None:
        self.namespace = namespace
        self.reflector: Reflector[T] | None = None
        self.task: asyncio.Task[None] | None = None
        self.synced = False
        self.resource_version = ""
        self.trouble: Failure | None = None
        self.heard_at = 0.0
        self._informer = informer

    def replace(self, objects: Indexer[T], resource_version: str) -> None:
        informer = self._informer
        self._progress(resource_version)
        events = informer._deltas.replace(objects, resource_version, namespace=self.namespace, initial=not self.synced)
        self.synced = True
        informer.publish(events)
        informer._check_synced()
        if len(events) >= PAGE_SIZE:  # once those who are about to return have let go of it all
            asyncio.get_running_loop().call_soon(give_back)

    def apply(self, deltas: Sequence[Delta[T]]) -> None:
        self._progress(deltas[-1].object.resource_version)
        self._informer.publish(self._informer._deltas.apply(deltas))

    def reached(self, resource_version: str) -> None:
        self._progress(resource_version)
        self._informer._deltas.reached(resource_version)

    def troubled(self, error: Failure) -> None:
        absent = self._informer.optional and isinstance(error, NotFound)
        if absent and not self.synced:
            self.synced = True
            self._informer._check_synced()
        if self.trouble is None or str(self.trouble) != str(error):
            level = logging.INFO if absent else logging.WARNING
            _log.log(level, "%r cannot be followed: %s%s; trying on", self._informer, error, _advice(error))
        self.trouble = error

    def _progress(self, resource_version: str) -> None:
        self.resource_version = resource_version
        self.heard_at = asyncio.get_running_loop().time()
        if self.trouble is not None:
            _log.info("%r is followed again", self._informer)
            self.trouble = None


class _Subscription(Generic[T]):
    """Someone who wants events.  What they raise ends their own subscription, not the others'."""

    def __init__(self, on_events: Callable[[Iterable[Event[T]]], None], ready: Callable[[], None]) -> None:
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_events = on_events
        self._ready = ready

    def deliver(self, events: Iterable[Event[T]]) -> None:
        self._call(lambda: self._on_events(events))

    def synced(self) -> None:
        self._call(self._ready)

    def _call(self, function: Callable[[], None]) -> None:
        if self.failure.done():
            return
        try:
            function()
        except Exception as error:
            self.failure.set_exception(error)  # raised by subscribe()


def _advice(error: Failure) -> str:
    if isinstance(error, Forbidden):
        return " (list and watch must be allowed by a Role or ClusterRole)"
    if isinstance(error, NotFound):
        return " (is its CustomResourceDefinition installed?)"
    return ""
