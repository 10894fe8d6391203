"""For the tests of an operator: a cluster of the test's own, faults, and properties.

The names that tests use come from here, each imported when it is first used: pytest loads this room, as a plug-in's,
in every project where kubewright is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubewright.testing.cluster import NotSo, TestCluster
    from kubewright.testing.convergence import NotConverged, Verified, verify_convergence

_ROOMS = {
    "NotConverged": "convergence",
    "NotSo": "cluster",
    "TestCluster": "cluster",
    "Verified": "convergence",
    "verify_convergence": "convergence",
}

__all__ = ["NotConverged", "NotSo", "TestCluster", "Verified", "verify_convergence"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kubewright.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"kubewright.testing.{_ROOMS[name]}"), name)
    return value
