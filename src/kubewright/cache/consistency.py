"""Whether a streamed initial state is what the server lists: a check for debugging, as client-go's
``KUBE_WATCHLIST_INCONSISTENCY_DETECTOR``.

Resource versions by key, as streamed and as listed at the same revision, go in; what differs comes out as text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from kubewright.objects.names import ObjectKey

VARIABLE = "KUBEWRIGHT_WATCHLIST_CHECK"
"""The environment variable that switches the check on, by any text; it costs one more list for each informer."""

Versions = Mapping[ObjectKey, str]
"""The resource version of each object."""


def is_wanted() -> bool:
    return bool(os.environ.get(VARIABLE))


def differences(streamed: Versions, listed: Versions) -> list[str]:
    """One line for each object that is not in both at one resource version, in the order of their names."""
    return [
        f"{key}: streamed {_state(streamed.get(key))}, listed {_state(listed.get(key))}"
        for key in sorted({*streamed, *listed})
        if streamed.get(key) != listed.get(key)
    ]


def _state(version: str | None) -> str:
    return "not at all" if version is None else f"at {version}"
