"""Patches: the media type of a request chooses the engine, and the engine makes the wanted object of the live one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubewright.apiserver.patch import json_patch, merge_patch, strategic_merge
from kubewright.apiserver.registry.body import Repeated, duplicates, parse, parse_object, with_integers
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest, UnsupportedMediaType
from kubewright.schema.node import Node

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_OPERATION = frozenset(("op", "path", "from", "value"))


class Patch:
    """A patch that is no apply.  Its body is read when there is an object to patch: a missing one is told first.

    ``strict`` is what strict decoding finds wrong with the patch itself, known once it was applied.

    :param node: the schema of what is patched, where that is not the resource's object.
    :raises UnsupportedMediaType: the resource takes no patches of this type.
    """

    def __init__(self, media_type: str, body: bytes, resource: Resource, node: Node | None = None) -> None:
        if not takes(media_type, resource):
            raise _unsupported(resource)
        self._media_type = media_type
        self._body = body
        self._node = node or resource.node
        self.strict: list[str] = []

    def apply(self, live: Object) -> Any:
        """Make the patched object; the live one may be changed.

        :raises BadRequest: the patch is not well-formed.
        :raises Invalid: it does not fit the object.
        """
        try:
            patch, pairs = parse(self._body, "application/json")
        except BadRequest as error:
            raise BadRequest(f"error decoding patch: {error.message.rpartition('json parse error: ')[2]}") from None
        self.strict = [] if pairs is None else duplicates(pairs)
        if self._media_type == JSON_PATCH:
            self.strict = [f"json patch {problem}" for problem in [*self.strict, *_unknown_members(patch)]]
            return json_patch(live, patch)
        if self._media_type == MERGE_PATCH:
            return merge_patch(live, patch)
        return strategic_merge(live, {} if patch is None else with_integers(patch, self._body), self._node)


def _unknown_members(operations: Any) -> Iterator[str]:
    for position, operation in enumerate(operations if isinstance(operations, list) else ()):
        for name in operation if isinstance(operation, dict) else ():
            if name not in _OPERATION:
                yield f'unknown field "[{position}].{name}"'


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


def applied_configuration(body: bytes) -> tuple[Object, Repeated | None]:
    """The configuration of a server-side apply, in YAML or JSON, and its members that occur more than once.

    :raises BadRequest: it is not well-formed.
    """
    if body.lstrip()[:1] == b"{":
        try:
            config, pairs = parse_object(body, "application/json", mend=False)
        except BadRequest:
            pass  # YAML's flow style begins like JSON.
        else:
            if pairs is None:
                return with_integers(config, body), None
    config, repeated = parse_object(body, "application/yaml")
    return config, repeated if isinstance(repeated, Repeated) else None


def report_repeated(repeated: Repeated | None, write: Write) -> None:
    """Warn of members that an applied configuration repeats, or refuse them.

    :raises BadRequest: the request asks for strict decoding.
    """
    if not repeated or write.field_validation == "Ignore":
        return
    if write.field_validation == "Strict":
        raise BadRequest(f"error strict decoding YAML: error converting YAML to JSON: {repeated.problem}")
    for problem in repeated:
        write.warn(problem)
