"""One resource as the API server serves it: its names, verbs and subresources, and the strategy behind it.

Built-in resources are listed in `registry/builtin/`, custom ones are made from their CustomResourceDefinition;
discovery, routing, OpenAPI and the write pipeline read nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kubewright.apiserver.registry.strategy import Strategy
from kubewright.objects.names import GroupVersionKind, GroupVersionResource
from kubewright.schema.node import Node

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Subresource:
    """``status``, ``scale``, ``eviction``, ...; ``kind`` is what its body holds."""

    name: str
    kind: GroupVersionKind
    verbs: Sequence[str] = ("get", "patch", "update")


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One version of one resource.

    ``storage_version`` names the version that objects are stored in (equal to ``gvk.version`` but for kinds served in
    several); ``node`` is the schema of this version, with ``metadata`` resolved to the real ObjectMeta.
    ``stored_as`` is set where objects are kept as another resource's (``events.k8s.io`` Events are core Events,
    ``autoscaling/v1`` HorizontalPodAutoscalers are v2's): the strategy's ``to_storage`` and ``from_storage`` translate.
    """

    gvk: GroupVersionKind
    plural: str
    singular: str
    namespaced: bool
    node: Node
    strategy: Strategy
    storage_version: str
    stored_as: GroupVersionKind | None = None
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    verbs: Sequence[str] = ALL_VERBS
    subresources: Sequence[Subresource] = field(default_factory=tuple)
    list_kind: str = ""
    custom: bool = False
    deprecation_warning: str = ""

    @property
    def gvr(self) -> GroupVersionResource:
        return GroupVersionResource(self.gvk.group, self.gvk.version, self.plural)

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)
