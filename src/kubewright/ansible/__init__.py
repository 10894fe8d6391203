"""Operators without Python code: an Ansible role or playbook for each kind.

The names are imported when they are first used: the process that runs plays imports from this room too, and needs no
operator for that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubewright.ansible.operator import AnsibleOperator, load
    from kubewright.ansible.watches import Watch, WatchesError, load_watches

_MODULES = {
    "AnsibleOperator": "operator",
    "load": "operator",
    "Watch": "watches",
    "WatchesError": "watches",
    "load_watches": "watches",
}

__all__ = ["AnsibleOperator", "Watch", "WatchesError", "load", "load_watches"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kubewright.ansible' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"kubewright.ansible.{_MODULES[name]}"), name)
    return value
