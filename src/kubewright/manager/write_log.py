"""A log line for each write that a reconcile makes: what an operator does, for the one who develops it.

The lines go to the logger ``kubewright.writes``; `configure_logging` lets them through or not.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from kubewright.client import Client
from kubewright.client.writes import Write
from kubewright.controller.scope import current_reconcile
from kubewright.objects import ObjectKey

WRITES: Final = "kubewright.writes"
"""The logger's name."""

_DONE: Final = {
    "create": "created",
    "update": "updated",
    "patch": "patched",
    "apply": "applied",
    "delete": "deleted",
    "deletecollection": "deleted all",
}

_logger = logging.getLogger(WRITES)


class _Metadata(msgspec.Struct):
    name: str = ""


class _Answer(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def log_writes(client: Client) -> None:
    """Tell of this client's writes from now on."""
    if _log_write not in client.write_observers:
        client.write_observers.append(_log_write)


def _log_write(write: Write) -> None:
    """Tell of a write, if a reconcile made it: leases and events are not what the operator is about."""
    reconcile = current_reconcile()
    if reconcile is None or not _logger.isEnabledFor(logging.INFO):
        return
    group, resource = write.resource.group, write.resource.resource
    what = f"{resource}.{group}" if group else resource
    if write.subresource:
        what += f"/{write.subresource}"
    key = write.key
    if write.verb == "create":  # Only the answer knows a generated name.
        key = ObjectKey(key.namespace, msgspec.json.decode(write.answer, type=_Answer).metadata.name)
    # The line begins with the reconciled object: what is in the same namespace needs no other.
    where = key.name if reconcile.key.startswith(f"{key.namespace}/") else str(key)
    _logger.info("%s %s %s", "created" if write.created else _DONE[write.verb], what, where)
