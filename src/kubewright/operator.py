"""The operator: decorators that declare what it manages, and ``run``.

A thin face over controllers, webhooks and the manager: each decorator records a declaration, :meth:`Operator.manager`
makes of them the parts that a hand-written ``main`` would assemble, and :meth:`Operator.run` runs these.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, Unpack, overload

import msgspec

from kubewright.cache import Cache, NotSynced
from kubewright.client import Client, ConfigError, connect, in_cluster
from kubewright.controller import (
    AsyncReconcile,
    BlockingReconcile,
    Controller,
    Filter,
    KindSource,
    Reconciler,
    Source,
    SourceNotReady,
    enqueue_mapped,
    enqueue_object,
    enqueue_owner,
)
from kubewright.lifecycle import Behaviour, Declaration, Declarations, Memos
from kubewright.manager import (
    BindAddress,
    Cluster,
    Clusters,
    Group,
    LeadershipLost,
    Lifespan,
    Manager,
    Need,
    NotReady,
    SeveralLeases,
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
from kubewright.objects import GroupVersionKind, Object, ObjectKey
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupKind
from kubewright.schema import Resource, SchemaError, custom_resource
from kubewright.webhook import (
    CertificateStore,
    Conversions,
    Injection,
    LocalRegistration,
    Registration,
    SecretStore,
    ServiceEndpoint,
    URLEndpoint,
    WebhookDeclaration,
    WebhookOptions,
    Webhooks,
    WebhookServer,
    admission,
    app_of,
    conversion_through,
    defaulter,
    validator,
)

P = ParamSpec("P")
ObjectT = TypeVar("ObjectT", bound=Object)
SourceT = TypeVar("SourceT", bound=Object)
TargetT = TypeVar("TargetT", bound=Object)
ResourceT = TypeVar("ResourceT", bound=Resource[Any, Any])
LifespanT = TypeVar("LifespanT", bound=Callable[[Manager], AsyncGenerator[None, None]])
HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])

logger = logging.getLogger("kubewright.operator")

_READ = ("get", "list", "watch")
_OWN = (*_READ, "create", "patch", "delete")
_KEEP = ("get", "create", "update")
_SHARE = (*_READ, "create", "update", "delete")

_FATAL = (
    APIError, ConfigError, LeadershipLost, NotReady, NotSynced, OSError, SchemaError, SeveralLeases, SourceNotReady,
    Superseded,
)  # fmt: skip
"""What a process can't go on after, and its user can do something about."""

MapFunction: TypeAlias = Callable[[Any], Iterable[ObjectKey]]


class ClassDecorator(Protocol):
    def __call__(self, cls: type[ResourceT], /) -> type[ResourceT]: ...


class ReconcileDecorator(Protocol[ObjectT]):
    """Takes a coroutine function with a :class:`Context`, or a plain one with a :class:`BlockingContext`."""

    @overload
    def __call__(self, function: AsyncReconcile[ObjectT], /) -> AsyncReconcile[ObjectT]: ...

    @overload
    def __call__(self, function: BlockingReconcile[ObjectT], /) -> BlockingReconcile[ObjectT]: ...


def _recording(define: Callable[P, ClassDecorator]) -> Callable[Concatenate[Operator, P], ClassDecorator]:
    """A method with the parameters of ``define`` that also records the class."""

    def declare(op: Operator, /, *args: P.args, **kwargs: P.kwargs) -> ClassDecorator:
        define_class = define(*args, **kwargs)

        def recorded(cls: type[ResourceT], /) -> type[ResourceT]:
            op.resources.append(define_class(cls))
            return cls

        return recorded

    return declare


@dataclass(kw_only=True)
class Reconciliation:
    """How one kind is reconciled: what :meth:`Operator.reconcile` was told."""

    cls: type[Object]
    function: Callable[..., Any]
    name: str
    owns: Sequence[type[Object]] = ()
    watches: Mapping[type[Object], MapFunction] = field(default_factory=dict)
    sources: Sequence[Source[ObjectKey]] = ()
    when: Filter | None = None
    workers: int = 1
    timeout: float | None = None


