"""The operator: what follows from its declarations, and running it.

What the decorators recorded goes in; the CRDs and permissions that a cluster needs come out, the parts of a manager
that a hand-written ``main`` would assemble, and a process that runs until it is told to stop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Literal, NoReturn

from kubewright.cache import NotSynced
from kubewright.client import Client, ConfigError, connect, in_cluster
from kubewright.controller import SourceNotReady
from kubewright.lifecycle import Memos
from kubewright.manager import (
    CannotPause,
    Cluster,
    Clusters,
    Group,
    LeadershipLost,
    Lifespan,
    Manager,
    NotReady,
    Superseded,
    configure_logging,
    definitions,
    diagnose,
    install,
    lease_namespace,
    run_event_loop,
    run_paused_by_others,
    stop_on_signals,
)
from kubewright.objects import GroupVersionKind, Object
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupKind
from kubewright.operator.controllers import behaving, reconciling
from kubewright.operator.decorators import Decorators
from kubewright.operator.permissions import needs_of
from kubewright.operator.webhooks import check_routes, webhooks_of
from kubewright.schema import SchemaError
from kubewright.webhook import CertificateStore, SecretStore, ServiceEndpoint, URLEndpoint, conversion_through

logger = logging.getLogger("kubewright.operator")

_FATAL = (
    APIError, CannotPause, ConfigError, LeadershipLost, NotReady, NotSynced, OSError, SchemaError, SourceNotReady,
    Superseded,
)  # fmt: skip
"""What a process can't go on after, and its user can do something about."""


