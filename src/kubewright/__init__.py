"""Build, run, test, ship and trust Kubernetes operators in Python.

The names that almost every operator needs come from here; each is imported from its room when it is first used, so
that ``import kubewright`` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kubewright.version import __version__ as __version__

if TYPE_CHECKING:
    from kubewright.controller import BlockingContext, Context, Requeue, Retry, TerminalError
    from kubewright.objects import Condition, ObjectKey, ObjectMeta
    from kubewright.operator import Operator
    from kubewright.schema import Column, Immutable, Meta, Resource, Rule, Scale, Spec, Status
    from kubewright.webhook import Invalid

__all__ = [
    "BlockingContext",
    "Column",
    "Condition",
    "Context",
    "Immutable",
    "Invalid",
    "Meta",
    "ObjectKey",
    "ObjectMeta",
    "Operator",
    "Requeue",
    "Resource",
    "Retry",
    "Rule",
    "Scale",
    "Spec",
    "Status",
    "TerminalError",
]

_ROOMS = {
    "kubewright.controller": ("BlockingContext", "Context", "Requeue", "Retry", "TerminalError"),
    "kubewright.objects": ("Condition", "ObjectKey", "ObjectMeta"),
    "kubewright.operator": ("Operator",),
    "kubewright.schema": ("Column", "Immutable", "Meta", "Resource", "Rule", "Scale", "Spec", "Status"),
    "kubewright.webhook": ("Invalid",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'kubewright' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(room), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
