"""An operator that a ``watches.yaml`` declares: a controller for each watch, all plays in one warm process.

Watches come in; what an `Operator` is asked for goes out: definitions, permissions, and the parts of a manager.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kubewright.ansible.definitions import crd_of, read_definitions
from kubewright.ansible.dependents import Dependents
from kubewright.ansible.manifests import managed_kinds
from kubewright.ansible.metrics import AnsibleMetrics
from kubewright.ansible.ownership import Owner, is_owned
from kubewright.ansible.proxy import Proxy, Run
from kubewright.ansible.reconciler import AnsibleReconciler
from kubewright.ansible.runner import Access, Runner
from kubewright.ansible.watches import Watch, load_watches
from kubewright.cache import Event
from kubewright.client import Client, Untyped
from kubewright.controller import (
    Controller,
    KindSource,
    Predicate,
    annotations_changed,
    generation_changed,
    matches_labels,
)
from kubewright.manager import BindAddress, Group, HTTPServer, Manager, Need
from kubewright.objects import GroupVersionKind, ObjectKey, Unstructured, to_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.selectors import LabelSelector
from kubewright.operator import Operator
from kubewright.project.settings import operator_name
from kubewright.schema.builtin_kinds import served_kind
from kubewright.webhook import CertificateStore, ServiceEndpoint, URLEndpoint
from kubewright.workqueue import ExponentialBackoff, WorkQueue

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 600.0
"""Seconds between the runs of a play that fails: a play is more than a request, so the first pause is a longer one."""

_READ = ("get", "list", "watch")
_OWN = (*_READ, "create", "update", "patch", "delete")


class AnsibleOperator(Operator):
    """An operator without Python code.

    :param root: the project's folder, where ``ansible.cfg``, roles and definitions are.
    """

    def __init__(self, name: str, watches: Sequence[Watch], root: Path) -> None:
        super().__init__(name)
        self.watches = list(watches)
        self.root = root

    # -- what follows from the watches

    def crds(self, endpoint: ServiceEndpoint | None = None) -> list[CustomResourceDefinition]:
        """The definitions of the watched kinds: those in the project's folders, and one of each role that lacks one.

        Kubernetes' own kinds need none.

        :raises WatchesError: a file that says something of them is no YAML.
        """
        written = {(crd.spec.group, crd.spec.names.kind): crd for crd in read_definitions(self.root)}
        crds = []
        for watch in self.watches:
            group, kind = watch.kind.group, watch.kind.kind
            if (group, kind) in written:
                crds.append(written[group, kind])
            elif watch.defines and "." in group and not group.endswith(".k8s.io"):
                crds.append(crd_of(watch))
        return crds

    def kinds(self) -> list[GroupVersionKind]:
        return [watch.kind for watch in self.watches]

    def needs(
        self, *, leader_elect: bool = False, shards: bool = False, webhooks: bool = False, namespace: str = ""
    ) -> list[Need]:
        needs = super().needs(leader_elect=leader_elect, shards=shards, webhooks=webhooks, namespace=namespace)
        plurals = {(crd.spec.group, crd.spec.names.kind): crd.spec for crd in self.crds()}
        return [need for watch in self.watches for need in _needs_of(watch, plurals)] + needs

    async def objects(self, client: Client, obj: Unstructured) -> list[Unstructured]:
        """What was made for an object, of the kinds that the files of its play name."""
        owner = Owner(obj.gvk, ObjectKey(obj.metadata.namespace, obj.metadata.name), obj.metadata.uid)
        kinds = [kind for watch in self.watches if watch.kind == obj.gvk for kind in managed_kinds(watch)]
        found = [one for kind in kinds for one in await client.list(Untyped(kind))]
        return [one for one in found if is_owned(to_dict(one), owner)]

    # -- running

    def add_to(
        self,
        manager: Manager,
        *,
        endpoint: ServiceEndpoint | URLEndpoint | None = None,
        certificates: CertificateStore | str = "",
        webhook_port: int = 9443,
    ) -> None:
        super().add_to(manager, endpoint=endpoint, certificates=certificates, webhook_port=webhook_port)
        if not self.watches:
            return
        metrics = AnsibleMetrics(manager.metrics.registry)
        proxy = Proxy(manager.client, manager.cache, metrics)
        server = HTTPServer("proxy", proxy, BindAddress("127.0.0.1", 0))
        runner = Runner(self.root, self.watches)
        # Among the caches: they are there before the first reconcile, and until the last one has ended.
        manager.add(server, Group.CACHES)
        manager.add(runner, Group.CACHES)
        for watch in self.watches:
            manager.add_controller(self._controller(watch, manager, runner, proxy, server, metrics))

    def _controller(
        self, watch: Watch, manager: Manager, runner: Runner, proxy: Proxy, server: HTTPServer, metrics: AnsibleMetrics
    ) -> Controller[ObjectKey]:
        @contextlib.contextmanager
        def admit(owner: Owner) -> Iterator[Access]:
            with proxy.admit(Run(owner, dependents, watch.inject_owner_references)) as token:
                yield Access(f"http://{server.address}", token, owner.key.namespace)

        reconciler = AnsibleReconciler(
            watch,
            runner,
            client=manager.client,
            cache=manager.cache,
            events=manager.events,
            metrics=metrics,
            admit=admit,
            field_manager=self.name,
        )
        kind = watch.kind
        namesakes = [
            other for other in self.watches if (other.kind.kind, other.kind.version) == (kind.kind, kind.version)
        ]
        name = f"{kind.kind.lower()}-{kind.version}" + (f".{kind.group}" if len(namesakes) > 1 else "")
        queue: WorkQueue[ObjectKey] = WorkQueue(name, backoff=ExponentialBackoff(_FIRST_PAUSE, _LONGEST_PAUSE))
        controller = Controller(name, reconciler, workers=watch.workers, queue=queue)
        dependents = Dependents(watch, controller, manager.cache)
        events = manager.cache.informer(Untyped(watch.kind))
        controller.watch(KindSource(watch.kind.kind, events, reconciler.requests, _filters(watch)))
        return controller


def _filters(watch: Watch) -> list[Predicate]:
    """Which events of the kind itself count: changes of the spec; of a kind without generations, every change."""

    def without_generation(event: Event[Any]) -> bool:
        return event.new is not None and not event.new.generation

    changed = generation_changed | without_generation
    filters = [changed | annotations_changed if watch.watch_annotations else changed]
    selector = LabelSelector.from_object(to_dict(watch.selector))
    return [*filters, matches_labels(selector)] if selector else filters


def _needs_of(watch: Watch, known: dict[tuple[str, str], Any]) -> Iterator[Need]:
    kind = watch.kind
    spec = known.get((kind.group, kind.kind))
    plural, namespaced = (spec.names.plural, spec.scope == "Namespaced") if spec is not None else served_kind(kind)
    yield Need(kind.group, plural, _READ, f"watching {kind.kind}", namespaced=namespaced)
    if watch.finalizer is not None:
        yield Need(kind.group, plural, ("patch",), "setting its finalizer", namespaced=namespaced)
    if watch.manage_status:
        yield Need(kind.group, f"{plural}/status", ("get", "patch"), "writing its status", namespaced=namespaced)
    if watch.inject_owner_references:
        yield Need(kind.group, f"{plural}/finalizers", ("update",), "owning objects", namespaced=namespaced)
    for child in managed_kinds(watch):
        served = served_kind(child)
        yield Need(child.group, served.plural, _OWN, f"managed by {watch.play}", namespaced=served.namespaced)
    for rule in watch.permissions:
        for group in rule.api_groups:
            for resource in rule.resources:
                for name in rule.resource_names or [""]:
                    yield Need(group, resource, tuple(rule.verbs), f"permissions of {kind.kind}", name=name)


def load(path: Path) -> AnsibleOperator:
    """The operator that a ``watches.yaml`` declares.

    It is called like the project that the file lies in, else like its folder.

    :raises WatchesError: the file can't be used.
    """
    root = path.resolve().parent
    return AnsibleOperator(operator_name(root), load_watches(path), root)
