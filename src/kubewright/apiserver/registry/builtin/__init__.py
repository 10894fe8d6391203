"""The built-in kinds: names, schemas and strategies, ready to be served."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from kubewright.apiserver.registry.builtin.catalog import DEPRECATED, STORED_AS, by_priority, subresources
from kubewright.apiserver.registry.builtin.definitions import definition_name, definitions
from kubewright.apiserver.registry.builtin.strategies import strategy_for
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersion, GroupVersionKind
from kubewright.schema.node import Node

__all__ = ["builtin_resources", "definition_name", "definitions"]


@cache
def builtin_resources() -> Sequence[Resource]:
    """Every built-in resource, each group's preferred version first."""
    return tuple(_resources())


class _SharedStorage:
    """The versions of a built-in resource that are stored as one kind (`Views`)."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}

    def node(self, api_version: str) -> Node | None:
        resource = self.resources.get(api_version)
        return None if resource is None else resource.node

    def convert(self, obj: Object, api_version: str) -> Object:
        source, target = self.resources[obj["apiVersion"]], self.resources[api_version]
        whole = source.strategy.decode(obj, [])  # Pruning may have taken a struct that Go's types always have.
        return target.strategy.from_storage(source.strategy.to_storage(whole))


def _resources() -> list[Resource]:
    found = []
    shared = {kind: _SharedStorage() for kind in STORED_AS.values()}
    for api_version, rows in by_priority():
        version = GroupVersion.parse(api_version)
        for row in rows:
            kind = GroupVersionKind(version.group, version.version, row.kind)
            definition = definition_name(kind)
            stored = STORED_AS.get((api_version, row.kind), kind)
            views = shared.get(stored)
            found.append(
                resource := Resource(
                    gvk=kind,
                    plural=row.plural,
                    singular=row.kind.lower(),
                    namespaced=row.namespaced,
                    node=definitions()[definition],
                    strategy_source=partial(strategy_for, api_version, row.kind, definition, row.namespaced),
                    storage_version=stored.version,
                    stored_as=None if stored == kind else stored,
                    views=views,
                    short_names=row.short_names,
                    categories=row.categories,
                    verbs=row.verbs,
                    subresources=subresources(row, version),
                    list_kind=f"{row.kind}List",
                    deprecation_warning=DEPRECATED.get((api_version, row.kind), ""),
                )
            )
            if views is not None:
                views.resources[api_version] = resource
    return found