class Operator(Decorators):
    """An operator and what it declares.

    :param name: names its lease, its events, its webhook configurations, and the owner of the fields it applies.
    """

    # -- what follows from the declarations

    def crds(self, endpoint: ServiceEndpoint | None = None) -> list[CustomResourceDefinition]:
        """The CustomResourceDefinitions of the resources.

        :param endpoint: where versions are converted; without it a definition says nothing of conversion.
        :raises SchemaError: a class can't be expressed, or no functions lead from a version to another one.
        """
        crds = definitions(self.resources)
        for crd in crds:
            conversions = self.conversions.get(GroupKind(crd.spec.group, crd.spec.names.kind))
            if conversions is not None:
                check_routes(crd, conversions)
                crd.spec.conversion = conversion_through(endpoint) if endpoint is not None else None
        return crds

    @property
    def service(self) -> ServiceEndpoint:
        """The Service that an installation puts in front of the webhooks, in the operator's usual namespace."""
        return ServiceEndpoint(f"{self.name}-system", f"{self.name}-webhook")

    @property
    def user(self) -> str:
        """The name that an installation's ServiceAccount has as a user."""
        return f"system:serviceaccount:{self.service.namespace}:{self.name}-controller-manager"

    def owned(self, kind: GroupKind) -> list[type[Object]]:
        """The kinds of what a resource of a kind makes, as far as that is declared."""
        owns = [child for one in self.reconciliations if one.cls.gvk.group_kind == kind for child in one.owns]
        return list(dict.fromkeys(owns))

    def kinds(self) -> list[GroupVersionKind]:
        """The kinds that it watches."""
        watched = [cls for one in self.reconciliations for cls in (one.cls, *one.owns, *one.watches)]
        watched += [cls for declared in self.declarations for cls in (declared.cls, *declared.owns)]
        watched += self.following
        return list(dict.fromkeys(cls.gvk for cls in watched))

    needs = needs_of

    # -- running

    def add_to(
        self,
        manager: Manager,
        *,
        endpoint: ServiceEndpoint | URLEndpoint | None = None,
        certificates: CertificateStore | str = "",
        webhook_port: int = 9443,
    ) -> None:
        """Add controllers and webhooks to a manager.

        :param endpoint: where the API server reaches the webhooks; None serves none.  For a Service the configurations
            were installed with the operator; a URL is registered for as long as the manager runs.
        :param certificates: or the name of a Secret that all replicas share, ``NAME-webhook-certificates`` by default.
        :param webhook_port: where webhooks are served for a Service; a URL names its own.
        """
        for lifespan in self.lifespans:
            manager.add(Lifespan(lifespan.__name__, partial(asynccontextmanager(lifespan), manager)), Group.CACHES)
        self._add_controllers(manager)
        if self.serves_webhooks and endpoint is not None:
            if isinstance(certificates, str):
                secret = certificates or f"{self.name}-webhook-certificates"
                certificates = SecretStore(manager.client, manager.namespace, secret)
            manager.add_webhooks(webhooks_of(self, manager.client, endpoint, certificates, webhook_port))

    def clusters(self, manager: Manager, *, namespaces: Sequence[str] | None = None) -> Clusters:
        """Let a manager run the controllers on further clusters: ``clusters.add("west", client)``, ``remove("west")``.

        The lease, webhooks and lifespans stay those of the manager's own cluster.
        """

        def assemble(name: str, client: Client) -> Cluster:
            cluster = Cluster(name, client, self.name, namespaces=namespaces, shards=manager.shards)
            self._add_controllers(cluster, f"@{name}")
            return cluster

        clusters = Clusters(assemble, manager.metrics)
        manager.add_clusters(clusters)
        return clusters

    async def install(self, client: Client, *, endpoint: ServiceEndpoint | None = None) -> None:
        """Install the CRDs and wait until they are served; then install the policies.

        :param endpoint: where versions are converted; a URL is registered when the webhooks start, not here.
        :raises Forbidden: this user may not.
        """
        await install(client, self.crds(endpoint), field_manager=self.name)
        for declared in self.policies:
            for obj in declared.objects():
                await client.apply(obj, field_manager=self.name, force=True)

    async def check(
        self,
        client: Client,
        *,
        namespaces: Sequence[str] | None = None,
        leader_elect: bool = False,
        shards: bool = False,
        webhooks: bool = False,
    ) -> None:
        """Ask the server for everything that running will need.

        :param namespaces: the operator watches these only: Roles in them are enough.
        :raises NotReady: something is missing; the text names all of it, and what to do.
        """
        needs = self.needs(leader_elect=leader_elect, shards=shards, webhooks=webhooks, namespace=client.namespace)
        needs = [narrowed for need in needs for narrowed in need.within(namespaces)]
        optional = {cls.gvk for cls, following in self.following.items() if following.get("optional")}
        diagnosis = await diagnose(client, [kind for kind in self.kinds() if kind not in optional], needs)
        if diagnosis:
            raise NotReady(diagnosis)

    @asynccontextmanager
    async def running(
        self,
        client: Client,
        *,
        namespaces: Sequence[str] | None = None,
        leader_elect: bool = False,
        install: bool = False,
        endpoint: ServiceEndpoint | URLEndpoint | None = None,
        certificates: CertificateStore | str = "",
        webhook_port: int = 9443,
        health_address: str = "0",
        metrics_address: str = "0",
        grace_period: float = 30.0,
    ) -> AsyncIterator[Manager]:
        """Run inside a program that has an event loop of its own, for as long as the block lasts.

        The block begins when everything runs, or, with leader election, waits only for the lease; it is cancelled if
        the operator can't go on.  Signals and logging stay the program's own.  The parameters are those of :meth:`run`.

        :raises NotReady: something is missing on the cluster.
        :raises Exception: what ended the operator before its time.
        """
        if install:
            await self.install(client)
        webhooks = endpoint is not None
        await self.check(client, namespaces=namespaces, leader_elect=leader_elect, webhooks=webhooks)
        manager = Manager(
            client,
            self.name,
            namespaces=namespaces,
            leader_elect=leader_elect,
            health_address=health_address,
            metrics_address=metrics_address,
            grace_period=grace_period,
        )
        self.add_to(manager, endpoint=endpoint, certificates=certificates, webhook_port=webhook_port)
        stop = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(manager.run(stop), name=f"operator/{self.name}")
                try:
                    await manager.started.wait()
                    yield manager
                finally:
                    stop.set()
        except BaseExceptionGroup as failures:
            if len(failures.exceptions) == 1:
                raise failures.exceptions[0] from None
            raise

    def run(
        self,
        cluster: AbstractAsyncContextManager[Client] | None = None,
        *,
        namespaces: Sequence[str] | None = None,
        leader_elect: bool | None = None,
        shards: bool = False,
        warm_standby: bool = False,
        dev: bool = False,
        install: bool = False,
        endpoint: ServiceEndpoint | URLEndpoint | None = None,
        certificates: CertificateStore | str = "",
        webhook_port: int = 9443,
        health_address: str | None = None,
        metrics_address: str | None = None,
        grace_period: float = 30.0,
        log_format: Literal["text", "json"] | None = None,
        log_level: str = "info",
        log_writes: bool | None = None,
    ) -> None:
        """Run as a process of its own until SIGINT or SIGTERM: the ``main`` of an operator's image.

        What the process can't go on after ends it with a message and status 1.

        :param cluster: gives the client, and ends with it; by default the cluster that :func:`connect` finds.
        :param namespaces: watch these only; None watches all.
        :param leader_elect: run controllers only while holding the lease; by default in a cluster, unless ``shards``.
        :param shards: let all replicas work, each on a part of the objects.
        :param warm_standby: let replicas that wait to lead fill their queues already.
        :param dev: pause the deployed copy for as long as this one runs, by asking for its lease; not with ``shards``.
        :param install: install the CRDs first.
        :param endpoint: of the webhooks, see :meth:`add_to`, as for ``certificates``; in a cluster by default the
            Service ``NAME-webhook``.  A Service without namespace is one in the operator's own.
        :param webhook_port: see :meth:`add_to`; -1 serves none: another process of this operator does.
        :param health_address: ``HOST:PORT`` for ``/healthz`` and ``/readyz``, ``0`` for none; by default
            ``:8081`` in a cluster, where the kubelet asks, else ``127.0.0.1:8081``.
        :param metrics_address: ``HOST:PORT`` for ``/metrics`` and ``/debug``, ``0`` for none; by default ``:8443``
            in a cluster (over TLS, for authorized users), else ``127.0.0.1:8080``.
        :param grace_period: seconds that everything together has for stopping.
        :param log_format: by default JSON in a cluster, else text.
        :param log_writes: log each write that a reconcile makes; by default where the format is text.
        """
        inside = in_cluster()
        if dev and shards:
            raise ValueError("one copy that pauses another shares no objects: say either dev or shards")
        elect = dev or ((inside and not shards) if leader_elect is None else leader_elect)
        configure_logging(format=log_format or ("json" if inside else "text"), level=log_level, writes=log_writes)

        async def main() -> None:
            async with cluster or connect() as client:
                where = endpoint or (ServiceEndpoint("", f"{self.name}-webhook") if inside else None)
                if webhook_port < 0:
                    where = None
                if isinstance(where, ServiceEndpoint) and not where.namespace:
                    where = where._replace(namespace=client.namespace)
                if install:
                    await self.install(client, endpoint=where if isinstance(where, ServiceEndpoint) else None)
                await self.check(
                    client,
                    namespaces=namespaces,
                    leader_elect=elect,
                    shards=shards,
                    webhooks=inside and webhook_port >= 0,
                )
                if self.serves_webhooks and where is None and webhook_port >= 0:
                    logger.warning(
                        "webhooks are not served: tell where the API server reaches this process: --webhook-host"
                    )
                namespace = await lease_namespace(client, self.name) if dev else client.namespace

                def make() -> Manager:
                    manager = Manager(
                        client,
                        self.name,
                        namespace=namespace,
                        namespaces=namespaces,
                        leader_elect=elect,
                        sharding=shards,
                        go_before=dev,
                        warm_standby=warm_standby,
                        health_address=health_address or (":8081" if inside else "127.0.0.1:8081"),
                        metrics_address=metrics_address or (":8443" if inside else "127.0.0.1:8080"),
                        grace_period=grace_period,
                    )
                    self.add_to(manager, endpoint=where, certificates=certificates, webhook_port=webhook_port)
                    return manager

                with stop_on_signals() as stop:
                    await (make().run(stop) if dev else run_paused_by_others(make, stop))

        try:
            run_event_loop(main)
        except _FATAL as error:
            self._give_up(str(error))
        except BaseExceptionGroup as several:
            fatal, others = several.split(_FATAL)
            if fatal is None or others is not None:
                raise
            self._give_up("\n".join(map(str, fatal.exceptions)))

    def _give_up(self, why: str) -> NoReturn:
        separator = "\n" if "\n" in why else " "
        sys.exit(f"{self.name} cannot run:{separator}{why}")

    def _add_controllers(self, home: Manager | Cluster, suffix: str = "") -> None:
        for cls, following in self.following.items():
            home.cache.follow(cls, **following)
        for one in self.reconciliations:
            finalize = self.finalizers.get(one.cls)
            name = f"{one.name}{suffix}"
            home.add_controller(reconciling(one, finalize, home, operator=self.name, name=name))
        memos = Memos()
        for declared in self.declarations:
            behaviour = declared.begin(memos)
            home.add(behaviour)
            name = f"{declared.name}{suffix}"
            controller = behaving(declared, behaviour, home, operator=self.name, name=name)
            home.add_controller(controller)
            if controller.gate is not None:
                behaviour.share(controller.gate)
