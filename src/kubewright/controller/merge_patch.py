"""Minimal changes: the merge patch from one state of an object to another, and whether one state covers another."""

from __future__ import annotations

from typing import Any

from kubewright.objects.changes import same


def merge_patch(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The RFC 7386 patch that turns ``before`` into ``after``; empty if they are equal.  Lists are replaced whole."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            if change := merge_patch(old, value):
                patch[key] = change
        elif key not in before or not same(old, value):
            patch[key] = value
    return patch


def replaces_list(patch: Any) -> bool:
    """Whether a merge patch sets a list: what others have put into it since would be lost."""
    if isinstance(patch, dict):
        return any(replaces_list(value) for value in patch.values())
    return isinstance(patch, list)


def covers(live: Any, wanted: Any) -> bool:
    """Whether everything that ``wanted`` says is so in ``live``, which may say more.

    Lists must have the same length and agree item by item, so an item that the server has filled with defaults still
    matches; a list that somebody has added to, or sorted, does not.
    """
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return False
        return all(key in live and covers(live[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(live, list)
            and len(live) == len(wanted)
            and all(covers(one, other) for one, other in zip(live, wanted, strict=True))
        )
    return bool(live == wanted) and isinstance(live, bool) == isinstance(wanted, bool)
