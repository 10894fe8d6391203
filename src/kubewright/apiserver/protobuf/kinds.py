"""Whole objects of any built-in kind: the message is found by ``apiVersion`` and ``kind``."""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.protobuf.codec import DecodeError, Message, message
from kubewright.apiserver.protobuf.envelope import decode_object, encode_object, type_of
from kubewright.apiserver.registry.builtin.definitions import definition_name
from kubewright.objects.names import GroupVersionKind

Object = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_META_KINDS = frozenset({
    "Status", "DeleteOptions", "PartialObjectMetadata", "PartialObjectMetadataList",
    "APIVersions", "APIGroupList", "APIGroup", "APIResourceList",
})  # fmt: skip


def encode(obj: Object) -> bytes:
    """:raises LookupError: the kind has no protobuf form."""
    return encode_object(obj, _message(obj["apiVersion"], obj["kind"]))


def decode(body: bytes) -> Object:
    """:raises DecodeError: the body holds no object of a built-in kind."""
    api_version, kind = type_of(body)
    try:
        found = _message(api_version, kind)
    except LookupError as error:
        raise DecodeError(f'no kind "{kind}" is registered for version "{api_version}"') from error
    return decode_object(body, found)


def _message(api_version: str, kind: str) -> Message:
    if kind in _META_KINDS:
        return message(f"{_META}.{kind}")
    return message(definition_name(GroupVersionKind.parse(api_version, kind)))
