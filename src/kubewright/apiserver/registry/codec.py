"""How objects of one resource version are read from requests and stored.

Bodies come in and become checked objects of this version; stored bytes become objects or answers of this version,
whatever version they were written in.  Stored bytes always begin with kind, apiVersion and metadata, in this order: so
the resource version is put into an answer without decoding it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from kubewright.apiserver.admission.refusal import internal_error
from kubewright.apiserver.registry import body as bodies
from kubewright.apiserver.registry.builtin.definitions import is_defined
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import DecodeError, Object
from kubewright.apiserver.watch_cache import CachedObject
from kubewright.objects import field_errors
from kubewright.objects.errors import BadRequest, Cause, Invalid
from kubewright.objects.names import GroupKind, GroupVersionKind

_encode = msgspec.json.encode
_decode = msgspec.json.decode


_SHOWN: Final = 30
"""Bytes of a body that messages show."""

_ORDER = dict.fromkeys(("kind", "apiVersion", "metadata"))
"""The members that come first."""


class Codec:
    """Reads and writes the objects of one resource version.

    :param former: other versions in which requests may bring the same objects.
    """

    def __init__(self, resource: Resource, former: Collection[str] = ()) -> None:
        self.resource = resource
        self._former = former
        self._head = head(resource.gvk)
        self._same_type = resource.stored_gvk == resource.gvk
        self._shape = f"{resource.gvk.api_version}@{resource.schema_revision}"

    # Requests

    def decode(self, body: bytes, media_type: str, write: Write) -> Object:
        """Read a request's object; unknown and duplicate fields are refused or warned about, as the request asks.

        :raises BadRequest: it is not an object of this kind.
        """
        try:
            obj, repeated = bodies.parse_object(body, media_type)
        except BadRequest as error:
            wanted = f"must be of type {self.resource.gvk.kind}"
            text = f"the object provided is unrecognized ({wanted}): {error.message} ({_beginning(body)})"
            raise BadRequest(text) from None
        if isinstance(repeated, bodies.Pairs) and not self.resource.custom:
            obj = bodies.as_struct(repeated, self.resource.node)
        self.check_type(obj)
        coerced, unknown = self._read(obj)
        if write.field_validation != "Ignore" and (unknown or repeated is not None):
            self._report(unknown, repeated, write)
        return coerced

    def coerce(self, obj: Object) -> Object:
        """Read an object that an apply or an admission stage made; what is unknown is dropped.

        :raises BadRequest: a value has the wrong type.
        """
        return self._read(obj)[0]

    def decode_mutated(self, obj: Object) -> Object:
        """Read an object that mutating admission made.

        :raises InternalError: it has become one of another kind, or a value has the wrong type.
        """
        made, wanted = (obj.get("apiVersion"), obj.get("kind")), self.resource.gvk
        if made != (wanted.api_version, wanted.kind):
            raise internal_error(
                f"admission made {made[0]}, Kind={made[1]} of {wanted.api_version}, Kind={wanted.kind}"
            )
        try:
            return self.resource.strategy.decode(obj, [])
        except DecodeError as error:
            raise internal_error(str(error)) from None

    def coerce_patched(self, obj: Object, write: Write, strict: Sequence[str] = ()) -> Object:
        """Read an object that a patch made.

        :param strict: what is wrong with the patch itself in the eyes of strict decoding.
        :raises Invalid: it is no object of this kind, or has unknown fields that the request forbids.
        """
        unknown: list[str] = []
        try:
            self.check_type(bodies.check_object(obj))
            coerced = self._decoded(obj, unknown)
        except DecodeError as error:
            raise _bad_patch(field_errors.invalid("patch", field_errors.OMIT, str(error))) from None
        except BadRequest as error:
            raise _bad_patch(field_errors.invalid("patch", _encode(obj).decode(), error.message)) from None
        if write.field_validation != "Ignore":
            problems = [*strict, *(f'unknown field "{path}"' for path in unknown)]
            if problems and write.field_validation == "Strict":
                text = f"strict decoding error: {', '.join(problems)}"
                raise _bad_patch(field_errors.invalid("patch", field_errors.OMIT, text))
            for problem in problems:
                write.warn(problem)
        return coerced

    def check_type(self, obj: Object) -> None:
        """:raises BadRequest: the object says that it is of another type."""
        kind, api_version = obj.get("kind"), obj.get("apiVersion")
        if self.resource.custom:
            self._check_custom_type(obj, kind, api_version)
            return
        for field, value in (("kind", kind), ("apiVersion", api_version)):
            if not isinstance(value, str | None):
                raise BadRequest(
                    f"couldn't get version/kind; json parse error: json: cannot unmarshal {bodies.json_type(value)} "
                    f"into Go struct field .{field} of type string"
                )
        wanted = self.resource.gvk
        found = GroupVersionKind.parse(api_version or wanted.api_version, kind or wanted.kind)
        if found == wanted or (found.kind == wanted.kind and found.api_version in self._former):
            obj["kind"], obj["apiVersion"] = wanted.kind, wanted.api_version
            return
        if is_defined(found) and (found.group, found.kind) == (wanted.group, wanted.kind):
            raise _another_version(found.api_version, wanted)
        if is_defined(found):
            why = f"converting ({_go_name(found)}) to ({_internal_name(wanted)}): unknown conversion"
        else:
            scheme = "pkg/api/legacyscheme/scheme.go:30"
            why = f'no kind "{found.kind}" is registered for version "{found.api_version}" in scheme "{scheme}"'
        raise BadRequest(f'{found.kind} in version "{found.version}" cannot be handled as a {wanted.kind}: {why}')

    def _check_custom_type(self, obj: Object, kind: Any, api_version: Any) -> None:
        wanted = self.resource.gvk
        if not isinstance(kind, str) or not kind:
            raise BadRequest(f"Object 'Kind' is missing in '{_encode(obj).decode()}'")
        if not isinstance(api_version, str) or not api_version:
            raise BadRequest(f"Object 'apiVersion' is missing in '{_encode(obj).decode()}'")
        if api_version != wanted.api_version:
            raise _another_version(api_version, wanted)
        if kind != wanted.kind:
            name = obj["metadata"].get("name", "") if isinstance(obj.get("metadata"), dict) else ""
            cause = field_errors.invalid("kind", kind, f"must be {wanted.kind}")
            raise Invalid.of(GroupKind(wanted.group, kind), name, [cause])

    def _read(self, obj: Object) -> tuple[Object, list[str]]:
        unknown: list[str] = []
        try:
            return self._decoded(obj, unknown), unknown
        except DecodeError as error:
            gvk = self.resource.gvk
            raise BadRequest(
                f'{gvk.kind} in version "{gvk.version}" cannot be handled as a {gvk.kind}: {error}'
            ) from None

    def _decoded(self, obj: Object, unknown: list[str]) -> Object:
        """:raises DecodeError: a value has the wrong type."""
        metadata = obj.get("metadata")
        forgets = isinstance(metadata, dict) and metadata.get("managedFields") == []
        decoded = self.resource.strategy.decode(obj, unknown)
        self.resource.strategy.read(decoded)
        if forgets:  # An empty list that means something: whoever brings it wants no managers to be known.
            decoded["metadata"]["managedFields"] = []
        return decoded

    def _report(self, unknown: list[str], repeated: bodies.Pairs | bodies.Repeated | None, write: Write) -> None:
        unknown = [f'unknown field "{path}"' for path in unknown]
        if repeated is None:
            problems = unknown
        elif isinstance(repeated, bodies.Repeated):
            problems = [*([repeated.problem] if write.field_validation == "Strict" else repeated), *unknown]
        elif not self.resource.custom:
            problems = list(bodies.strict_problems(repeated, self.resource.node))
        else:
            problems = [*bodies.duplicates(repeated), *unknown]
        if write.field_validation == "Strict" and problems:
            gvk = self.resource.gvk
            raise BadRequest(
                f'{gvk.kind} in version "{gvk.version}" cannot be handled as a {gvk.kind}: strict decoding error: '
                + ", ".join(problems)
            )
        for problem in problems:
            write.warn(problem)

    # Storage

    async def encode_stored(self, obj: Object) -> bytes:
        """The bytes to store: in the storage version, without the resource version."""
        if not self._same_type:
            obj = await self._to_storage(obj)
        metadata = dict(obj["metadata"])
        metadata.pop("resourceVersion", None)
        return _encode({**_ORDER, **obj, "metadata": metadata})

    async def written(self, obj: Object, value: bytes) -> Object:
        """What a write is answered with: the object as it is read from what is stored of it.

        That is the object itself unless it is stored in another version, whose schema may leave things out or add its
        defaults.
        """
        if self._same_type:
            return obj
        read = await self._converted(_decode(value))
        if version := obj["metadata"].get("resourceVersion"):
            read["metadata"]["resourceVersion"] = version
        return read

    async def decode_stored(self, cached: CachedObject) -> Object:
        """A new object of this version, with its resource version."""
        if self.presentable(cached):
            obj: Object = _decode(cached.value)
        else:
            obj = await self._converted(_decode(cached.value))
        obj["metadata"]["resourceVersion"] = str(cached.revision)
        return obj

    async def present(self, cached: CachedObject) -> bytes:
        """The object of this version as JSON, with its resource version."""
        if self.presentable(cached):
            return self.spliced(cached)
        shaped = cached.shapes.get(self._shape)
        if shaped is None:
            obj = await self._converted(_decode(cached.value))
            obj["metadata"]["resourceVersion"] = str(cached.revision)
            shaped = _encode(obj)
            if self._same_type or self.resource.stored_as is not None:
                cached.shapes[self._shape] = shaped  # A webhook may convert the same object differently tomorrow.
        return shaped

    def spliced(self, cached: CachedObject) -> bytes:
        """A presentable object with its resource version, which goes in behind the head."""
        return b'%b"resourceVersion":"%d",%b' % (self._head, cached.revision, cached.value[len(self._head) :])

    async def list_item(self, cached: CachedObject) -> bytes:
        """The object as an item of a list: built-in lists leave out the type of their items."""
        if self.resource.custom:
            return await self.present(cached)
        if self.presentable(cached):
            start = len(self._head)
            return b'{"metadata":{"resourceVersion":"%d",%b' % (cached.revision, cached.value[start:])
        obj: Object = _decode(await self.present(cached))
        del obj["kind"], obj["apiVersion"]
        return _encode(obj)

    def read_fields(self, stored: Object) -> Mapping[str, str]:
        """The fields of a stored object that selectors may name."""
        if self.resource.stored_as is not None:
            stored = self.resource.strategy.from_storage(stored)
        return self.resource.strategy.fields(stored)

    def presentable(self, cached: CachedObject) -> bool:
        """Whether the stored bytes are what this version would write today."""
        return (
            self._same_type and cached.revision >= self.resource.schema_revision and cached.value.startswith(self._head)
        )

    async def _converted(self, obj: Object) -> Object:
        resource = self.resource
        if resource.stored_as is not None:
            return resource.strategy.from_storage(obj)
        api_version = resource.gvk.api_version
        if resource.versions is not None:
            # Defaults are those of the version that the object was written in; what it is converted to is pruned.
            written = resource.versions.strategy(obj["apiVersion"]) or resource.strategy
            obj = written.decode(obj, [])
            written.default(obj)
        if obj["apiVersion"] != api_version and resource.converter is not None:
            [obj] = await resource.converter.convert([obj], api_version)
            obj = resource.strategy.decode(obj, [])
        return obj

    async def _to_storage(self, obj: Object) -> Object:
        if self.resource.stored_as is not None:
            return self.resource.strategy.to_storage(obj)
        if self.resource.converter is not None:
            stored = self.resource.stored_gvk.api_version
            [obj] = await self.resource.converter.convert([msgspec.json.decode(_encode(obj))], stored)
            strategy = self.resource.versions.strategy(stored) if self.resource.versions is not None else None
            obj = strategy.decode(obj, []) if strategy is not None else obj
        return obj


def _another_version(found: str, wanted: GroupVersionKind) -> BadRequest:
    return BadRequest(
        f"the API version in the data ({found}) does not match the expected API version ({wanted.api_version})"
    )


def head(gvk: GroupVersionKind) -> bytes:
    """How the JSON of every stored object of a type begins, up to the first member of its metadata."""
    return b'{"kind":%b,"apiVersion":%b,"metadata":{' % (_encode(gvk.kind), _encode(gvk.api_version))


def _bad_patch(cause: Cause) -> Invalid:
    return Invalid.of(GroupKind("", ""), "", [cause])


def _beginning(body: bytes) -> str:
    """The first bytes of a body, to recognize it by: as text where it looks like JSON."""
    if not body:
        return "<empty>"
    shown = body[:_SHOWN].decode(errors="replace") if body.startswith(b"{") else body[:_SHOWN].hex()
    return shown if len(body) <= _SHOWN else f"{shown} ..."


def _go_name(gvk: GroupVersionKind) -> str:
    return f"{gvk.version}.{gvk.kind}"


def _internal_name(gvk: GroupVersionKind) -> str:
    """The unversioned Go type, as conversion errors name it."""
    return f"{gvk.group.partition('.')[0] or 'core'}.{gvk.kind}"
