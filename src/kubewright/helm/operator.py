"""Operators made of Helm charts: an `Operator` whose kinds are charts.

`load` makes one of a ``watches.yaml``, without any Python; :meth:`HelmOperator.chart` adds one chart in Python, where
values and steps before and after can be one's own.  Whatever works with an operator works with it: ``run``, tests,
packages.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml

from kubewright.client import Client, Untyped
from kubewright.controller import annotations_changed, generation_changed, labels_changed, matches_labels
from kubewright.helm.annotations import PREFIX
from kubewright.helm.definitions import spec_schema
from kubewright.helm.dependents import Dependents
from kubewright.helm.engine import Chart, Values
from kubewright.helm.hooks import TIMEOUT
from kubewright.helm.manifests import Raw, gvk_of, objects_of
from kubewright.helm.permissions import needs_of
from kubewright.helm.reconciler import Extension, HelmReconciler, Translator, ValueMapper
from kubewright.helm.releases import DEPLOYED
from kubewright.helm.status import HelmStatus
from kubewright.helm.storage import Releases
from kubewright.helm.values import override_values as values_of
from kubewright.helm.watches import read_watches
from kubewright.manager import Need
from kubewright.objects import GroupVersionKind, Object, RawExtension, Unstructured, from_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.names import GroupKind
from kubewright.objects.selectors import LabelSelector
from kubewright.operator import Operator, Reconciliation
from kubewright.project.settings import operator_name
from kubewright.schema import Column, Meta, Resource
from kubewright.schema.builtin_kinds import builtin_class
from kubewright.webhook import ServiceEndpoint


class HelmResource(Resource[RawExtension | None, HelmStatus]):
    """A custom resource whose spec holds the values of a chart."""


class _Made(NamedTuple):
    """A kind and the chart that makes it."""

    cls: type[Object]
    reconciler: HelmReconciler


class HelmOperator(Operator):
    """An operator some of whose kinds are made by Helm charts.

    :param definitions: CustomResourceDefinitions for its kinds that are not to be made from their charts.
    :param samples: resources of its kinds; what their charts render to with them shows what permissions are needed.
    """

    def __init__(self, name: str, *, definitions: Sequence[Raw] = (), samples: Sequence[Raw] = ()) -> None:
        super().__init__(name)
        self._definitions = {GroupKind(one["spec"]["group"], one["spec"]["names"]["kind"]): one for one in definitions}
        self._samples = samples
        self._made: list[_Made] = []
        self._owned: dict[GroupKind, list[type[Object]]] = {}

    def chart(
        self,
        kind: GroupVersionKind | type[Object],
        chart: Path | str,
        *,
        override_values: Values | None = None,
        translate: Translator | None = None,
        map_values: ValueMapper | None = None,
        before: Sequence[Extension] = (),
        after: Sequence[Extension] = (),
        selector: LabelSelector | None = None,
        reconcile_period: float = 60.0,
        max_history: int = 10,
        watch_dependents: bool = True,
        pause_annotation: str = f"{PREFIX}paused",
        hook_timeout: float = TIMEOUT,
        workers: int = 4,
    ) -> type[Object]:
        """Let a chart make the resources of a kind, one release each; returns the kind's class.

        :param kind: a resource class with `HelmStatus` as its status, declared with ``resource``, or the kind's name:
            its class and its schema are then made from the chart.
        :param chart: its folder or archive.
        :param override_values: win over what a resource says.
        :param translate: makes values of a resource; by default they are its spec.
        :param map_values: changes the values at last.
        :param before: called with resource, context and values before a release is brought up to date, as ``after`` is
            afterwards.
        :param selector: the resources that count.
        :param reconcile_period: seconds after which a release is looked at in any case.
        :param max_history: how many revisions of a release are kept; 0 keeps all.
        :param watch_dependents: reconcile when something changes what a release consists of.
        :param pause_annotation: a resource with this annotation at ``"true"`` is left alone.
        :param hook_timeout: seconds that one hook has.
        :param workers: how many resources are worked on at a time.
        :raises ChartError: there is no usable chart.
        """
        loaded = Chart(Path(chart))
        cls = self._class_of(kind, loaded) if isinstance(kind, GroupVersionKind) else kind
        dependents = Dependents(cls.gvk.group_kind, namespaced=cls.namespaced)
        reconciler = HelmReconciler(
            loaded,
            self.name,
            dependents,
            override_values=override_values,
            translate=translate,
            map_values=map_values,
            before=before,
            after=after,
            reconcile_period=reconcile_period,
            max_history=max_history,
            watch_dependents=watch_dependents,
            pause_annotation=pause_annotation,
            hook_timeout=hook_timeout,
        )
        changed = generation_changed | annotations_changed | labels_changed
        self.reconciliations.append(
            Reconciliation(
                cls=cls,
                function=reconciler.reconcile,
                name=cls.gvk.kind.lower(),
                sources=[dependents],
                when={cls: matches_labels(selector) & changed if selector else changed},
                workers=workers,
            )
        )
        self.finalizers[cls] = reconciler.uninstall
        self._made.append(_Made(cls, reconciler))
        return cls

    def crds(self, endpoint: ServiceEndpoint | None = None) -> list[CustomResourceDefinition]:
        """The definitions; those that the author has written stand for those that would be made."""
        definitions = []
        for made in super().crds(endpoint):
            written = self._definitions.get(GroupKind(made.spec.group, made.spec.names.kind))
            definitions.append(from_dict(CustomResourceDefinition, written) if written is not None else made)
        return definitions

    def needs(
        self, *, leader_elect: bool = False, shards: bool = False, webhooks: bool = False, namespace: str = ""
    ) -> list[Need]:
        """As for every operator, and what the charts render to with their defaults and with the samples."""
        needs = super().needs(leader_elect=leader_elect, shards=shards, webhooks=webhooks, namespace=namespace)
        for cls, reconciler in self._made:
            chart = reconciler.chart
            needs += needs_of(self._rendered(cls, reconciler), chart.definitions(), chart.name)
        return needs

    def owned(self, kind: GroupKind) -> list[type[Object]]:
        """As for every operator, and the built-in kinds among what the chart renders to."""
        if kind not in self._owned:
            made = [one for one in self._made if one.cls.gvk.group_kind == kind]
            gvks = {gvk_of(obj): None for one in made for obj in self._rendered(one.cls, one.reconciler, hooks=False)}
            self._owned[kind] = [cls for gvk in gvks if (cls := builtin_class(gvk)) is not None]
        return [*super().owned(kind), *self._owned[kind]]

    async def objects(self, client: Client, resource: Object | Unstructured) -> list[Unstructured]:
        """The objects of a resource's deployed release, as they are now.

        :raises NotFound: one of them is not there.
        """
        releases = Releases(client, resource, field_manager=self.name)
        deployed = [one for one in await releases.revisions() if one.status == DEPLOYED]
        if not deployed:
            return []
        manifest = objects_of((await releases.read(deployed[-1])).manifest)
        home = resource.metadata.namespace
        return [
            await client.get(Untyped(gvk_of(one)), one["metadata"]["name"], one["metadata"].get("namespace", home))
            for one in manifest
        ]

    def _rendered(self, cls: type[Object], reconciler: HelmReconciler, *, hooks: bool = True) -> list[Raw]:
        """Everything that the chart makes of its defaults and of the samples."""
        objects: list[Raw] = []
        samples = [one for one in self._samples if one["kind"] == cls.gvk.kind]
        for sample in ({"metadata": {"name": "sample"}}, *samples):
            resource = from_dict(cls, {"apiVersion": cls.gvk.api_version, "kind": cls.gvk.kind, **sample})
            values = reconciler.values(resource)
            made = reconciler.chart.render(values, name=resource.metadata.name, namespace="default")
            objects += [*made.objects, *(hook.obj for hook in made.hooks if hooks)]
        return objects

    def _class_of(self, gvk: GroupVersionKind, chart: Chart) -> type[Object]:
        """A resource class whose spec has the schema of the chart's values."""
        spec = Annotated[RawExtension | None, Meta(schema=spec_schema(chart.values, chart.schema))]
        description = chart.metadata.get("description") or f"A release of the chart {chart.name}"
        body: dict[str, Any] = {"__annotations__": {"spec": spec}, "spec": None, "__doc__": f"{description}."}
        cls = types.new_class(gvk.kind, (HelmResource,), {}, lambda namespace: namespace.update(body))
        written = self._definitions.get(gvk.group_kind, {}).get("spec", {})
        declare = self.resource(
            group=gvk.group,
            version=gvk.version,
            kind=gvk.kind,
            plural=written.get("names", {}).get("plural", ""),
            namespaced=written.get("scope") != "Cluster",
            columns=[
                Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
                Column("Revision", ".status.deployedRelease.revision", "integer"),
                Column("Chart", ".status.deployedRelease.chart"),
                Column("Age", ".metadata.creationTimestamp", "date"),
            ],
        )
        return declare(cls)


def load(path: Path) -> HelmOperator:
    """The operator that a ``watches.yaml`` declares.

    It is called like the project that the file lies in, else like its folder.  A CustomResourceDefinition in
    ``config/crd/bases`` beside it stands for the one that would be made of the chart.

    :raises WatchesError: the file is unusable.
    :raises ChartError: a chart is.
    """
    root = path.resolve().parent
    definitions = [one for one in _yaml(root / "config/crd/bases") if one["kind"] == "CustomResourceDefinition"]
    operator = HelmOperator(operator_name(root), definitions=definitions, samples=_yaml(root / "config/samples"))
    for watch in read_watches(path):
        operator.chart(
            watch.gvk,
            watch.chart,
            override_values=values_of(watch.override_values),
            selector=watch.selector,
            reconcile_period=watch.reconcile_period,
            max_history=watch.max_release_history,
            watch_dependents=watch.watch_dependent_resources,
            workers=watch.max_concurrent_reconciles,
        )
    return operator


def _yaml(folder: Path) -> list[Raw]:
    documents = [one for path in sorted(folder.glob("*.yaml")) for one in yaml.safe_load_all(path.read_bytes())]
    return [one for one in documents if isinstance(one, dict) and "kind" in one]
