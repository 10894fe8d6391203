"""What stands around a message on the wire: magic bytes and ``runtime.Unknown``, and the frames of a watch."""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.protobuf.codec import DecodeError, Message, read_fields, varint

Object = dict[str, Any]

MAGIC = b"k8s\x00"


def encode_object(obj: Object, message: Message) -> bytes:
    """An object with its ``apiVersion`` and ``kind`` around it, as ``application/vnd.kubernetes.protobuf``."""
    type_meta = _text(1, obj.get("apiVersion", "")) + _text(2, obj.get("kind", ""))
    return MAGIC + _bytes(1, type_meta) + _bytes(2, message.encode(obj)) + _text(3, "") + _text(4, "")


def type_of(body: bytes) -> tuple[str, str]:
    """``apiVersion`` and ``kind`` of an encoded object.

    :raises DecodeError: the bytes are none.
    """
    return _type_meta(_unknown(body))


def decode_object(body: bytes, message: Message) -> Object:
    """The object in the bytes of a request.

    :raises DecodeError: they do not hold one of this message.
    """
    unknown = _unknown(body)
    api_version, kind = _type_meta(unknown)
    return {"apiVersion": api_version, "kind": kind, **message.decode(unknown.get(2, b""))}


def encode_watch_event(kind: str, obj: bytes) -> bytes:
    """One frame of a watch: a length and a ``WatchEvent`` around an already encoded object."""
    event = _text(1, kind) + _bytes(2, _bytes(1, obj))
    return len(event).to_bytes(4, "big") + event


def _unknown(body: bytes) -> dict[int, bytes | int]:
    if not body.startswith(MAGIC):
        raise DecodeError("the body does not begin with the magic bytes of Kubernetes' protobuf")
    return dict(read_fields(body[len(MAGIC) :]))


def _type_meta(unknown: dict[int, bytes | int]) -> tuple[str, str]:
    found = dict(read_fields(unknown.get(1, b"")))
    texts = [found.get(number, b"") for number in (1, 2)]
    try:
        api_version, kind = (text.decode() for text in texts if isinstance(text, bytes))
    except ValueError as error:
        raise DecodeError("apiVersion and kind are no texts") from error
    return api_version, kind


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content