class Operator(Declarations):
    """An operator and what it declares.

    :param name: names its lease, its events, its webhook configurations, and the owner of the fields it applies.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.resources: list[type[Resource[Any, Any]]] = []
        """The custom resources that it brings, one class a version."""
        self.reconciliations: list[Reconciliation] = []
        self.lifespans: list[Callable[[Manager], AsyncGenerator[None, None]]] = []
        self.finalizers: dict[type[Object], Callable[..., Any]] = {}
        self.webhooks: list[WebhookDeclaration] = []
        self.conversions: dict[GroupKind, Conversions] = {}
        """For each kind with functions between its versions."""

    # -- declaring

    resource = _recording(custom_resource)
    """Declare a custom resource; the parameters are those of :func:`kubewright.schema.custom_resource`."""

    def reconcile(
        self,
        cls: type[ObjectT],
        *,
        owns: Sequence[type[Object]] = (),
        watches: Mapping[type[Object], MapFunction] | None = None,
        sources: Sequence[Source[ObjectKey]] = (),
        when: Filter | None = None,
        workers: int = 1,
        timeout: float | None = None,
        name: str = "",
    ) -> ReconcileDecorator[ObjectT]:
        """Declare the function that brings an object of ``cls`` to its desired state.

        :param owns: kinds of the objects that it makes; a change to one of them reconciles the owner that controls it.
        :param watches: other kinds, each with a function from an object of it to the keys that have to be reconciled.
        :param sources: of further keys, from outside Kubernetes.
        :param when: which events of ``cls`` itself count, such as ``generation_changed``; by default all.
        :param workers: how many objects are reconciled at a time.
        :param timeout: seconds after which a reconcile is cancelled and counts as failed.
        :param name: of the controller in logs and metrics, by default the kind in lower case.
        """

        def declare(function: Any, /) -> Any:
            self.reconciliations.append(
                Reconciliation(
                    cls=cls,
                    function=function,
                    name=name or cls.__name__.lower(),
                    owns=owns,
                    watches=watches or {},
                    sources=sources,
                    when=when,
                    workers=workers,
                    timeout=timeout,
                )
            )
            return function

        return declare

    def finalize(self, cls: type[ObjectT]) -> ReconcileDecorator[ObjectT]:
        """Declare the function that cleans up before an object of ``cls`` may go; objects get a finalizer for it.

        Returning ``Requeue`` means: not done yet.  What is owned by reference needs no finalizer.
        """

        def declare(function: Any, /) -> Any:
            if cls in self.finalizers:
                raise ValueError(f"{cls.__name__} has two finalize functions")
            self.finalizers[cls] = function
            return function

        return declare

    def default(self, cls: type[Object], **options: Unpack[WebhookOptions]) -> Callable[[HandlerT], HandlerT]:
        """Declare a function that fills in what a user has left out, changing the object in place (a webhook)."""

        def declare(function: HandlerT) -> HandlerT:
            self.webhooks.append(defaulter(cls, function, **options))
            return function

        return declare

    def validate(self, cls: type[Object], **options: Unpack[WebhookOptions]) -> Callable[[HandlerT], HandlerT]:
        """Declare a function of the new and the old object that raises :class:`Invalid` (a webhook).

        The old object is None when it is created.
        """

        def declare(function: HandlerT) -> HandlerT:
            self.webhooks.append(validator(cls, function, **options))
            return function

        return declare

    def admit(
        self,
        purpose: Literal["mutate", "validate"],
        *,
        path: str,
        groups: Sequence[str],
        resources: Sequence[str],
        versions: Sequence[str] = ("*",),
        **options: Unpack[WebhookOptions],
    ) -> Callable[[HandlerT], HandlerT]:
        """Declare a function of the :class:`AdmissionRequest` for any kinds, subresources and operations (a webhook).

        :param path: where it is served, ``/pods-with-sidecar``.
        :param resources: with subresources where they are meant: ``pods``, ``pods/eviction``.
        """

        def declare(function: HandlerT) -> HandlerT:
            declaration = admission(
                purpose, function, path=path, groups=groups, resources=resources, versions=versions, **options
            )
            self.webhooks.append(declaration)
            return function

        return declare

    def convert(
        self, source: type[SourceT], target: type[TargetT], *, lossless: bool = False
    ) -> Callable[[Callable[[SourceT], TargetT]], Callable[[SourceT], TargetT]]:
        """Declare a function that makes of an object of one version the same object in another version (a webhook).

        Objects travel the shortest way through these functions: with one version as the hub, two functions for each
        other version suffice.  The metadata comes along by itself.

        :param lossless: keep what a version can't express in an annotation for the way back; for all of the kind.
        :raises ValueError: the two are not versions of one kind.
        """

        def declare(function: Callable[[SourceT], TargetT]) -> Callable[[SourceT], TargetT]:
            conversions = self.conversions.setdefault(source.gvk.group_kind, Conversions())
            conversions.add(source, target, function)
            conversions.lossless |= lossless
            return function

        return declare

    def lifespan(self, function: LifespanT) -> LifespanT:
        """Declare an async generator function of the manager: what stands before its ``yield`` happens before the
        controllers start, what stands after it when they have ended.

            @op.lifespan
            async def session(manager):
                async with aiohttp.ClientSession() as shared:
                    manager.readyz.add("backend", lambda: None if shared.closed else "no session")
                    yield
        """
        self.lifespans.append(function)
        return function

    # -- what follows from it

    def crds(self, endpoint: ServiceEndpoint | None = None) -> list[CustomResourceDefinition]:
        """The CustomResourceDefinitions of the resources.

        :param endpoint: where versions are converted; without it a definition says nothing of conversion.
        :raises SchemaError: a class can't be expressed, or no functions lead from a version to another one.
        """
        crds = definitions(self.resources)
        for crd in crds:
            conversions = self.conversions.get(GroupKind(crd.spec.group, crd.spec.names.kind))
            if conversions is not None:
                _check_routes(crd, conversions)
                crd.spec.conversion = conversion_through(endpoint) if endpoint is not None else None
        return crds

    @property
    def serves_webhooks(self) -> bool:
        return bool(self.webhooks or self.conversions)

    @property
    def service(self) -> ServiceEndpoint:
        """The Service that an installation puts in front of the webhooks, in the operator's usual namespace."""
        return ServiceEndpoint(f"{self.name}-system", f"{self.name}-webhook")

    @property
    def user(self) -> str:
        """The name that an installation's ServiceAccount has as a user."""
        return f"system:serviceaccount:{self.service.namespace}:{self.name}-controller-manager"

    def kinds(self) -> list[GroupVersionKind]:
        """The kinds that have to be served."""
        watched = [cls for one in self.reconciliations for cls in (one.cls, *one.owns, *one.watches)]
        watched += [cls for declared in self.declarations for cls in (declared.cls, *declared.owns)]
        return list(dict.fromkeys(cls.gvk for cls in watched))

    def needs(
        self, *, leader_elect: bool = False, shards: bool = False, webhooks: bool = False, namespace: str = ""
    ) -> list[Need]:
        """What the operator is going to do on the cluster: the permissions that it needs.

        :param leader_elect: whether it holds a lease.
        :param shards: whether its replicas share the objects.
        :param webhooks: whether it keeps its webhooks' certificates and registration.
        :param namespace: its own, where the lease and the certificates are.
        """
        needs: list[Need] = []
        for one in self.reconciliations:
            cls, kind = one.cls, one.cls.__name__
            needs.append(_need(cls, _READ, f"watching {kind}"))
            if cls in self.finalizers:
                needs.append(_need(cls, ("patch",), "setting its finalizer"))
            if _has_status(cls):
                needs.append(_need(cls, ("patch",), "writing its status", subresource="status"))
            if one.owns:
                needs.append(_need(cls, ("update",), "owning objects", subresource="finalizers"))
            needs += [_need(child, _OWN, f"children of {kind}") for child in one.owns]
            needs += [_need(other, _READ, f"watching {other.__name__} for {kind}") for other in one.watches]
        for declared in self.declarations:
            cls, kind = declared.cls, declared.cls.__name__
            needs.append(_need(cls, _READ, f"watching {kind}"))
            if declared.finalizes or declared.annotates:
                needs.append(_need(cls, ("patch",), "finalizers and progress of its handlers"))
            if _has_status(cls):
                needs.append(_need(cls, ("patch",), "writing its status", subresource="status"))
            needs += [_need(child, _OWN, f"children of {kind}") for child in declared.owns]
        needs.append(Need("events.k8s.io", "events", ("create", "patch"), "recording events"))
        if leader_elect:
            needs.append(Need("coordination.k8s.io", "leases", _KEEP, "leader election", namespace))
        if shards:
            needs.append(Need("coordination.k8s.io", "leases", _SHARE, "sharing keys", namespace))
        if webhooks and self.serves_webhooks:
            needs.append(Need("", "secrets", _KEEP, "the webhooks' certificates", namespace))
            sorts = dict.fromkeys("mutating" if one.purpose == "mutate" else "validating" for one in self.webhooks)
            injected = [("admissionregistration.k8s.io", f"{sort}webhookconfigurations", self.name) for sort in sorts]
            injected += [("apiextensions.k8s.io", "customresourcedefinitions", crd) for crd in self._converted_crds()]
            needs += [
                Need(group, resource, ("get", "patch"), "injecting the CA", namespaced=False, name=name)
                for group, resource, name in injected
            ]
        return needs

    def _converted_crds(self) -> list[str]:
        return [f"{conversions.plural}.{kind.group}" for kind, conversions in self.conversions.items()]

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
        for one in self.reconciliations:
            manager.add_controller(self._controller(one, manager, one.name))
        for lifespan in self.lifespans:
            manager.add(Lifespan(lifespan.__name__, partial(asynccontextmanager(lifespan), manager)), Group.CACHES)
        memos = Memos()
        for declared in self.declarations:
            if declared.lasts and manager.shards is not None:
                raise ValueError(f"{declared.name} is a daemon: it would keep an object that moves to another shard")
            behaviour = declared.begin(memos)
            manager.add(behaviour)
            manager.add_controller(self._behaving(declared, behaviour, manager, declared.name))
        if self.serves_webhooks and endpoint is not None:
            if isinstance(certificates, str):
                secret = certificates or f"{self.name}-webhook-certificates"
                certificates = SecretStore(manager.client, manager.namespace, secret)
            manager.add_webhooks(self._webhooks(manager.client, endpoint, certificates, webhook_port))

    def clusters(self, manager: Manager, *, namespaces: Sequence[str] | None = None) -> Clusters:
        """Let a manager run the controllers on further clusters: ``clusters.add("west", client)``, ``remove("west")``.

        The lease, webhooks and lifespans stay those of the manager's own cluster.
        """

        def assemble(name: str, client: Client) -> Cluster:
            cluster = Cluster(name, client, self.name, namespaces=namespaces)
            for one in self.reconciliations:
                cluster.add_controller(self._controller(one, cluster, f"{one.name}@{name}"))
            memos = Memos()
            for declared in self.declarations:
                behaviour = declared.begin(memos)
                cluster.add(behaviour)
                cluster.add_controller(self._behaving(declared, behaviour, cluster, f"{declared.name}@{name}"))
            return cluster

        clusters = Clusters(assemble, manager.metrics)
        manager.add(clusters)
        return clusters

    async def install(self, client: Client, *, endpoint: ServiceEndpoint | None = None) -> None:
        """Install the CRDs and wait until they are served.

        :param endpoint: where versions are converted; a URL is registered when the webhooks start, not here.
        :raises Forbidden: this user may not.
        """
        await install(client, self.crds(endpoint), field_manager=self.name)

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
        diagnosis = await diagnose(client, self.kinds(), needs)
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
    ) -> None:
        """Run as a process of its own until SIGINT or SIGTERM: the ``main`` of an operator's image.

        What the process can't go on after ends it with a message and status 1.

        :param cluster: gives the client, and ends with it; by default the cluster that :func:`connect` finds.
        :param namespaces: watch these only; None watches all.
        :param leader_elect: run controllers only while holding the lease; by default in a cluster, unless ``shards``.
        :param shards: let all replicas work, each on a part of the objects.
        :param warm_standby: let replicas that wait to lead fill their queues already.
        :param dev: pause the deployed copy for as long as this one runs, by asking for its lease.
        :param install: install the CRDs first.
        :param endpoint: of the webhooks, see :meth:`add_to`, as for ``certificates`` and ``webhook_port``; in a cluster
            by default the Service ``NAME-webhook``.  A Service without namespace is one in the operator's own.
        :param health_address: ``HOST:PORT`` for ``/healthz`` and ``/readyz``, ``0`` for none; by default
            ``:8081`` in a cluster, where the kubelet asks, else ``127.0.0.1:8081``.
        :param metrics_address: ``HOST:PORT`` for ``/metrics`` and ``/debug``, ``0`` for none; by default ``:8443``
            in a cluster (over TLS, for authorized users), else ``127.0.0.1:8080``.
        :param grace_period: seconds that everything together has for stopping.
        :param log_format: by default JSON in a cluster, else text.
        """
        inside = in_cluster()
        elect = dev or ((inside and not shards) if leader_elect is None else leader_elect)
        configure_logging(format=log_format or ("json" if inside else "text"), level=log_level)

        async def main() -> None:
            async with cluster or connect() as client:
                where = endpoint or (ServiceEndpoint("", f"{self.name}-webhook") if inside else None)
                if isinstance(where, ServiceEndpoint) and not where.namespace:
                    where = where._replace(namespace=client.namespace)
                if install:
                    await self.install(client, endpoint=where if isinstance(where, ServiceEndpoint) else None)
                await self.check(client, namespaces=namespaces, leader_elect=elect, shards=shards, webhooks=inside)
                if self.serves_webhooks and where is None:
                    logger.warning("webhooks are not served: the API server could not reach this process")
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
            text = str(error)
            separator = "\n" if "\n" in text else " "
            sys.exit(f"{self.name} cannot run:{separator}{text}")

    def _controller(self, one: Reconciliation, home: Manager | Cluster, name: str) -> Controller[ObjectKey]:
        cls, cache = one.cls, home.cache
        finalize = self.finalizers.get(cls)
        reconciler = Reconciler(
            cls,
            one.function,
            client=home.client,
            cache=cache,
            events=home.events,
            field_manager=self.name,
            finalize=finalize,
            finalizer=f"{cls.gvk.group or 'kubewright.dev'}/{self.name}",
            owns=one.owns,
            threads=one.workers,
        )
        controller = Controller(name, reconciler, workers=one.workers, timeout=one.timeout)
        _watch(controller, cache, cls, one.owns, one.sources, [one.when] if one.when is not None else [])
        for other, keys in one.watches.items():
            controller.watch(KindSource(other.__name__, cache.informer(other), enqueue_mapped(keys)))
        return controller

    def _behaving(
        self, declared: Declaration, behaviour: Behaviour, home: Manager | Cluster, name: str
    ) -> Controller[ObjectKey]:
        cls = declared.cls
        reconciler = Reconciler(
            cls,
            behaviour.reconcile,
            client=home.client,
            cache=home.cache,
            events=home.events,
            field_manager=self.name,
            finalize=behaviour.finalize if declared.finalizes else None,
            finalizer=f"{cls.gvk.group or 'kubewright.dev'}/{self.name}.{declared.name}",
            needs_finalizer=behaviour.needs_finalizer,
            on_leave=behaviour.leave,
            owns=declared.owns,
        )
        controller = Controller(name, reconciler, workers=declared.workers, timeout=declared.timeout)
        _watch(controller, home.cache, cls, declared.owns, behaviour.sources)
        return controller

    def _webhooks(
        self, client: Client, endpoint: ServiceEndpoint | URLEndpoint, certificates: CertificateStore, port: int
    ) -> Webhooks:
        app = app_of(self.webhooks, self.conversions)
        crds = self._converted_crds()
        registration: Registration
        if isinstance(endpoint, URLEndpoint):
            # A name that is not this machine's own leads here by way of others: listen to all of them.
            host = endpoint.host if BindAddress(*endpoint).is_loopback else "0.0.0.0"
            server = WebhookServer(app, host=host, port=endpoint.port)
            registration = LocalRegistration(client, self.name, self.webhooks, endpoint, crds)
        else:
            server = WebhookServer(app, port=port)
            registration = Injection(client, self.name, crds)
        return Webhooks(server, certificates, endpoint.hosts, registration)


