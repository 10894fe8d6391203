"""OpenAPI v2 as protobuf (gnostic's ``openapi.v2.Document``), the only form in which kubectl asks for that document.

A v2 document as JSON values comes in, its wire format goes out.  Field numbers are those of
``github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto``; operations are left out, no client looks for them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

MEDIA_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_TEXTS: Final = (("$ref", 1), ("format", 2), ("title", 3), ("description", 4), ("pattern", 13))
_NUMBERS: Final = (("maxLength", 11), ("minLength", 12), ("maxItems", 14), ("minItems", 15))


def encode_document(document: Mapping[str, Any]) -> bytes:
    """The whole document."""
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    definitions = b"".join(_message(1, _named(name, one)) for name, one in document["definitions"].items())
    return _text(1, document["swagger"]) + _message(2, info) + _message(8, b"") + _message(9, definitions)


def _named(name: str, schema: Mapping[str, Any]) -> bytes:
    return _text(1, name) + _message(2, _schema(schema))


def _schema(schema: Mapping[str, Any]) -> bytes:
    parts = [_text(number, schema[key]) for key, number in _TEXTS if isinstance(schema.get(key), str)]
    parts += [_number(number, schema[key]) for key, number in _NUMBERS if isinstance(schema.get(key), int)]
    parts += [_text(19, name) for name in schema.get("required") or ()]
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        parts.append(_message(21, _message(1, _schema(additional))))
    elif isinstance(additional, bool):
        parts.append(_message(21, _number(2, int(additional))))
    if isinstance(schema.get("type"), str):
        parts.append(_message(22, _text(1, schema["type"])))
    if isinstance(schema.get("items"), Mapping):
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    parts += [_message(24, _schema(one)) for one in schema.get("allOf") or ()]
    if schema.get("properties"):
        parts.append(_message(25, b"".join(_message(1, _named(*one)) for one in schema["properties"].items())))
    parts += _extensions(schema)
    return b"".join(parts)


def _extensions(schema: Mapping[str, Any]) -> Iterable[bytes]:
    for name, value in schema.items():
        if name.startswith("x-"):
            yaml = msgspec.json.encode(value).decode()  # JSON is YAML
            yield _message(31, _text(1, name) + _message(2, _text(2, yaml)))


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode())


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
