"""Objects as the cache keeps them: their bytes, and the few fields that keys, predicates and selectors need.

Bytes of one object come in; a `StoredObject` goes out that decodes the whole only when somebody asks, and then freshly,
so that no reader can change what others read and nothing is ever copied in depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from sys import intern
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from kubewright.cache.packing import PLAIN, Packer, Packing
from kubewright.objects.meta import OwnerReference
from kubewright.objects.names import ObjectKey

T = TypeVar("T")

Transform: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes an object's plain JSON before it is stored; must give the same result when applied twice."""

_NOTHING = msgspec.Raw()

_REMEMBERED = 512
"""How many different traits a reader remembers: siblings come one after another, as lists are sorted by name."""


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    labels: msgspec.Raw = _NOTHING
    owner_references: msgspec.Raw = _NOTHING
    managed_fields: msgspec.Raw = _NOTHING


class _Object(msgspec.Struct, gc=False):
    metadata: _Metadata


class _FewAsk(msgspec.Struct, gc=False):
    uid: str = ""
    annotations: dict[str, str] | None = None


class _Asked(msgspec.Struct, gc=False):
    metadata: _FewAsk


_decode_object = msgspec.json.Decoder(_Object).decode
_decode_asked = msgspec.json.Decoder(_Asked).decode
_decode_labels = msgspec.json.Decoder(dict[str, str] | None).decode
_decode_owners = msgspec.json.Decoder(list[OwnerReference] | None).decode


class _Traits(msgspec.Struct, Generic[T], frozen=True, gc=False, eq=False):
    """What an object has in common with its siblings: one for all of them."""

    namespace: str
    generation: int
    deleting: bool
    labels: Mapping[str, str]
    owner_references: Sequence[OwnerReference]
    packing: Packing
    decode: Callable[[bytes], T]


class StoredObject(msgspec.Struct, Generic[T], gc=False, eq=False):
    """An object as it was seen at one resource version; an `Observed` of events.

    There may be very many, so it is small, and the garbage collector does not go through it: it is never in a cycle.
    """

    name: str
    _version: int | str
    _packed: bytes
    _traits: _Traits[T]

    @property
    def namespace(self) -> str:
        return self._traits.namespace

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self._traits.namespace, self.name)

    @property
    def resource_version(self) -> str:
        return str(self._version)

    @property
    def generation(self) -> int:
        return self._traits.generation

    @property
    def deleting(self) -> bool:
        return self._traits.deleting

    @property
    def labels(self) -> Mapping[str, str]:
        return self._traits.labels

    @property
    def owner_references(self) -> Sequence[OwnerReference]:
        return self._traits.owner_references

    @property
    def raw(self) -> bytes:
        """Its JSON, without ``managedFields``."""
        return self._traits.packing.unpack(self._packed)

    @property
    def size(self) -> int:
        """How many bytes its JSON takes in memory."""
        return len(self._packed)

    @property
    def uid(self) -> str:
        """Decoded at each call: few ask, and it would take as much memory as the rest of this."""
        return _decode_asked(self.raw).metadata.uid

    @property
    def annotations(self) -> Mapping[str, str]:
        """Decoded at each call: they can be as big as the object, and few ask."""
        return _decode_asked(self.raw).metadata.annotations or {}

    def decode(self) -> T:
        return self._traits.decode(self.raw)

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
    :param compress: see `packing`.
    :param keep_managed_fields: they are dropped otherwise: often the bigger half of an object, and seldom read.
    """

    def __init__(
        self,
        decode: Callable[[bytes], T],
        *,
        transform: Transform | None = None,
        metadata_only: bool = False,
        keep_managed_fields: bool = False,
        compress: bool = True,
    ) -> None:
        self._packer = Packer(compress=compress)
        self._decode = decode
        self._transform = transform
        self._metadata_only = metadata_only
        self._keep_managed_fields = keep_managed_fields
        self._traits: dict[tuple[object, ...], _Traits[T]] = {}
        self._early: list[StoredObject[T]] = []

    def read(self, data: bytes | msgspec.Raw, *, pack: bool = True) -> StoredObject[T]:
        """
        :param pack: False for an object that is about to be replaced: packing it costs as much as the rest.
        :raises msgspec.DecodeError: it is no JSON object with metadata.
        """
        if self._transform or self._metadata_only:
            data = self._reshape(data)
        metadata = _decode_object(data).metadata
        raw = bytes(data)
        if metadata.managed_fields and not self._keep_managed_fields:
            raw = _without_managed_fields(raw, bytes(metadata.managed_fields))
        early = pack and self._packer.undecided
        traits = self._traits_of(metadata, self._packer.packing if pack else PLAIN)
        obj = StoredObject(
            metadata.name,
            _compact(metadata.resource_version),
            self._packer.pack(raw) if pack else raw,
            traits,
        )
        if early:
            self._early.append(obj)
            if not self._packer.undecided:
                self._pack_early()
        return obj

    def _traits_of(self, metadata: _Metadata, packing: Packing) -> _Traits[T]:
        labels, owners = bytes(metadata.labels), bytes(metadata.owner_references)
        deleting = metadata.deletion_timestamp is not None
        key = (metadata.namespace, metadata.generation, deleting, labels, owners, packing)
        traits = self._traits.get(key)
        if traits is None:
            if len(self._traits) >= _REMEMBERED:
                self._traits.clear()
            traits = self._traits[key] = _Traits(
                intern(metadata.namespace),
                metadata.generation,
                deleting,
                (labels and _decode_labels(labels)) or {},
                (owners and _decode_owners(owners)) or (),
                packing,
                self._decode,
            )
        return traits

    def _pack_early(self) -> None:
        """Pack the objects that came before the packer knew how."""
        packing = self._packer.packing
        for obj in self._early:
            obj._packed = packing.pack(obj._packed)
            obj._traits = msgspec.structs.replace(obj._traits, packing=packing)
        self._early.clear()

    def _reshape(self, data: bytes | msgspec.Raw) -> bytes:
        plain: dict[str, Any] = msgspec.json.decode(data)
        if self._metadata_only:
            plain = {field: plain[field] for field in ("apiVersion", "kind", "metadata") if field in plain}
        return msgspec.json.encode(self._transform(plain) if self._transform else plain)


def _compact(resource_version: str) -> int | str:
    """As the number that it is in all of Kubernetes: half as big as its text.  Any other text stays."""
    number = int(resource_version) if resource_version.isdecimal() and len(resource_version) < 20 else 0
    return number if str(number) == resource_version else resource_version


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
