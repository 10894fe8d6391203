"""Objects as the cache keeps them: their bytes, and the few fields that keys, predicates and selectors need.

Bytes of one object come in; a `StoredObject` goes out that decodes the whole only when somebody asks, and then freshly,
so that no reader can change what others read and nothing is ever copied in depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from sys import intern
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from kubewright.objects.meta import OwnerReference
from kubewright.objects.names import ObjectKey

T = TypeVar("T")

Transform: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes an object's plain JSON before it is stored; must give the same result when applied twice."""

_NOTHING = msgspec.Raw()


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None
    managed_fields: msgspec.Raw = _NOTHING


class _Object(msgspec.Struct, gc=False):
    metadata: _Metadata


class _Annotations(msgspec.Struct, gc=False):
    annotations: dict[str, str] | None = None


class _Annotated(msgspec.Struct, gc=False):
    metadata: _Annotations


_decode_object = msgspec.json.Decoder(_Object).decode
_decode_annotations = msgspec.json.Decoder(_Annotated).decode


class StoredObject(Generic[T]):
    """An object as it was seen at one resource version; an `Observed` of events."""

    __slots__ = ("_decode", "_metadata", "key", "raw")

    def __init__(self, raw: bytes, metadata: _Metadata, decode: Callable[[bytes], T]) -> None:
        self.raw = raw
        """Its JSON, without ``managedFields``."""
        self.key = ObjectKey(intern(metadata.namespace), metadata.name)
        self._metadata = metadata
        self._decode = decode

    @property
    def uid(self) -> str:
        return self._metadata.uid

    @property
    def resource_version(self) -> str:
        return self._metadata.resource_version

    @property
    def generation(self) -> int:
        return self._metadata.generation

    @property
    def labels(self) -> Mapping[str, str]:
        return self._metadata.labels or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        """Decoded at each call: they can be as big as the object, and few ask."""
        return _decode_annotations(self.raw).metadata.annotations or {}

    @property
    def owner_references(self) -> Sequence[OwnerReference]:
        return self._metadata.owner_references or ()

    @property
    def deleting(self) -> bool:
        return self._metadata.deletion_timestamp is not None

    def decode(self) -> T:
        return self._decode(self.raw)

    def plain(self) -> dict[str, Any]:
        """The whole object as plain JSON values."""
        plain: dict[str, Any] = msgspec.json.decode(self.raw)
        return plain

    def __repr__(self) -> str:
        return f"<{self.key} at {self.resource_version}>"


class ObjectReader(Generic[T]):
    """Makes stored objects of bytes.

    :param decode: how the whole object is read later.
    :param transform: applied to the plain JSON of each object first; costs a decoding and an encoding.
    :param metadata_only: keep nothing but ``metadata``, whatever comes.
    :param keep_managed_fields: they are dropped otherwise: often the bigger half of an object, and seldom read.
    """

    def __init__(
        self,
        decode: Callable[[bytes], T],
        *,
        transform: Transform | None = None,
        metadata_only: bool = False,
        keep_managed_fields: bool = False,
    ) -> None:
        self._decode = decode
        self._transform = transform
        self._metadata_only = metadata_only
        self._keep_managed_fields = keep_managed_fields

    def read(self, data: bytes | msgspec.Raw) -> StoredObject[T]:
        """
        :raises msgspec.DecodeError: it is no JSON object with metadata.
        """
        if self._transform or self._metadata_only:
            data = self._reshape(data)
        metadata = _decode_object(data).metadata
        raw = bytes(data)
        if metadata.managed_fields:
            if not self._keep_managed_fields:
                raw = _without_managed_fields(raw, bytes(metadata.managed_fields))
            metadata.managed_fields = _NOTHING  # a view that would keep the whole batch alive
        return StoredObject(raw, metadata, self._decode)

    def _reshape(self, data: bytes | msgspec.Raw) -> bytes:
        plain: dict[str, Any] = msgspec.json.decode(data)
        if self._metadata_only:
            plain = {field: plain[field] for field in ("apiVersion", "kind", "metadata") if field in plain}
        return msgspec.json.encode(self._transform(plain) if self._transform else plain)


def _without_managed_fields(raw: bytes, value: bytes) -> bytes:
    """Cut the member out of the text.

    ``metadata`` comes before anything that could hold an equal member, as Kubernetes writes it; a text with blanks
    between, which Kubernetes doesn't write, is left as it is.
    """
    member = b'"managedFields":' + value
    for piece in (b"," + member, member + b",", member):
        if (start := raw.find(piece)) >= 0:
            return raw[:start] + raw[start + len(piece) :]
    return raw
