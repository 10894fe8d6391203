"""Notices what a reconcile changes in its object and nobody writes: all but the status stays in memory.

The object before and after goes in; a warning comes out, once for each reconciler.  Only its first reconciles are
looked at: the mistake is in the program, and shows at once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from kubewright.controller.merge_patch import covers, merge_patch
from kubewright.objects import Object, to_dict
from kubewright.objects.errors import NotFound

logger = logging.getLogger("kubewright.controller")

_LOOKS = 100
"""Reconciles that are looked at."""


class LostChanges:
    """Looks at the first reconciles of one reconciler."""

    def __init__(self) -> None:
        self._left = _LOOKS

    def before(self, obj: Object) -> dict[str, Any] | None:
        """What :meth:`after` compares with; None when enough has been looked at."""
        if self._left == 0:
            return None
        self._left -= 1
        return _watched(obj)

    async def after(self, before: dict[str, Any], obj: Object, read: Callable[[], Awaitable[Object]]) -> None:
        """Warn if the reconcile has changed what is not written.

        :param read: gives the object as it is now: the reconcile may have written it by itself.
        """
        change = merge_patch(before, _watched(obj))
        if not change:
            return
        try:
            written = covers(to_dict(await read()), change)
        except NotFound:
            return
        if not written:
            self._left = 0
            logger.warning(
                "changed in memory only, as just the status is written when a reconcile ends: %s; write it with "
                "ctx.client.patch(obj, merge=...), or fill in what users leave out with @op.default",
                ", ".join(_paths(change)),
            )


def _watched(obj: Object) -> dict[str, Any]:
    """The fields that a user may think are written."""
    fields = to_dict(obj)
    metadata = fields.get("metadata", {})
    fields.pop("status", None)
    fields["metadata"] = {field: metadata[field] for field in ("labels", "annotations") if field in metadata}
    return fields


def _paths(change: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for field, value in change.items():
        path = f"{prefix}{field}"
        if isinstance(value, dict) and value:
            yield from _paths(value, f"{path}.")
        else:
            yield path
