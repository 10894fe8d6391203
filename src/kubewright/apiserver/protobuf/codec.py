"""Objects as JSON on one side, protobuf's wire format on the other.

`messages.json` numbers the fields of every message; a `Message` compiles its part of that once and then walks a JSON
object or a buffer.  Types whose JSON form is not an object of their fields (times, quantities, int-or-string, raw
JSON) have a codec of their own below.  Only what is present is written: that means the same as a zero.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol

import msgspec

from kubewright.objects.time import Duration, format_time, parse_time

Object = dict[str, Any]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DecodeError(ValueError):
    """The bytes are not a message of the expected type."""


class Type(Protocol):
    """One protobuf type: its wire type, and the way there and back."""

    wire: int

    def encode(self, value: Any) -> bytes:
        """The payload, without tag and length."""
        ...

    def decode(self, payload: bytes | int) -> Any: ...


class Field(NamedTuple):
    name: str
    number: int
    mode: str
    type: Type
    tag: bytes


class Message:
    """A message whose JSON form is an object."""

    wire = _BYTES

    def __init__(self, name: str) -> None:
        self.name = name
        self.fields: dict[str, Field] = {}
        self.numbers: dict[int, Field] = {}
        self.inline: list[Field] = []

    def complete(self, fields: Mapping[str, str]) -> None:
        """Take in the fields; apart from the constructor because messages contain each other."""
        for name, text in fields.items():
            number, mode, kind = text.split(" ")
            type_ = type_named(kind)
            field = Field(name, int(number), mode, type_, varint(int(number) << 3 | type_.wire))
            self.numbers[field.number] = field
            if mode == "inline":
                self.inline.append(field)
            else:
                self.fields[name] = field

    def encode(self, value: Any) -> bytes:
        parts: list[bytes] = []
        fields = self.fields
        for name, member in value.items():
            field = fields.get(name)
            if field is None or member is None:
                continue
            match field.mode:
                case "one":
                    parts.append(self._tagged(field, member))
                case "many":
                    parts.extend(self._tagged(field, one) for one in member)
                case _:
                    parts.extend(self._entry(field, key, one) for key, one in member.items())
        bodies = ((field.tag, field.type.encode(value)) for field in self.inline)
        parts.extend(tag + varint(len(body)) + body for tag, body in bodies if body)
        return b"".join(parts)

    def decode(self, payload: bytes | int) -> Object:
        found: Object = {}
        for number, content in read_fields(payload):
            field = self.numbers.get(number)
            if field is None:
                continue  # a newer client's field
            match field.mode:
                case "one":
                    found[field.name] = field.type.decode(content)
                case "many":
                    found.setdefault(field.name, []).append(field.type.decode(content))
                case "map":
                    entry = dict(read_fields(content))
                    key = entry.get(1, b"")
                    if not isinstance(key, bytes):
                        raise DecodeError(f"{self.name}.{field.name}: a key is no string")
                    found.setdefault(field.name, {})[key.decode()] = field.type.decode(entry.get(2, b""))
                case _:
                    found |= field.type.decode(content)
        return found

    def _tagged(self, field: Field, value: Any) -> bytes:
        body = field.type.encode(value)
        return field.tag + (varint(len(body)) + body if field.type.wire == _BYTES else body)

    def _entry(self, field: Field, key: str, value: Any) -> bytes:
        name, body = key.encode(), field.type.encode(value)
        entry = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(body)) + body
        return field.tag + varint(len(entry)) + entry


def read_fields(payload: bytes | int) -> list[tuple[int, bytes | int]]:
    """The fields of a message in wire order: numbers with payloads.

    :raises DecodeError: the bytes end inside a field, or have an unknown wire type.
    """
    if isinstance(payload, int):
        raise DecodeError("a number stands where a message was expected")
    found: list[tuple[int, bytes | int]] = []
    position, end = 0, len(payload)
    while position < end:
        key, position = read_varint(payload, position)
        wire = key & 7
        content: bytes | int
        if wire == _VARINT:
            content, position = read_varint(payload, position)
        else:
            if wire == _BYTES:
                length, position = read_varint(payload, position)
            elif wire in (_FIXED64, _FIXED32):
                length = 8 if wire == _FIXED64 else 4
            else:
                raise DecodeError(f"unknown wire type {wire}")
            if position + length > end:
                raise DecodeError("the message ends inside a field")
            content = payload[position : position + length]
            position += length
        found.append((key >> 3, content))
    return found


def read_varint(payload: bytes, position: int) -> tuple[int, int]:
    """A variable-length integer, and where it ends."""
    value = shift = 0
    while True:
        if position >= len(payload) or shift > 63:
            raise DecodeError("a number does not end")
        byte = payload[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def varint(value: int) -> bytes:
    """A variable-length integer; negative ones are written as 64 bits, as Go does."""
    if value < 0:
        value += 1 << 64
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


# -- scalars


class _Scalar:
    """A type given by two functions."""

    def __init__(
        self, wire: int, encode: Callable[[Any], bytes], decode: Callable[[Any], Any], expected: type = bytes
    ) -> None:
        self.wire = wire
        self.encode = encode
        self._decode = decode
        self._expected = expected

    def decode(self, payload: bytes | int) -> Any:
        if not isinstance(payload, self._expected):
            raise DecodeError("a field has another type than expected")
        try:
            return self._decode(payload)
        except (ValueError, struct.error, msgspec.DecodeError) as error:
            raise DecodeError(str(error)) from error


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _one(number: int, kind: str) -> Callable[[Any], bytes]:
    """Encode a value as the only field of a message."""
    scalar = _SCALARS[kind]
    tag = varint(number << 3 | scalar.wire)

    def encode(value: Any) -> bytes:
        body = scalar.encode(value)
        return tag + (varint(len(body)) + body if scalar.wire == _BYTES else body)

    return encode


def _first(number: int, kind: str, absent: Any) -> Callable[[bytes], Any]:
    """Decode the only field of a message."""
    scalar = _SCALARS[kind]

    def decode(payload: bytes) -> Any:
        found = dict(read_fields(payload))
        return scalar.decode(found[number]) if number in found else absent

    return decode


_SCALARS: dict[str, _Scalar] = {
    "string": _Scalar(_BYTES, lambda value: str(value).encode(), lambda payload: payload.decode()),
    "bytes": _Scalar(_BYTES, base64.b64decode, lambda payload: base64.b64encode(payload).decode()),
    "int": _Scalar(_VARINT, varint, _signed, int),
    "bool": _Scalar(_VARINT, lambda value: b"\x01" if value else b"\x00", bool, int),
    "double": _Scalar(
        _FIXED64, lambda value: struct.pack("<d", value), lambda payload: struct.unpack("<d", payload)[0]
    ),
    "json": _Scalar(_BYTES, msgspec.json.encode, msgspec.json.decode),
}


def _encode_strings(values: list[str]) -> bytes:
    return b"".join(map(_one(1, "string"), values))


def _decode_strings(payload: bytes) -> list[str]:
    return [_SCALARS["string"].decode(content) for _, content in read_fields(payload)]


def _encode_time(text: str) -> bytes:
    since = parse_time(text) - _EPOCH
    seconds, micros = divmod(since // timedelta(microseconds=1), 1_000_000)
    return b"\x08" + varint(seconds) + b"\x10" + varint(micros * 1000)


def _decode_moment(payload: bytes) -> datetime | None:
    found = dict(read_fields(payload))
    seconds, nanos = found.get(1, 0), found.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise DecodeError("a time is made of numbers")
    if not seconds and not nanos:
        return None
    return _EPOCH + timedelta(seconds=_signed(seconds), microseconds=nanos // 1000)


def _decode_time(payload: bytes) -> str | None:
    moment = _decode_moment(payload)
    return None if moment is None else format_time(moment.replace(microsecond=0))


def _decode_micro_time(payload: bytes) -> str | None:
    moment = _decode_moment(payload)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _encode_int_or_string(value: int | str) -> bytes:
    if isinstance(value, int):
        return b"\x08\x00\x10" + varint(value)
    return b"\x08\x01\x1a" + varint(len(value.encode())) + value.encode()


def _decode_int_or_string(payload: bytes) -> int | str:
    found = dict(read_fields(payload))
    if found.get(1):
        return str(_SCALARS["string"].decode(found.get(3, b"")))
    return int(_SCALARS["int"].decode(found.get(2, 0)))


class _Either:
    """A union of the CRD schema: one of several fields, told apart by the JSON value's type."""

    wire = _BYTES

    def __init__(self, number_of: Callable[[Any], int], types: Mapping[int, tuple[str, str]]) -> None:
        self._number_of = number_of
        self._types = types

    def encode(self, value: Any) -> bytes:
        number = self._number_of(value)
        mode, kind = self._types[number]
        type_ = type_named(kind)
        tag = varint(number << 3 | type_.wire)
        bodies = [type_.encode(one) for one in (value if mode == "many" else [value])]
        return b"".join(tag + (varint(len(body)) + body if type_.wire == _BYTES else body) for body in bodies)

    def decode(self, payload: bytes | int) -> Any:
        several: list[Any] = []
        single: Any = None
        for number, content in read_fields(payload):
            mode, kind = self._types[number]
            decoded = type_named(kind).decode(content)
            if mode == "many":
                several.append(decoded)
            elif single is None or not isinstance(decoded, bool):
                single = decoded  # Allows comes beside Schema, which says more
        return several or single


