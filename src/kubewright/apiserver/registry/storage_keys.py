"""Where the objects of a resource are kept: what their storage keys begin with, as kube-apiserver lays them out.

Built-in resources have no group in their keys and a few have historical names (``SpecialDefaultResourcePrefixes`` of
``pkg/kubeapiserver``); those that the servers for extensions keep, custom resources among them, have their group.
"""

from __future__ import annotations

from typing import Final

REGISTRY: Final = "/registry/"

_SPECIAL: Final = {
    ("", "endpoints"): "services/endpoints",
    ("", "nodes"): "minions",
    ("", "replicationcontrollers"): "controllers",
    ("", "services"): "services/specs",
    ("networking.k8s.io", "ingresses"): "ingress",
}
_GROUPED: Final = frozenset(("apiextensions.k8s.io", "apiregistration.k8s.io"))
_DIVIDED: Final = frozenset(name.partition("/")[0] for name in _SPECIAL.values() if "/" in name)


def prefix(group: str, plural: str, *, custom: bool) -> str:
    """What the keys of a resource start with."""
    if custom or group in _GROUPED:
        return f"{REGISTRY}{group}/{plural}/"
    return f"{REGISTRY}{_SPECIAL.get((group, plural), plural)}/"


def prefix_of(key: str) -> str:
    """The prefix that a key starts with; groups are told by their dots, which plurals do not have."""
    end = key.index("/", len(REGISTRY))
    segment = key[len(REGISTRY) : end]
    if "." in segment or segment in _DIVIDED:
        end = key.index("/", end + 1)
    return key[: end + 1]
