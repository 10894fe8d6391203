"""JSON Merge Patch (RFC 7386) as kube-apiserver carries it out: maps merge, null deletes, all else replaces.

Where a patch's value is taken over whole, members that are null go too, but items of lists stay, and a list in the
place of a map is taken over as it is: so does evanphx/json-patch, in the version that Kubernetes uses.
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
        if not isinstance(current, dict):
            document[name] = _without_null_members(value)
        else:
            document[name] = merge_patch(current, value) if isinstance(value, dict) else value
    return document


def _without_null_members(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null_members(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_null_members(item) for item in value]
    return value
