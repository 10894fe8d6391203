"""JSON Merge Patch (RFC 7386) as kube-apiserver carries it out: maps merge, null deletes, all else replaces.

Where a patch's value is taken over whole, its nulls go too, those in lists included (as evanphx/json-patch v4 does).
"""

from __future__ import annotations

from typing import Any

from kubewright.objects.errors import BadRequest


def merge_patch(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Merge a decoded patch into a document.

    :param document: consumed: changed in place.
    :raises BadRequest: the patch is no object.
    """
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    for name, value in patch.items():
        if value is None:
            document.pop(name, None)
            continue
        current = document.get(name)
        if isinstance(current, dict) and isinstance(value, dict):
            merge_patch(current, value)
        else:
            document[name] = without_nulls(value)
    return document


def without_nulls(value: Any) -> Any:
    """The value without members and items that are null."""
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value
