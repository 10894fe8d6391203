"""The life of CustomResourceDefinitions: accepted, served, changed, and taken away with all their objects.

It follows the stored CRDs of one logical cluster and keeps three things in step with them: their status, what the
cluster serves, and (when a CRD goes) that no object of its kind is left behind.
"""

from __future__ import annotations

import asyncio
import logging

from kubewright.apiserver.conversion import NoConversion, WebhookConversion
from kubewright.apiserver.registry import crd_status, storage_keys
from kubewright.apiserver.registry.api_services import register_group
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.crd_status import CLEANUP_FINALIZER
from kubewright.apiserver.registry.deletion import current_timestamp
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.own_writes import SERVER
from kubewright.apiserver.registry.resource import Converter
from kubewright.apiserver.registry.store import Change, Store
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.watch_cache import Selection, Watcher
from kubewright.objects.errors import APIError, NotFound
from kubewright.objects.names import GroupResource, GroupVersionResource

log = logging.getLogger("kubewright.apiserver")

CRDS = GroupVersionResource("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class CRDController:
    """Serves the custom resources of one logical cluster."""

    def __init__(self, cluster: LogicalCluster) -> None:
        self._cluster = cluster
        self._served: dict[str, tuple[Object, list[GroupVersionResource]]] = {}
        self._due: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        store = cluster.store(CRDS)
        if store is None:
            raise LookupError(f"{CRDS} is not served")
        self._crds: Store = store

    def start(self) -> None:
        """Serve what is stored already, and follow all changes from now on."""
        for crd in self._stored():
            if crd_status.is_true(crd, "Established"):
                self._serve(crd)
        watcher = self._crds.cache.watch(Selection(), after=None, wake=self._wake.set)
        self._task = asyncio.create_task(self._follow(watcher))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _follow(self, watcher: Watcher) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            names = dict.fromkeys([*(obj.name for _, obj, _ in watcher.pending), *self._due])
            watcher.pending.clear()
            self._due.clear()
            for name in names:
                try:
                    await self._reconcile(name)
                except NotFound:
                    log.debug("CustomResourceDefinition %s is gone already", name)  # Its deletion is next in line.
                except APIError as error:
                    # A later change of the CRD, or of the object that stands in the way, brings it up again.
                    log.warning("CustomResourceDefinition %s: %s", name, error)
                except Exception:
                    # One definition that cannot be served must not take the others down.
                    log.exception("CustomResourceDefinition %s cannot be served", name)

    async def _reconcile(self, name: str) -> None:
        crd = self._get(name)
        if crd is None:
            group = name.partition(".")[2]
            self._withdraw(name)
            await self._settle_waiting()
            await self._register(group)
            return
        if crd["metadata"].get("deletionTimestamp"):
            await self._clean_up(crd)
            return
        had = crd["status"]["acceptedNames"]
        crd = await self._settle(crd)
        if crd["status"]["acceptedNames"] != had:
            await self._settle_waiting()
        if crd_status.is_true(crd, "Established"):
            self._serve(crd)
            await self._register(crd["spec"]["group"])

    async def _register(self, group: str) -> None:
        """Have an APIService for each version of the group that is served; logical clusters do without."""
        if not self._cluster.name:
            served = {gvr.version for _, gvrs in self._served.values() for gvr in gvrs if gvr.group == group}
            await register_group(self._cluster, group, sorted(served))

    async def _settle_waiting(self) -> None:
        """Names may have come free that others have waited for."""
        for other in self._stored():
            if not crd_status.is_true(other, "NamesAccepted"):
                await self._settle(other)

    async def _settle(self, crd: Object) -> Object:
        """Bring the stored status up to date."""

        async def settled(live: Object) -> Object:
            group = live["spec"]["group"]
            others = [
                one for one in self._stored() if one["spec"]["group"] == group and one["metadata"]["name"] != name
            ]
            crd_status.settle(live, others, current_timestamp())
            return live

        name = crd["metadata"]["name"]
        return await self._write_status(name, settled)

    async def _write_status(self, name: str, change: Change) -> Object:
        write = Write(SERVER, {"kind": "UpdateOptions"}, field_manager="kube-apiserver")
        written, _ = await self._crds.update("", name, change, write, subresource="status")
        return written

    def _serve(self, crd: Object) -> None:
        """Serve the versions of a CRD as it is now."""
        name = crd["metadata"]["name"]
        known = self._served.get(name)
        if known is not None and _same_resources(known[0], crd):
            return
        from kubewright.apiserver.registry.custom import resources_of  # here: needed once there is a CRD

        resources = list(resources_of(crd, self._converter(crd)))
        served = [resource.gvr for resource in resources]
        if known is not None:
            for gvr in known[1]:
                if gvr not in served:
                    self._cluster.withdraw(gvr)
        self._cluster.serve(resources)
        self._served[name] = (crd, served)
        cache = self._cluster.caches.cache(self._prefix(crd))
        if known is None and not len(cache):
            # Nothing of what happened before the resource was there can be watched.
            cache.oldest = max(cache.oldest, int(crd["metadata"]["resourceVersion"]))
        elif known is not None:
            cache.end_watches()

    def _converter(self, crd: Object) -> Converter:
        conversion = crd["spec"].get("conversion") or {}
        if conversion.get("strategy") != "Webhook":
            return NoConversion()
        return WebhookConversion(conversion["webhook"], self._cluster.webhooks, self._cluster.reader)

    def _withdraw(self, name: str) -> None:
        known = self._served.pop(name, None)
        if known is None:
            return
        crd, served = known
        for gvr in served:
            self._cluster.withdraw(gvr)
        self._cluster.terminating.discard(_group_resource(crd))
        self._cluster.caches.cache(self._prefix(crd)).end_watches()

    async def _clean_up(self, crd: Object) -> None:
        """Delete all objects of a CRD that is being deleted; when none is left, let go of it."""
        name = crd["metadata"]["name"]
        if CLEANUP_FINALIZER not in crd["metadata"].get("finalizers", ()):
            return
        self._cluster.terminating.add(_group_resource(crd))
        terminating = crd_status.condition(crd, "Terminating")
        if terminating is None or terminating["reason"] == "InstanceDeletionPending":
            await self._write_status(name, _terminating)
        if not await self._delete_instances(name, crd):
            return

        async def released(live: Object) -> Object:
            finalizers = [one for one in live["metadata"].get("finalizers") or () if one != CLEANUP_FINALIZER]
            live["metadata"]["finalizers"] = finalizers
            return live

        write = Write(SERVER, {"kind": "UpdateOptions"}, field_manager="kube-apiserver")
        await self._crds.update("", name, released, write)

    async def _delete_instances(self, name: str, crd: Object) -> bool:
        """Whether no object is left."""
        known = self._served.get(name)
        if known is None or not known[1]:
            return True
        store = self._cluster.store(known[1][0])
        if store is None:
            return True
        write = Write(SERVER, {"kind": "DeleteOptions", "apiVersion": "v1"})
        for obj in store.cache.range():
            try:
                await store.delete(obj.namespace, obj.name, write)
            except NotFound:
                continue
        if len(store.cache) == 0:
            return True
        self._await_last(store, name)
        return False

    def _await_last(self, store: Store, name: str) -> None:
        """Come back when the objects that finalizers hold are gone."""

        def look() -> None:
            watcher.pending.clear()
            if len(store.cache) == 0:
                store.cache.unwatch(watcher)
                self._due.add(name)
                self._wake.set()

        watcher = store.cache.watch(Selection(), after=self._cluster.caches.revision, wake=look)

    def _get(self, name: str) -> Object | None:
        return self._cluster.reader.get(CRDS.group, CRDS.resource, "", name)

    def _stored(self) -> list[Object]:
        return list(self._cluster.reader.list(CRDS.group, CRDS.resource))

    def _prefix(self, crd: Object) -> str:
        group, plural = crd["spec"]["group"], crd["spec"]["names"]["plural"]
        return self._cluster.root + storage_keys.prefix(group, plural, custom=True)


def _same_resources(before: Object, now: Object) -> bool:
    return bool(before["spec"] == now["spec"] and before["status"]["acceptedNames"] == now["status"]["acceptedNames"])


async def _terminating(live: Object) -> Object:
    text = "CustomResource deletion is in progress"
    now = current_timestamp()
    crd_status.set_condition(live, "Terminating", "True", "InstanceDeletionInProgress", text, now)
    return live


def _group_resource(crd: Object) -> GroupResource:
    return GroupResource(crd["spec"]["group"], crd["spec"]["names"]["plural"])
