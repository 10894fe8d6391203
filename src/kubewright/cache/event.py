"""What an informer tells its handlers: the contract between the cache and the controllers.

An event carries the object before and after as the store keeps them: metadata decoded, the rest bytes until somebody
asks.  Controllers turn it into a key and forget it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from kubewright.objects.meta import OwnerReference
from kubewright.objects.names import ObjectKey

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

EventType = Literal["create", "update", "delete", "generic"]
"""``generic`` is for sources that are no Kubernetes kind."""


class Observed(Protocol[T_co]):
    """An object as it was seen at one resource version."""

    @property
    def key(self) -> ObjectKey: ...

    @property
    def uid(self) -> str: ...

    @property
    def resource_version(self) -> str: ...

    @property
    def generation(self) -> int: ...

    @property
    def labels(self) -> Mapping[str, str]: ...

    @property
    def annotations(self) -> Mapping[str, str]: ...

    @property
    def owner_references(self) -> Sequence[OwnerReference]: ...

    @property
    def deleting(self) -> bool:
        """Whether ``metadata.deletionTimestamp`` is set."""

    def decode(self) -> T_co:
        """The whole object, a fresh one at each call."""


class Event(NamedTuple, Generic[T]):
    """One change.

    A create has no ``old``, a delete no ``new``.  ``old`` of a delete is the last state; it is stale if the deletion
    itself was missed.
    """

    type: EventType
    old: Observed[T] | None
    new: Observed[T] | None
    initial: bool = False
    """From the list with which the handler started."""
    resync: bool = False
    """Nothing changed: the store's content is handed out again."""