_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


@cache
def type_named(name: str) -> Type:
    """The type that `messages.json` calls so."""
    if name in _SCALARS:
        return _SCALARS[name]
    match name.rpartition(".")[2]:
        case "strings":
            return _Scalar(_BYTES, _encode_strings, _decode_strings)
        case "Time":
            return _Scalar(_BYTES, _encode_time, _decode_time)
        case "MicroTime":
            return _Scalar(_BYTES, _encode_time, _decode_micro_time)
        case "Duration":
            return _Scalar(
                _BYTES,
                lambda text: _one(1, "int")(Duration.from_plain(text) // timedelta(microseconds=1) * 1000),
                lambda payload: Duration(microseconds=_first(1, "int", 0)(payload) // 1000).to_plain(),
            )
        case "Quantity":
            return _Scalar(_BYTES, _one(1, "string"), _first(1, "string", "0"))
        case "IntOrString":
            return _Scalar(_BYTES, _encode_int_or_string, _decode_int_or_string)
        case "RawExtension" | "FieldsV1" | "JSON":
            return _Scalar(_BYTES, _one(1, "json"), _first(1, "json", None))
        case "JSONSchemaPropsOrBool":
            return _Either(lambda value: 1 if isinstance(value, bool) else 2, {1: ("one", "bool"), 2: ("one", _SCHEMA)})
        case "JSONSchemaPropsOrArray":
            return _Either(
                lambda value: 2 if isinstance(value, list) else 1, {1: ("one", _SCHEMA), 2: ("many", _SCHEMA)}
            )
        case "JSONSchemaPropsOrStringArray":
            return _Either(
                lambda value: 2 if isinstance(value, list) else 1, {1: ("one", _SCHEMA), 2: ("many", "string")}
            )
    return message(name)


_messages: dict[str, Message] = {}


def message(name: str) -> Message:
    """The message of that name, such as ``io.k8s.api.core.v1.Pod``.

    :raises LookupError: there is none.
    """
    if name not in _messages:
        fields = _table().get(name)
        if fields is None:
            raise LookupError(f"{name} has no protobuf form")
        _messages[name] = made = Message(name)
        made.complete(fields)
    return _messages[name]


@cache
def _table() -> dict[str, dict[str, str]]:
    text = resources.files("kubewright.apiserver.protobuf").joinpath("messages.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, str]])
