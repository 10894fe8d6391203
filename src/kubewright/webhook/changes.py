"""What a handler changed, carried over onto the object as the server has it, and written as a JSON patch.

A typed object knows only the fields of its class, so its JSON before and after the handler are compared, and the
difference is applied to the original: fields that the class does not know survive.  Pure functions over plain JSON.
"""

from __future__ import annotations

from typing import Any

_MISSING = object()


def carry_over(original: Any, before: Any, after: Any) -> Any:
    """``original`` with the changes that lead from ``before`` to ``after``; the arguments are left as they are."""
    if before == after:
        return original
    if isinstance(original, dict) and isinstance(after, dict):
        before = before if isinstance(before, dict) else {}
        result = dict(original)
        for key, value in after.items():
            if key in before and before[key] == value:
                continue
            result[key] = carry_over(original[key], before.get(key), value) if key in original else value
        for key in before:
            if key not in after:
                result.pop(key, None)
        return result
    if isinstance(original, list) and isinstance(after, list) and isinstance(before, list):
        return _carry_over_items(original, before, after)
    return after


def _carry_over_items(original: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    if len(original) != len(before):
        return after
    if len(after) == len(before):
        return [carry_over(*items) for items in zip(original, before, after, strict=True)]
    # Items came or went: those that are as they were keep what the class does not know of them.
    return [original[before.index(item)] if item in before else item for item in after]


def json_patch(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """The RFC 6902 operations that make ``after`` of ``before``; lists of different length are replaced as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        operations = [{"op": "remove", "path": f"{path}/{_escape(key)}"} for key in before if key not in after]
        for key, value in after.items():
            old = before.get(key, _MISSING)
            # What a handler left alone is the very same object: `carry_over` copies only what leads to a change.
            if old is value:
                continue
            if old is _MISSING:
                operations.append({"op": "add", "path": f"{path}/{_escape(key)}", "value": value})
            else:
                operations += json_patch(old, value, f"{path}/{_escape(key)}")
        return operations
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [op for index, pair in enumerate(pairs) for op in json_patch(*pair, f"{path}/{index}")]
    if before == after and type(before) is type(after):
        return []
    return [{"op": "replace", "path": path, "value": after}]


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
