"""What was changed in a typed object, carried over onto the JSON that it was read from.

A typed object knows only the fields of its class.  So its JSON before and after are compared, and the difference is
applied to the original: what the class does not know survives, in nested structs and in the items of lists, too.  Pure
functions over plain JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec

_quick = msgspec.json.Encoder().encode
_encode = msgspec.json.Encoder(order="deterministic").encode

_IDENTIFYING = (
    "name", "type", "key", "id", "uid", "ip", "mountPath", "devicePath", "containerPort", "port", "topologyKey",
    "resourceID", "resourceClaimName", "device", "reason", "rule",
)  # fmt: skip
"""The fields by which Kubernetes tells the items of lists apart (``x-kubernetes-list-map-keys``), the first that an
item has; of those that are equal in it the order decides."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: to Python, False equals 0 and 1 equals 1.0, at any depth."""
    if one != other:
        return False
    return isinstance(one, str) or _quick(one) == _quick(other) or _encode(one) == _encode(other)


def carry_over(original: Any, before: Any, after: Any) -> Any:
    """``original`` with the changes that lead from ``before`` to ``after``; the arguments are left as they are."""
    if same(before, after):
        return original
    if isinstance(original, dict) and isinstance(after, dict):
        before = before if isinstance(before, dict) else {}
        result = dict(original)
        for key, value in after.items():
            if key in before and same(before[key], value):
                continue
            result[key] = carry_over(original[key], before.get(key), value) if key in original else value
        for key in before:
            if key not in after:
                result.pop(key, None)
        return result
    if isinstance(original, list) and isinstance(after, list) and isinstance(before, list):
        return _carry_over_items(original, before, after) if len(original) == len(before) else after
    return after


def _carry_over_items(original: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    origins = _origins(before, after)
    return [
        carry_over(original[origins[place]], before[origins[place]], item) if place in origins else item
        for place, item in enumerate(after)
    ]


def _origins(before: list[Any], after: list[Any]) -> dict[int, int]:
    """Where the items of ``after`` stood in ``before``, by their places there; new ones have no origin."""
    origins: dict[int, int] = {}
    for identity in (_encode, _identity):
        places: dict[bytes | None, list[int]] = {}
        for place in sorted({*range(len(before))}.difference(origins.values()), reverse=True):
            places.setdefault(identity(before[place]), []).append(place)
        places.pop(None, None)
        for place, item in enumerate(after):
            if place not in origins and (found := places.get(identity(item))):
                origins[place] = found.pop()
    if len(before) == len(after):  # nothing tells those that are left apart but their places
        left = {*range(len(before))}.difference(origins, origins.values())
        origins |= {place: place for place in left if _identity(before[place]) is _identity(after[place]) is None}
    return origins


def _identity(item: Any) -> bytes | None:
    if isinstance(item, dict):
        return next((_encode((field, item[field])) for field in _IDENTIFYING if field in item), None)
    return None
