"""The form in which Go keeps and prints the API types: a decoder for every definition, compiled once.

A client's JSON goes in; out comes the same object as kube-apiserver would print it: quantities and times in their
canonical form, empty lists and zero values gone where the Go field says ``omitempty``, absent structs and required
fields present with their zero value.  Which Go field is what comes from `go_shapes.json` (made by
`tools/go_shapes.py`), a letter for each field that the schema alone does not explain:

``z`` a plain value, dropped when zero; ``S`` ``I`` ``B`` a string, number or bool that is always printed; ``Q`` ``D``
a quantity or duration that is; ``O`` a struct that is; ``o`` a struct dropped when zero; ``N`` printed as null when
empty.  Any other field is a pointer, kept when given, or a list or map, kept unless empty.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import msgspec

from kubewright.apiserver.registry.builtin.definitions import definitions
from kubewright.apiserver.registry.strategy import DecodeError, Object
from kubewright.objects.quantity import Quantity
from kubewright.schema.node import Raw

Unknown = list[str]
Codec = Callable[[Any, str, Unknown], Any]
"""Value, its path (``spec.containers[0]``), where paths of unknown fields are noted; gives the value in Go's form."""

_INT_LIMITS = {"int32": 2**31, "int64": 2**63}


def decode(definition: str, obj: Any, unknown: Unknown) -> Object:
    """An object as its Go type holds it.

    :raises DecodeError: a value has the wrong type.
    """
    decoded: Object = struct_codec(definition)(obj, "", unknown)
    return decoded


@cache
def _letters() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("kubewright.apiserver.registry.builtin").joinpath("go_shapes.json").read_bytes()
    found: dict[str, dict[str, str]] = msgspec.json.decode(text)
    return found


class StructCodec:
    """Decodes one Go struct; its fields are compiled when the first value comes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.go_name = name.rpartition(".")[2]
        self._compiled: tuple[dict[str, tuple[Codec, str]], list[tuple[str, Any]]] | None = None

    def _compile(self) -> tuple[dict[str, tuple[Codec, str]], list[tuple[str, Any]]]:
        letters = _letters().get(self.name, {})
        fields: dict[str, tuple[Codec, str]] = {}
        always: list[tuple[str, Any]] = []
        for field, raw in definitions().raw[self.name]["properties"].items():
            codec = _codec(raw)
            collection = _is_collection(raw)
            letter = letters.get(field) or ("e" if collection else "p")
            fields[field] = codec, "p" if letter == "N" and not collection else letter
            if letter in "SIBQDN":
                always.append((field, {"S": "", "I": 0, "B": False, "Q": "0", "D": "0s", "N": None}[letter]))
            elif letter == "O":
                always.append((field, codec))
        return fields, always

    def __call__(self, value: Any, path: str, unknown: Unknown) -> Any:
        if self._compiled is None:
            self._compiled = self._compile()
        fields, always = self._compiled
        if value.__class__ is not dict:
            raise _mismatch(value, path, f"v1.{self.go_name}")
        decoded: Object = {}
        prefix = f"{path}." if path else ""
        for key, item in value.items():
            if key not in fields:
                unknown.append(prefix + key)
                continue
            if item is None:
                continue
            codec, letter = fields[key]
            try:
                item = codec(item, prefix + key, unknown)
            except _Mismatch as error:
                raise DecodeError(error.within(self.go_name)) from None
            if item or letter not in "zeo":
                decoded[key] = None if letter == "N" and not item else item
        for key, zero in always:
            if key not in decoded:
                decoded[key] = zero({}, prefix + key, unknown) if callable(zero) else zero
        return decoded


class _Mismatch(DecodeError):
    """A value of a wrong type, before it is known in which struct it lies."""

    def __init__(self, found: str, path: str, wanted: str) -> None:
        super().__init__(f"json: cannot unmarshal {found} into Go value of type {wanted}")
        self.found, self.path, self.wanted = found, re.sub(r"\[[^]]*\]", "", path), wanted

    def within(self, struct: str) -> str:
        return f"json: cannot unmarshal {self.found} into Go struct field {struct}.{self.path} of type {self.wanted}"


def _mismatch(value: Any, path: str, wanted: str) -> _Mismatch:
    names = {str: "string", bool: "bool", dict: "object", list: "array", type(None): "null"}
    found = names.get(value.__class__) or ("number" if value.__class__ is int else f"number {value}")
    return _Mismatch(found, path, wanted)


def _is_collection(raw: Raw) -> bool:
    kind = raw.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return "array" in kinds or "additionalProperties" in raw or raw.get("format") == "byte"


def _codec(raw: Raw) -> Codec:
    name = raw.get("$ref") or next((part["$ref"] for part in raw.get("allOf") or () if "$ref" in part), None)
    if name is not None:
        return named_codec(name.rpartition("/")[2])
    kind = raw.get("type")
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    match kind:
        case "array":
            return _list_codec(_codec(raw["items"]))
        case "object" if "additionalProperties" in raw:
            return _map_codec(_codec(raw["additionalProperties"]))
        case "string" if raw.get("format") == "byte":
            return _bytes
        case "string":
            return _string
        case "boolean":
            return _boolean
        case "integer":
            return _int64 if raw.get("format") == "int64" else _int32
        case "number":
            return _number
    return _anything


@cache
def struct_codec(name: str) -> StructCodec:
    return StructCodec(name)


@cache
def named_codec(name: str) -> Codec:
    """The codec of a definition: a struct's own, or that of a type with a JSON form of its own."""
    special = _SPECIAL.get(name.rpartition(".")[2])
    if special is not None:
        return special
    return struct_codec(name) if "properties" in definitions().raw[name] else _codec(definitions().raw[name])


