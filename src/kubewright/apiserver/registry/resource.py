"""One resource as the API server serves it: its names, verbs and subresources, and the strategy behind it.

Built-in resources are listed in `registry/builtin/`, custom ones are made from their CustomResourceDefinition;
discovery, routing, OpenAPI and the write pipeline read nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from kubewright.apiserver.registry import storage_keys
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.objects.names import GroupResource, GroupVersionKind, GroupVersionResource
from kubewright.schema.node import Node, Raw

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Subresource:
    """``status``, ``scale``, ``eviction``, ...; ``kind`` is what its body holds."""

    name: str
    kind: GroupVersionKind
    verbs: Sequence[str] = ("get", "patch", "update")


class Converter(Protocol):
    """Turns custom objects from one version into another; a ``trivial`` one changes nothing but ``apiVersion``."""

    trivial: bool

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """New objects in ``api_version``, in the same order.

        :raises APIError: an object cannot be converted.
        """


class Views(Protocol):
    """The versions in which objects of one resource can be seen, for comparing which of their fields someone owns."""

    def node(self, api_version: str) -> Node | None:
        """The schema of a version; None where there is no such version."""

    def convert(self, obj: Object, api_version: str) -> Object:
        """An object in another version; the given one is left as it is."""


class CustomVersions(Views, Protocol):
    """All versions of a custom resource, those that are not served included."""

    def strategy(self, api_version: str) -> Strategy | None:
        """The rules of a version."""


@dataclass(frozen=True, eq=False)
class Resource:
    """One version of one resource.

    ``storage_version`` names the version that objects are stored in (equal to ``gvk.version`` but for kinds served in
    several); ``node`` is the schema of this version, with ``metadata`` resolved to the real ObjectMeta.
    ``stored_as`` is set where objects are kept as another resource's (``events.k8s.io`` Events are core Events,
    ``autoscaling/v1`` HorizontalPodAutoscalers are v2's): the strategy's ``to_storage`` and ``from_storage`` translate.
    ``views`` are set for all of a built-in resource's versions then.
    ``converter`` translates between the ``versions`` of a custom resource; objects of it that were written before
    ``schema_revision`` are pruned and defaulted anew when they are read, and ``published_schema`` is what its author
    wrote, for OpenAPI documents.
    """

    gvk: GroupVersionKind
    plural: str
    singular: str
    namespaced: bool
    node: Node
    strategy_source: Callable[[], Strategy]
    storage_version: str
    stored_as: GroupVersionKind | None = None
    views: Views | None = None
    converter: Converter | None = None
    versions: CustomVersions | None = None
    schema_revision: int = 0
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    verbs: Sequence[str] = ALL_VERBS
    subresources: Sequence[Subresource] = field(default_factory=tuple)
    list_kind: str = ""
    custom: bool = False
    published_schema: Raw | None = None
    deprecation_warning: str = ""

    @property
    def strategy(self) -> Strategy:
        """The rules of the kind; a built-in one's code is read when this is first asked for."""
        return self.strategy_source()

    @cached_property
    def gvr(self) -> GroupVersionResource:
        return GroupVersionResource(self.gvk.group, self.gvk.version, self.plural)

    @cached_property
    def group_resource(self) -> GroupResource:
        return GroupResource(self.gvk.group, self.plural)

    @cached_property
    def stored_gvk(self) -> GroupVersionKind:
        """The type that the stored bytes are of."""
        return self.stored_as or GroupVersionKind(self.gvk.group, self.storage_version, self.gvk.kind)

    @property
    def storage_prefix(self) -> str:
        """The part of a storage key that stands for the resource."""
        return storage_keys.prefix(self.gvk.group, self.plural, custom=self.custom)

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)
