"""The local cluster: an API server on a loopback port with everything that makes objects move.

`LocalCluster` is what ``kubewright cluster``, ``kubewright run --local``, the demo and the test fixture start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from kubewright.apiserver.hosting import HostedServer
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.client import AsgiTransport, Client
from kubewright.client.rest import log_warning
from kubewright.localcluster.autoscaling import autoscaler_controller
from kubewright.localcluster.claims import DefaultClass, claim_controller, volume_controller
from kubewright.localcluster.cluster_roles import cluster_role_controller
from kubewright.localcluster.cronjobs import cronjob_controller
from kubewright.localcluster.daemonsets import daemonset_controller
from kubewright.localcluster.deployments import deployment_controller
from kubewright.localcluster.disruptions import disruption_controller
from kubewright.localcluster.endpoints import endpoints_controller
from kubewright.localcluster.garbage_collector import GarbageCollector
from kubewright.localcluster.jobs import job_controller
from kubewright.localcluster.kubelet import NodeKeeper, kubelet_controller
from kubewright.localcluster.namespaces import (
    namespace_controller,
    root_ca_controller,
    service_account_controller,
)
from kubewright.localcluster.policies import policy_controller
from kubewright.localcluster.quotas import quota_controller
from kubewright.localcluster.replicasets import replicaset_controller, replicationcontroller_controller
from kubewright.localcluster.statefulsets import statefulset_controller
from kubewright.localcluster.view import View
from kubewright.manager import Group, Runnable
from kubewright.manager.runnables import STOP_ORDER, RunnableGroup, first_failure

logger = logging.getLogger("kubewright.localcluster")

AUDIT_LOG: Final = "KUBEWRIGHT_AUDIT_LOG"
"""The environment variable with the file that clusters append their audit events to."""

_GRACE = 5.0
"""Seconds that the controllers have for stopping."""


class LocalCluster:
    """An API server and a cluster's controllers in this process.

    >>> async with LocalCluster() as cluster:
    ...     client = cluster.client()

    :param directory: where objects, certificates and the kubeconfig are kept; None keeps objects in memory.
    :param port: of the API server; 0 takes a free one.
    """

    def __init__(self, directory: Path | None = None, *, port: int = 0) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="kubewright-") if directory is None else None
        self.directory = directory or Path(self._scratch.name if self._scratch else "")
        self.server = HostedServer(
            storage=None if directory is None else SqliteStorage(self.directory / "store.db"),
            port=port,
            cert_dir=self.directory / "pki",
            audit_log=Path(log) if (log := os.environ.get(AUDIT_LOG)) else None,
        )
        self._groups: list[RunnableGroup] = []
        self._failures: list[BaseException] = []

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of the cluster's administrator; written when the cluster starts."""
        return self.directory / "kubeconfig"

    def client(
        self,
        *,
        namespace: str = "default",
        user: str = "",
        group: str = "system:masters",
        on_warning: Callable[[str], None] = log_warning,
    ) -> Client:
        """A client of the administrator that needs no network.

        :param user: acts under this name: how an operator's requests can be told from others.
        :param group: of that user; by default one that may do everything, ``system:authenticated`` may do what roles
            grant to the user.
        """
        headers = {"authorization": f"Bearer {self.server.token}"}
        if user:
            headers |= {"impersonate-user": user, "impersonate-group": group}
        transport = AsgiTransport(self.server.server.app, headers=headers)
        return Client(transport, namespace=namespace, on_warning=on_warning)

    async def start(self) -> None:
        """Serve, and start the controllers.

        :raises OSError: port or directory cannot be had.
        """
        await self.server.start()
        # Before the controllers, which list what is there in one go; and whoever compares the cluster before and after
        # finds what he has changed himself.
        await self.server.completed()
        self.server.write_kubeconfig(self.kubeconfig)
        # The keys in it are nobody else's business: this is how pytest and venv keep their folders out of git.
        (self.directory / ".gitignore").write_text("*\n")
        view = View(self.client(on_warning=logger.debug).with_defaults(field_manager="kubewright-cluster"))
        caches, controllers = RunnableGroup(Group.CACHES), RunnableGroup(Group.LEADER)
        for runnable in _runnables(view, self.server.ca):
            controllers.add(runnable)
        caches.add(view)
        for recorder in view.recorders:
            caches.add(recorder)
        self._groups = [caches, controllers]
        for group in self._groups:
            await group.start(self._failures.append)
        if (failure := first_failure(self._failures)) is not None:
            raise failure

    async def stop(self) -> None:
        """Stop the controllers, then the server."""
        deadline = asyncio.get_running_loop().time() + _GRACE
        for group in sorted(self._groups, key=lambda one: STOP_ORDER.index(one.group)):
            await group.stop(deadline)
        await self.server.stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _runnables(view: View, ca: bytes) -> list[Runnable]:
    return [
        NodeKeeper(view),
        GarbageCollector(view),
        service_account_controller(view),
        root_ca_controller(view, ca),
        namespace_controller(view),
        kubelet_controller(view),
        replicaset_controller(view),
        replicationcontroller_controller(view),
        deployment_controller(view),
        statefulset_controller(view),
        daemonset_controller(view),
        job_controller(view),
        cronjob_controller(view),
        DefaultClass(view),
        claim_controller(view),
        volume_controller(view),
        quota_controller(view),
        cluster_role_controller(view),
        policy_controller(view),
        disruption_controller(view),
        autoscaler_controller(view),
        endpoints_controller(view),
    ]