def _list_codec(item_codec: Codec) -> Codec:
    zero: Any = "" if item_codec is _string else 0 if item_codec in (_int32, _int64) else None

    def codec(value: Any, path: str, unknown: Unknown) -> Any:
        if value.__class__ is not list:
            raise _mismatch(value, path, "[]" + _go_type(item_codec))
        if isinstance(item_codec, StructCodec):
            return [
                item_codec({} if item is None else item, f"{path}[{index}]", unknown)
                for index, item in enumerate(value)
            ]
        return [zero if item is None else item_codec(item, path, unknown) for item in value]

    return codec


def _map_codec(value_codec: Codec) -> Codec:
    zero = "" if value_codec in (_string, _bytes) else "0" if value_codec is _quantity else None

    def codec(value: Any, path: str, unknown: Unknown) -> Any:
        if value.__class__ is not dict:
            raise _mismatch(value, path, "map[string]" + _go_type(value_codec))
        if isinstance(value_codec, StructCodec):
            return {key: value_codec(item or {}, f"{path}.{key}", unknown) for key, item in value.items()}
        return {key: zero if item is None else value_codec(item, path, unknown) for key, item in value.items()}

    return codec


def _go_type(codec: Codec) -> str:
    if isinstance(codec, StructCodec):
        return f"v1.{codec.go_name}"
    names: dict[Codec, str] = {_string: "string", _int32: "int32", _int64: "int64", _boolean: "bool"}
    return names.get(codec, "interface {}")


def _string(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ is not str:
        raise _mismatch(value, path, "string")
    return value


def _boolean(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ is not bool:
        raise _mismatch(value, path, "bool")
    return value


def _int32(value: Any, path: str, unknown: Unknown) -> Any:
    return _integer(value, path, "int32")


def _int64(value: Any, path: str, unknown: Unknown) -> Any:
    return _integer(value, path, "int64")


def _integer(value: Any, path: str, wanted: str) -> int:
    limit = _INT_LIMITS[wanted]
    if value.__class__ is not int:
        raise _mismatch(value, path, wanted)
    if not -limit <= value < limit:
        raise _Mismatch(f"number {value}", path, wanted)
    number: int = value
    return number


def _number(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ not in (int, float):
        raise _mismatch(value, path, "float64")
    return value


def _bytes(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ is not str:
        raise _mismatch(value, path, "[]uint8")
    try:
        # Go's decoder passes over line breaks inside the text, as encoders of long secrets put them there.
        text = value.replace("\n", "").replace("\r", "")
        return text if base64.b64decode(text, validate=True) or not text else ""
    except binascii.Error:
        good = re.match(r"[A-Za-z0-9+/]*", value)
        raise DecodeError(f"illegal base64 data at input byte {good.end() if good else 0}") from None


def _anything(value: Any, path: str, unknown: Unknown) -> Any:
    return value


@lru_cache(maxsize=4096)
def _canonical_quantity(text: str) -> str:
    return str(Quantity(text))


def _quantity(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ not in (str, int, float):
        raise _mismatch(value, path, "resource.Quantity")
    try:
        return _canonical_quantity(str(value))
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _int_or_string(value: Any, path: str, unknown: Unknown) -> Any:
    if value.__class__ is str:
        return value
    return _integer(value, path, "int32")


_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)\Z",
)


def _time(value: Any, path: str, unknown: Unknown) -> Any:
    return _timestamp(value, path, "2006-01-02T15:04:05Z07:00", micro=False)


def _micro_time(value: Any, path: str, unknown: Unknown) -> Any:
    return _timestamp(value, path, "2006-01-02T15:04:05.000000Z07:00", micro=True)


def _timestamp(value: Any, path: str, layout: str, *, micro: bool) -> str:
    """RFC 3339 in UTC: whole seconds, or six digits for a MicroTime."""
    if value.__class__ is not str:
        raise _mismatch(value, path, "string")
    return _canonical_time(value, layout, micro=micro)


@lru_cache(maxsize=4096)
def _canonical_time(value: str, layout: str, *, micro: bool) -> str:
    found = _RFC3339.match(value)
    try:
        if found is None or (micro and not found.group(7)):
            raise ValueError(value)
        if found.group(8) == "Z" and not found.group(7):
            datetime.fromisoformat(value)
            return str(value)
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        text = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        raise DecodeError(text) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


# Schemas inside these have a decoder of their own in Go, which neither reports unknown fields nor knows where it is.


def _schema(value: dict[str, Any]) -> Any:
    return struct_codec("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")(value, "", [])


def _schema_or_bool(value: Any, path: str, unknown: Unknown) -> Any:
    if type(value) is dict:
        return _schema(value)
    if type(value) is bool:
        return value
    raise DecodeError("boolean or JSON schema expected")


def _schema_or_array(value: Any, path: str, unknown: Unknown) -> Any:
    if type(value) is list:
        return [_schema(one) if type(one) is dict else {} for one in value]
    return _schema(value) if type(value) is dict else None


def _schema_or_strings(value: Any, path: str, unknown: Unknown) -> Any:
    if type(value) is list:
        return [_string(one, path, unknown) for one in value]
    return _schema(value) if type(value) is dict else None


_SPECIAL: Mapping[str, Codec] = {
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "Time": _time,
    "MicroTime": _micro_time,
    "RawExtension": _anything,
    "FieldsV1": _anything,
    "JSON": _anything,
    "JSONSchemaPropsOrArray": _schema_or_array,
    "JSONSchemaPropsOrBool": _schema_or_bool,
    "JSONSchemaPropsOrStringArray": _schema_or_strings,
}
