"""The API server as an object: a store, its logical clusters, the ASGI app over them, and start and stop.

`ApiServer.app` can be called in this process as it is; `serving.py` puts it behind TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from kubewright.apiserver.http.app import App
from kubewright.apiserver.http.messages import Request
from kubewright.apiserver.registry.bootstrap import bootstrap
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.apiserver.storage.protocol import Storage
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.apiserver.webhook_client import WebhookClient
from kubewright.objects.errors import Unauthorized

ADMIN = UserInfo("kubewright-admin", ("system:masters", "system:authenticated"))

COMPACTION_INTERVAL = 300.0
"""Seconds between compactions; history is kept for one to two intervals, as kube-apiserver does with etcd."""


class Clusters:
    """The logical clusters of one store; each but the default is made when it is first asked for."""

    def __init__(self, storage: Storage, webhooks: WebhookClient) -> None:
        self._storage = storage
        self._webhooks = webhooks
        self._clusters: dict[str, LogicalCluster] = {}

    async def get(self, name: str) -> LogicalCluster:
        cluster = self._clusters.get(name)
        if cluster is None:
            cluster = LogicalCluster(self._storage, name, webhooks=self._webhooks)
            self._clusters[name] = cluster
            await cluster.open()
            await bootstrap(cluster)
        return cluster

    def close(self) -> None:
        for cluster in self._clusters.values():
            cluster.close()


class TokenAccess:
    """Knows callers by their bearer token, and lets all of them do everything."""

    def __init__(self, tokens: Mapping[str, UserInfo]) -> None:
        self._tokens = tokens

    async def authenticate(self, request: Request) -> UserInfo:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and token.strip() in self._tokens:
            return self._tokens[token.strip()]
        raise Unauthorized("Unauthorized")

    async def authorize(self, user: UserInfo, info: RequestInfo, cluster: LogicalCluster) -> None:
        return None


class ApiServer:
    """An API server in this process.

    :param storage: where objects are kept; in memory by default.
    :param tokens: bearer tokens and who they stand for.
    """

    def __init__(self, storage: Storage | None = None, *, tokens: Mapping[str, UserInfo] | None = None) -> None:
        self.storage = storage or SqliteStorage()
        self.webhooks = WebhookClient()
        self.clusters = Clusters(self.storage, self.webhooks)
        self.app = App(self.clusters, TokenAccess(tokens or {}), {"ping": _ping, "storage": self._storage_check})
        self._compactor: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the store and the default cluster.

        :raises OSError: the store cannot be opened.
        """
        await self.storage.open()
        await self.clusters.get("")
        self._compactor = asyncio.create_task(self._compact())

    def end_watches(self) -> None:
        """Finish every stream, so that connections can close."""
        self.clusters.close()

    async def stop(self) -> None:
        """End all watches and close the store."""
        if self._compactor is not None:
            self._compactor.cancel()
        self.clusters.close()
        await self.webhooks.close()
        await self.storage.close()

    async def _compact(self) -> None:
        while True:
            revision = await self.storage.revision()
            await asyncio.sleep(COMPACTION_INTERVAL)
            await self.storage.compact(revision)

    async def _storage_check(self) -> str:
        await self.storage.revision()
        return ""


async def _ping() -> str:
    return ""
