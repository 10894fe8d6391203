"""What callers say beside the object: selectors, patches and delete options.

Python values go in; query values, content types and bodies come out, as the server reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from kubewright.objects.codec import to_json
from kubewright.objects.meta import DeleteOptions, Preconditions
from kubewright.objects.selectors import FieldSelector, LabelSelector

Labels: TypeAlias = str | LabelSelector | Mapping[str, str] | None
Fields: TypeAlias = str | FieldSelector | Mapping[str, str] | None
Propagation: TypeAlias = Literal["Background", "Foreground", "Orphan"]
FieldValidation: TypeAlias = Literal["Strict", "Warn", "Ignore"]

APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


def patch_body(
    merge: Mapping[str, Any] | None, strategic: Mapping[str, Any] | None, json: Sequence[Mapping[str, Any]] | None
) -> tuple[str, bytes]:
    """The content type and the body of a patch, of which there must be exactly one.

    :raises TypeError: there is none, or several.
    """
    given = [
        (content_type, patch)
        for content_type, patch in ((_MERGE, merge), (_STRATEGIC, strategic), (_JSON_PATCH, json))
        if patch is not None
    ]
    if len(given) != 1:
        raise TypeError("patch() takes exactly one of merge=, strategic= and json=")
    content_type, patch = given[0]
    return content_type, msgspec.json.encode(patch)


def delete_options(
    propagation: Propagation | None, grace_period_seconds: int | None, uid: str | None, resource_version: str | None
) -> bytes | None:
    """The body of a deletion; None where it would say nothing."""
    preconditions = Preconditions(uid=uid or "", resource_version=resource_version or "")
    options = DeleteOptions(
        propagation_policy=propagation,
        grace_period_seconds=grace_period_seconds,
        preconditions=preconditions if uid or resource_version else None,
    )
    if options == DeleteOptions():
        return None
    options.api_version, options.kind = "v1", "DeleteOptions"
    return to_json(options)


def selectors(labels: Labels, fields: Fields) -> dict[str, object]:
    """The query of a list, watch or deletion of what both select."""
    return {"labelSelector": selector_text(labels), "fieldSelector": selector_text(fields)}


def selector_text(selector: Labels | Fields) -> str:
    """A selector in the form that a query has; a mapping means that all its pairs must hold."""
    if isinstance(selector, Mapping):
        return ",".join(f"{key}={value}" for key, value in selector.items())
    return str(selector) if selector else ""
