"""From a key to a run of its play and back: the reconciler of one watch.

The object is read, gets the finalizer if the watch has one, is marked as running, and its play is run with its content
as variables; what the run comes to is written into the status.  A run that takes too long, or whose object is being
deleted meanwhile, is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from kubewright.ansible.conditions import find, mark_failed, mark_running, mark_succeeded
from kubewright.ansible.events import Event, Outcome, Stats, outcome_of
from kubewright.ansible.metrics import AnsibleMetrics
from kubewright.ansible.ownership import Owner
from kubewright.ansible.runner import Access, PlayEvents
from kubewright.ansible.variables import extra_variables
from kubewright.ansible.watches import Play, Watch, duration
from kubewright.cache import Cache
from kubewright.cache import Event as ObjectEvent
from kubewright.client import Client, Untyped
from kubewright.controller import EventRecorder, Requeue, enqueue_object
from kubewright.controller.finalizers import Finalizers
from kubewright.controller.merge_patch import merge_patch
from kubewright.objects import ObjectKey, Unstructured, to_dict
from kubewright.objects.errors import Conflict, NotFound
from kubewright.objects.time import Duration
from kubewright.workqueue import Item

_log = logging.getLogger("kubewright.ansible")

_ANNOTATIONS = "ansible.sdk.operatorframework.io/"
PERIOD = f"{_ANNOTATIONS}reconcile-period"
VERBOSITY = f"{_ANNOTATIONS}verbosity"

_CONFLICTS = 5
"""How often a write is tried against others who write the object at the same time."""


class Player(Protocol):
    """What plays: a `Runner`."""

    def playing(
        self, play: Play, variables: Mapping[str, Any], *, access: Access, verbosity: int = 0
    ) -> AbstractAsyncContextManager[PlayEvents]: ...


class AnsibleReconciler:
    """Reconciles the objects of one watch.

    :param admit: lets a run use the proxy for as long as the block lasts: an object's owner in, its access out.
    """

    def __init__(
        self,
        watch: Watch,
        player: Player,
        *,
        client: Client,
        cache: Cache,
        events: EventRecorder,
        metrics: AnsibleMetrics,
        admit: Callable[[Owner], AbstractContextManager[Access]],
        field_manager: str,
    ) -> None:
        self._watch = watch
        self._target = Untyped(watch.kind)
        self._player = player
        self._client = client
        self._cache = cache
        self._events = events
        self._metrics = metrics
        self._admit = admit
        self._field_manager = field_manager
        self._finalizers = Finalizers(client, self._target, field_manager=field_manager)
        self._runs: dict[ObjectKey, asyncio.Task[Outcome]] = {}
        """The runs that a deletion makes pointless."""

    def requests(self, event: ObjectEvent[Any]) -> Iterable[ObjectKey]:
        """The handler of the watch's own kind: the object itself.  A run for an object that goes is ended."""
        if event.new is None or event.new.deleting:
            for key in enqueue_object(event):
                if run := self._runs.get(key):
                    run.cancel()
        return enqueue_object(event)

    async def __call__(self, item: Item[ObjectKey]) -> Requeue | None:
        """Reconcile one object."""
        watch, key = self._watch, item.key
        try:
            obj = await self._cache.get(self._target, key.name, key.namespace)
        except NotFound:
            return None
        deleting = obj.metadata.deletion_timestamp is not None
        finalizer = watch.finalizer
        if deleting and (finalizer is None or finalizer.name not in obj.metadata.finalizers):
            return None
        if finalizer is not None and finalizer.name not in obj.metadata.finalizers:
            obj = await self._finalizers.set(obj, [*obj.metadata.finalizers, finalizer.name])
        try:
            period = self._period(obj)
        except ValueError as error:
            return await self._fail(obj, None, [f"Unable to parse reconcile period annotation: {error}"])
        await self._write_status(obj, lambda status, seen: mark_running(status, seen, _now()))
        outcome = await self._run(obj, finalizing=deleting)
        if outcome is None:
            return None  # the object is going: its deletion has been queued
        try:
            obj = await self._client.get(self._target, key.name, key.namespace)
        except NotFound:
            return None
        if outcome.stats is None or not outcome.succeeded:
            return await self._fail(obj, outcome.stats, outcome.messages)
        if deleting and finalizer is not None:
            await self._finalizers.remove(obj, finalizer.name)
            return None
        await self._succeed(obj, outcome.stats)
        after = outcome.requeue_after or period
        return Requeue(after) if after else None

    def _period(self, obj: Unstructured) -> Duration | None:
        """After how long the object is reconciled again.

        :raises ValueError: its annotation is no duration.
        """
        text = obj.metadata.annotations.get(PERIOD)
        return self._watch.reconcile_period if text is None else duration(text)

    async def _succeed(self, obj: Unstructured, stats: Stats) -> None:
        """Tell that a run has succeeded; people are told when that is news."""
        ready = find(obj.get("status", default={}), "Ready")
        if self._watch.manage_status and (ready is None or ready.get("status") != "True"):
            self._events.record(obj, "Reconciled", f"{self._watch.play} has made it what it says")
        _log.info("%s: %d ok, %d changed, %d skipped", self._watch.play, stats.ok, stats.changed, stats.skipped)
        await self._write_status(obj, lambda status, seen: mark_succeeded(status, seen, stats, _now()))
        self._metrics.results.labels(str(self._watch.kind), "succeeded").inc()

    async def _fail(self, obj: Unstructured, stats: Stats | None, messages: list[str]) -> Requeue:
        """Tell that a run has failed, and ask for the next one: sooner at first, later each time.

        :param stats: None if the run broke off, or never began.
        """
        if stats is None:  # else the tasks have told already
            _log.error("%s: %s", self._watch.play, "; ".join(messages))
        await self._write_status(obj, lambda status, seen: mark_failed(status, seen, stats, messages, _now()))
        self._events.record(obj, "ReconcileFailed", "\n".join(messages), type="Warning")
        self._metrics.results.labels(str(self._watch.kind), "failed").inc()
        return Requeue()

    # -- running

    async def _run(self, obj: Unstructured, *, finalizing: bool) -> Outcome | None:
        """Play, and wait for the end; None if the object went meanwhile."""
        watch = self._watch
        key = ObjectKey(obj.metadata.namespace, obj.metadata.name)
        play = watch.finalizer.play if finalizing and watch.finalizer and watch.finalizer.play else watch.play
        run = asyncio.create_task(self._play(play, obj, finalizing=finalizing))
        if not finalizing:
            self._runs[key] = run
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            done, _ = await asyncio.wait({run}, timeout=watch.timeout.total_seconds() if watch.timeout else None)
            if not done:
                message = f"{play} took longer than {watch.timeout} and was killed"
                return Outcome(None, [message])
            return run.result()
        except asyncio.CancelledError:
            if run.cancelled():  # by `requests`
                _log.info("it is being deleted: its run was ended")
                return None
            raise
        finally:
            self._runs.pop(key, None)
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
            self._metrics.durations.labels(str(watch.kind)).observe(clock() - started)

    async def _play(self, play: Play, obj: Unstructured, *, finalizing: bool) -> Outcome:
        watch, metadata = self._watch, obj.metadata
        owner = Owner(watch.kind, ObjectKey(metadata.namespace, metadata.name), metadata.uid)
        variables = extra_variables(watch, to_dict(obj), finalizing=finalizing)
        text = metadata.annotations.get(VERBOSITY, "")
        verbosity = int(text) if text.isdecimal() else watch.verbosity
        events: list[Event] = []
        with self._admit(owner) as access:
            playing = self._player.playing(play, variables, access=access, verbosity=verbosity)
            async with playing as happening:
                async for event in happening:
                    _tell(event)
                    events.append(event)
        return outcome_of(events)

    # -- writing

    async def _write_status(self, obj: Unstructured, mark: Callable[[dict[str, Any], int], None]) -> None:
        """Write what ``mark`` changes in the status, if the operator manages it; ``obj`` is brought up to date."""
        if not self._watch.manage_status:
            return
        metadata = obj.metadata
        for attempt in range(1, _CONFLICTS + 1):
            before = obj.get("status")
            before = before if isinstance(before, dict) else {}
            after = copy.deepcopy(before)
            mark(after, obj.metadata.generation or 0)
            change = merge_patch(before, after)
            if not change:
                return
            based_on = {"uid": metadata.uid, "resourceVersion": obj.metadata.resource_version}
            try:
                written = await self._client.patch(
                    self._target,
                    metadata.name,
                    metadata.namespace,
                    merge={"metadata": based_on, "status": change},
                    subresource="status",
                    field_manager=self._field_manager,
                )
            except NotFound:
                return
            except Conflict:
                if attempt == _CONFLICTS:
                    raise
                try:
                    fresh = await self._client.get(self._target, metadata.name, metadata.namespace)
                except NotFound:
                    return
                obj.content, obj.metadata = fresh.content, fresh.metadata
            else:
                obj.content, obj.metadata = written.content, written.metadata
                return


def _tell(event: Event) -> None:
    if event.event == "failed":
        level = logging.INFO if event.ignored else logging.ERROR
        _log.log(level, "task %s has failed: %s", event.task, event.message)
    elif event.event in ("ok", "skipped"):
        _log.debug("task %s: %s%s", event.task, event.event, ", changed" if event.changed else "")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
