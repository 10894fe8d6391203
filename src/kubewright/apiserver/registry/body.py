"""Request bodies: bytes in one of the accepted media types in, a JSON object and its duplicate fields out.

Bad syntax, absurd nesting and anything that is no object are refused here as ``BadRequest``.  What no text of Unicode
can hold is replaced in JSON, as Go's decoder does it: bytes that are no UTF-8, and halves of surrogate pairs.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from kubewright.apiserver import protobuf
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest
from kubewright.schema.node import Node

MAX_DEPTH = 100
"""Levels that a body may nest; the recursion in the engines behind stays far from Python's limit."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


class Pairs(list[tuple[str, Any]]):
    """A JSON object as its members in document order, duplicates included."""


class Repeated(list[str]):
    """The members of a YAML document that occur more than once, each in the words of Kubernetes' YAML decoder."""

    @property
    def problem(self) -> str:
        """All of them in one text, as strict decoding refuses them."""
        return "yaml: unmarshal errors:\n  " + "\n  ".join(self)


def parse(body: bytes, media_type: str, *, mend: bool = True) -> tuple[Any, Pairs | Repeated | None]:
    """Decode a body.

    :param media_type: JSON's, YAML's or that of Kubernetes' protobuf.
    :param mend: replace in JSON what no text of Unicode can hold.
    :returns: the value, and where members occur more than once: the JSON document with all of them kept, or what
        is wrong with the YAML document.
    :raises BadRequest: the body is not well-formed.
    """
    if media_type == "application/yaml":
        from kubewright.apiserver.registry import yaml_documents  # here: most servers only ever see JSON

        value, repeated = yaml_documents.parse(body)
        check_depth(value)
        return value, repeated or None
    if media_type == "application/vnd.kubernetes.protobuf":
        try:
            return protobuf.decode(body), None
        except protobuf.DecodeError as error:
            raise BadRequest(str(error)) from None
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mended = _as_unicode(body) if mend else body
        if mended == body:
            raise BadRequest(f"couldn't get version/kind; json parse error: {error}") from None
        return parse(mended, media_type)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        check_depth(value)
    if _has_duplicates(body, value):
        return value, json.loads(body, object_pairs_hook=Pairs)
    return value, None


_SURROGATE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # A pair, and
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # what is left of one; other escapes are passed over whole.
    rb"|\\.",
    re.DOTALL,
)


def _each_byte_replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("kubewright.each-byte-replaced", _each_byte_replaced)


def _as_unicode(body: bytes) -> bytes:
    """A JSON document with U+FFFD for each byte that is no UTF-8, and for each half of a surrogate pair."""
    text = body.decode(errors="kubewright.each-byte-replaced").encode()
    return _SURROGATE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], text)


def parse_object(body: bytes, media_type: str, *, mend: bool = True) -> tuple[Object, Pairs | Repeated | None]:
    """Decode a body that has to be an object; null stands for one without members, as it leaves a Go struct empty.

    :raises BadRequest: it is something else.
    """
    value, pairs = parse(body, media_type, mend=mend)
    return {} if value is None else check_object(value), pairs


def check_object(value: Any) -> Object:
    """:raises BadRequest: the value is no object."""
    if isinstance(value, dict):
        return value
    raise BadRequest(
        "couldn't get version/kind; json parse error: json: cannot unmarshal "
        f"{json_type(value)} into Go value of type struct"
    )


_MAYBE_WHOLE: Final = re.compile(rb"[:\[,]\s*-?\d+(?:\.|[eE])")
"""Before a number with a fraction or an exponent, of which some are integers nevertheless."""


def with_integers(value: Any, body: bytes) -> Any:
    """A value whose numbers without a fraction are all integers, however the body writes them: ``2.0`` is 2.

    So they are to whom a document comes by way of YAML, or as a Go map, and not by Go's JSON decoder alone.
    """
    return _with_integers(value) if _MAYBE_WHOLE.search(body) else value


def _with_integers(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_integers(member) for name, member in value.items()}
        case list():
            return [_with_integers(item) for item in value]
        case float() if value.is_integer() and -(2.0**63) <= value < 2.0**63:
            return int(value)
    return value


def json_type(value: Any) -> str:
    """What Go's JSON decoder calls the type of a value in its messages."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case None:
            return "null"
    return "object"


def duplicate_fields(pairs: Any, path: str = "") -> Iterator[str]:
    """Paths of the members that occur more than once, in document order."""
    if isinstance(pairs, Pairs):
        seen = set()
        for name, value in pairs:
            here = f"{path}.{name}" if path else name
            if name in seen:
                yield here
            seen.add(name)
            yield from duplicate_fields(value, here)
    elif isinstance(pairs, list):
        for index, value in enumerate(pairs):
            yield from duplicate_fields(value, f"{path}[{index}]")


def duplicates(pairs: Any) -> list[str]:
    """``duplicate field "x"`` for each of them."""
    return [f'duplicate field "{path}"' for path in duplicate_fields(pairs)]


def as_struct(value: Any, node: Node | None) -> Any:
    """What Go's decoder leaves of a document in a struct: of structs and maps that occur twice, the members of both.

    Of anything else the last one counts.
    """
    if isinstance(value, Pairs):
        members: dict[str, Any] = {}
        children = {name: node.field(name) if node is not None else None for name, _ in value}
        for name, member in value:
            before, child = members.get(name), children[name]
            kept = node is not None and node.properties and child is not None and (child.properties or child.additional)
            if kept and isinstance(before, Pairs) and isinstance(member, Pairs):
                member = Pairs([*before, *member])
            members[name] = member
        return {name: as_struct(member, children[name]) for name, member in members.items()}
    if isinstance(value, list):
        return [as_struct(item, node.items if node is not None else None) for item in value]
    return value


def strict_problems(value: Any, node: Node | None, path: str = "") -> Iterator[str]:
    """``unknown field "x"`` and ``duplicate field "y"``, in the order of the document."""
    if isinstance(value, Pairs):
        seen = set()
        for name, member in value:
            here = f"{path}.{name}" if path else name
            child = node.field(name) if node is not None else None
            if name in seen:
                yield f'duplicate field "{here}"'
            elif node is not None and node.properties and child is None:
                yield f'unknown field "{here}"'
            seen.add(name)
            yield from strict_problems(member, child, here)
    elif isinstance(value, list):
        items = node.items if node is not None else None
        for index, item in enumerate(value):
            yield from strict_problems(item, items, f"{path}[{index}]")


def _has_duplicates(body: bytes, value: Any) -> bool:
    """Whether members were lost in decoding: then the document has more colons than its encoding.

    An escaped colon would upset the count, so a document with one counts as suspicious.
    """
    encoded = _encode(value)
    if encoded == body:  # as clients write it that use no spaces
        return False
    # Backslashes are looked for first: to search for one byte is much faster.
    return body.count(b":") != encoded.count(b":") or (b"\\" in body and b"\\u003" in body)


def check_depth(value: Any) -> None:
    """:raises BadRequest: the value nests too deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise BadRequest(f"couldn't get version/kind; json parse error: exceeded max depth of {MAX_DEPTH}")
