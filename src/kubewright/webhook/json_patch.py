"""What a handler changed, written as a JSON patch.  A pure function over plain JSON."""

from __future__ import annotations

from typing import Any

_MISSING = object()


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