def _check_routes(crd: CustomResourceDefinition, conversions: Conversions) -> None:
    """A write in a version that can't become the stored one would be refused by the webhook, much later."""
    versions = [f"{crd.spec.group}/{version.name}" for version in crd.spec.versions]
    for source, target in conversions.missing(versions):
        fix = "declare one with @op.convert(...), to and from a hub version at least"
        raise SchemaError(crd.spec.names.kind, f"no functions convert {source} to {target}", fix)


def _watch(
    controller: Controller[ObjectKey],
    cache: Cache,
    cls: type[Object],
    owns: Sequence[type[Object]],
    sources: Sequence[Source[ObjectKey]],
    filters: Sequence[Filter] = (),
) -> None:
    """Let a controller hear of the objects of ``cls``, of what they own, and of whatever else there is."""
    controller.watch(KindSource(cls.__name__, cache.informer(cls), enqueue_object, filters))
    to_owner = enqueue_owner(cls.gvk.group_kind, namespaced=cls.namespaced)
    for child in owns:
        controller.watch(KindSource(child.__name__, cache.informer(child), to_owner))
    for source in sources:
        controller.watch(source)


def _need(cls: type[Object], verbs: tuple[str, ...], why: str, *, subresource: str = "") -> Need:
    resource = f"{cls.plural}/{subresource}" if subresource else cls.plural
    return Need(cls.gvk.group, resource, verbs, why, namespaced=cls.namespaced)


def _has_status(cls: type[Object]) -> bool:
    return any(field.name == "status" and field.type is not type(None) for field in msgspec.structs.fields(cls))
