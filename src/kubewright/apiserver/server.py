"""The API server as an object: a store, its logical clusters, the ASGI app over them, and start and stop.

`ApiServer.app` can be called in this process as it is; `serving.py` puts it behind TLS.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta

from kubewright.apiserver.access import Access
from kubewright.apiserver.auth import AuditLog, Authentication, ServiceAccountTokens
from kubewright.apiserver.event_expiry import DEFAULT_TTL, expire_events
from kubewright.apiserver.http.app import App
from kubewright.apiserver.registry.bootstrap import bootstrap
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.crd_controller import CRDController
from kubewright.apiserver.request import UserInfo
from kubewright.apiserver.storage.backup import snapshot
from kubewright.apiserver.storage.protocol import Storage, StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.apiserver.watch_cache import WINDOW
from kubewright.apiserver.webhook_client import WebhookClient

ADMIN = UserInfo("kubewright-admin", ("system:masters", "system:authenticated"))

log = logging.getLogger("kubewright.apiserver")

COMPACTION_INTERVAL = 300.0
"""Seconds between compactions; history is kept for one to two intervals, as kube-apiserver does with etcd."""


class Clusters:
    """The logical clusters of one store; each but the default is made when it is first asked for."""

    def __init__(
        self,
        storage: Storage,
        webhooks: WebhookClient,
        authentication: Authentication,
        *,
        authorize: bool,
        history: int = WINDOW,
    ) -> None:
        self._storage = storage
        self._webhooks = webhooks
        self._authentication = authentication
        self._authorize = authorize
        self._history = history
        self._clusters: dict[str, LogicalCluster] = {}
        self._controllers: dict[str, CRDController] = {}

    def __iter__(self) -> Iterator[LogicalCluster]:
        """Those that were asked for since the start."""
        return iter(self._clusters.values())

    def __contains__(self, name: str) -> bool:
        return name in self._clusters

    async def get(self, name: str) -> LogicalCluster:
        cluster = self._clusters.get(name)
        if cluster is None:
            cluster = LogicalCluster(
                self._storage,
                name,
                webhooks=self._webhooks,
                authentication=self._authentication,
                authorize=self._authorize,
                window=self._history,
            )
            self._clusters[name] = cluster
            await cluster.open()
            await bootstrap(cluster)
            controller = self._controllers[name] = CRDController(cluster)
            controller.start()
        return cluster

    def close(self) -> None:
        for controller in self._controllers.values():
            controller.stop()
        for cluster in self._clusters.values():
            cluster.close()


class ApiServer:
    """An API server in this process.

    :param storage: where objects are kept; in memory by default.
    :param tokens: bearer tokens and who they stand for.
    :param service_accounts: signs and checks the tokens of service accounts; with a key of its own by default.
    :param authorize: whether roles and bindings decide what a user may; otherwise everybody may do everything.
    :param audit: where to write down every request.
    :param history: changes of each resource that are kept for watches from the past.
    :param event_ttl: how long events are kept after they were last written; zero keeps them.
    """

    def __init__(
        self,
        storage: Storage | None = None,
        *,
        tokens: Mapping[str, UserInfo] | None = None,
        service_accounts: ServiceAccountTokens | None = None,
        authorize: bool = True,
        audit: AuditLog | None = None,
        history: int = WINDOW,
        event_ttl: timedelta = DEFAULT_TTL,
    ) -> None:
        self.storage = storage or SqliteStorage()
        self.webhooks = WebhookClient()
        issuer = service_accounts or ServiceAccountTokens.generate()
        authentication = Authentication(tokens, issuer)
        self.clusters = Clusters(self.storage, self.webhooks, authentication, authorize=authorize, history=history)
        self._access = Access(authentication, self.clusters, audit)
        self.app = App(
            self._access,
            {"ping": _ping, "etcd": self._storage_check},
            backup=lambda: snapshot(self.storage),
            issuer=issuer,
        )
        self._event_ttl = event_ttl
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the store and the default cluster.

        :raises StorageError: the store cannot be opened.
        """
        await self.storage.open()
        await self.clusters.get("")
        self._chores = [asyncio.create_task(self._compact())]
        if self._event_ttl:
            self._chores.append(asyncio.create_task(expire_events(lambda: self.clusters, self._event_ttl)))

    def end_watches(self) -> None:
        """Finish every stream, so that connections can close."""
        self.clusters.close()

    async def stop(self) -> None:
        """End all watches and close the store."""
        for chore in self._chores:
            chore.cancel()
        self.clusters.close()
        await self.webhooks.close()
        await self.storage.close()
        self._access.close()

    async def _compact(self) -> None:
        caches = (await self.clusters.get("")).caches
        while True:
            revision = caches.revision
            await asyncio.sleep(COMPACTION_INTERVAL)
            try:
                await self.storage.compact(revision)
            except StorageError as error:
                log.warning("compaction waits for the next time: %s", error)

    async def _storage_check(self) -> str:
        try:
            await self.storage.revision()
        except StorageError as error:
            return str(error)
        return ""


async def _ping() -> str:
    return ""
