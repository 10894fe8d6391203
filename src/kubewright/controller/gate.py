"""The gate that stands between a controller's queue and its workers where several processes share the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

OnChange: TypeAlias = Callable[[Callable[[object], bool] | None], None]


class Gate(Protocol):
    """Says which requests belong to this process; `kubewright.manager.sharding` has the rules."""

    def owns(self, request: object) -> bool:
        """Whether it is for this process, though maybe not yet, or held here still: then it is worth queueing."""

    def begin(self, request: object) -> bool:
        """Whether work on it may begin now.  If so nobody else's may, until :meth:`end` is called, come what may."""

    def end(self, request: object) -> None:
        """The work on it has ended, unless it is held."""

    def hold(self, request: object) -> None:
        """Go on working on it beyond :meth:`end`; only while it is being worked on."""

    def release(self, request: object) -> None:
        """Hold it no longer."""

    def is_moving(self, request: object) -> bool:
        """Whether another process waits for it: what is held should be released."""

    def subscribe(self, on_change: OnChange) -> None:
        """Call ``on_change`` whenever more may be allowed; with a predicate for requests that are new to this process,
        if there are such."""
