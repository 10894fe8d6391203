"""Patches: the media type of a request chooses the engine, and the engine makes the wanted object of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kubewright.apiserver.patch import json_patch, merge_patch, strategic_merge
from kubewright.apiserver.registry.body import check_depth, parse_object
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest, UnsupportedMediaType
from kubewright.schema.node import Node

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

Engine = Callable[[Object], Any]
"""Makes the patched object; its argument may be changed."""


def engine(media_type: str, body: bytes, resource: Resource, node: Node | None = None) -> Engine:
    """Read a patch.

    :param node: the schema of what is patched, where that is not the resource's object.
    :raises UnsupportedMediaType: the resource takes no patches of this type.
    :raises BadRequest: the patch is not well-formed.
    """
    if not takes(media_type, resource):
        raise _unsupported(resource)
    _decode(body)  # A malformed patch is refused before anything else happens; the engines consume what they get.
    if media_type == JSON_PATCH:
        return lambda live: json_patch(live, _decode(body))
    if media_type == MERGE_PATCH:
        return lambda live: merge_patch(live, _decode(body))
    return lambda live: strategic_merge(live, _decode(body), node or resource.node)


def takes(media_type: str, resource: Resource) -> bool:
    """Whether there is an engine for patches of this type."""
    return media_type in (JSON_PATCH, MERGE_PATCH) or (media_type == STRATEGIC and not resource.custom)


def _unsupported(resource: Resource) -> UnsupportedMediaType:
    if not resource.custom:
        return UnsupportedMediaType("415: Unsupported Media Type", details={})
    accepted = ", ".join((JSON_PATCH, MERGE_PATCH, APPLY))
    return UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    )


def applied_configuration(body: bytes) -> Object:
    """The configuration of a server-side apply, in YAML or JSON.

    :raises BadRequest: it is not well-formed.
    """
    if body.lstrip()[:1] == b"{":
        try:
            return parse_object(body, "application/json")[0]
        except BadRequest:
            pass  # YAML's flow style begins like JSON.
    return parse_object(body, "application/yaml")[0]


def _decode(body: bytes) -> Any:
    try:
        patch = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"error decoding patch: {error}") from None
    check_depth(patch)
    return patch
