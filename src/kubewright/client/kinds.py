"""What a client is asked about: a typed class, a kind without a class, or the metadata alone of either.

A `Kind` is what all of them come down to: where the kind is served, and how its JSON becomes objects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from kubewright.client.discovery import RestMapper
from kubewright.client.rest import JSON
from kubewright.objects.codec import from_json
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind, GroupVersionResource
from kubewright.objects.unstructured import Unstructured

T = TypeVar("T")

_PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """A kind as it is served, and how to read it."""

    gvk: GroupVersionKind
    resource: GroupVersionResource
    namespaced: bool
    decode: Callable[[bytes], T]
    accept: str = JSON
    accept_list: str = JSON


class Target(Protocol[T]):
    """What a client can be asked about besides a typed class."""

    async def resolve(self, mapper: RestMapper) -> Kind[T]:
        """Where it is served and how it is read.

        :raises NoMatch: the server doesn't serve it.
        """


class Untyped(msgspec.Struct, frozen=True):
    """A kind that has no class: its objects are `Unstructured`."""

    gvk: GroupVersionKind

    async def resolve(self, mapper: RestMapper) -> Kind[Unstructured]:
        mapping = await mapper.mapping(self.gvk)
        return Kind(mapping.kind, mapping.resource, mapping.namespaced, partial(_unstructured, mapping.kind))


class MetadataOnly(msgspec.Struct, frozen=True):
    """Nothing but ``metadata`` of a kind's objects: the server leaves the rest out."""

    of: type[Object] | GroupVersionKind

    async def resolve(self, mapper: RestMapper) -> Kind[Unstructured]:
        kind: Kind[Any] = (
            kind_of_class(self.of) if isinstance(self.of, type) else await Untyped(self.of).resolve(mapper)
        )
        read = partial(_metadata, kind.gvk)
        return Kind(kind.gvk, kind.resource, kind.namespaced, read, _PARTIAL, _PARTIAL_LIST)


_CLASSES: dict[type, Kind[Any]] = {}


def kind_of_class(cls: type[T]) -> Kind[T]:
    """The kind of a typed class, by what the class says of itself.

    :raises TypeError: it is no class of a kind.
    """
    if kind := _CLASSES.get(cls):
        return kind
    if not issubclass(cls, Object):
        raise TypeError(f"{cls.__name__} is no class of a kind; for kinds without a class there is Untyped(gvk)")
    gvk = cls.gvk
    resource = GroupVersionResource(gvk.group, gvk.version, cls.plural)
    kind = _CLASSES[cls] = Kind(gvk, resource, cls.namespaced, partial(from_json, cls))
    return kind


def _unstructured(gvk: GroupVersionKind, data: bytes) -> Unstructured:
    """Items of a list do not name their kind."""
    content = msgspec.json.decode(data)
    content.setdefault("apiVersion", gvk.api_version)
    content.setdefault("kind", gvk.kind)
    return Unstructured(content)


def _metadata(gvk: GroupVersionKind, data: bytes) -> Unstructured:
    metadata = msgspec.json.decode(data).get("metadata")
    return Unstructured({"apiVersion": gvk.api_version, "kind": gvk.kind, "metadata": metadata})
