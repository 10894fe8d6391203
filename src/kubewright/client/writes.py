"""What others learn of a client's writes: caches read them before their watches show them.

The server's answers go in; one `Write` for each object that was written comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from kubewright.objects.names import GroupVersionResource, ObjectKey

WriteVerb: TypeAlias = Literal["create", "update", "patch", "apply", "delete", "deletecollection"]


class Write(NamedTuple):
    """A write that the server accepted: what caches learn of the client's own doing."""

    verb: WriteVerb
    resource: GroupVersionResource
    key: ObjectKey
    """The name is empty for a deleted collection, and for a new object, whose name the answer tells."""
    answer: bytes
    """The object after the write, or a ``Status``."""
    subresource: str = ""
    created: bool = False
    """Whether there was no such object before; an apply may find one or not."""


class _Metadata(msgspec.Struct):
    name: str
    uid: str
    namespace: str = ""


class _Item(msgspec.Struct):
    metadata: _Metadata


class _Items(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


_decode_items = msgspec.json.Decoder(_Items).decode
_decode_item = msgspec.json.Decoder(_Item).decode


def deletions(resource: GroupVersionResource, deleted: bytes, left: bytes) -> Iterator[Write]:
    """The deletion of a collection as those of its objects.

    :param deleted: the answer to it: the objects as they were before, or a ``Status`` without any.
    :param left: a list after it: those that are held by finalizers or grace periods are in it, marked.
    """
    held = {_decode_item(item).metadata.uid: bytes(item) for item in _decode_items(left).items or ()}
    for item in _decode_items(deleted).items or ():
        metadata = _decode_item(item).metadata
        gone = msgspec.json.encode({"kind": "Status", "details": {"uid": metadata.uid}})
        key = ObjectKey(metadata.namespace, metadata.name)
        yield Write("delete", resource, key, held.get(metadata.uid, gone))
