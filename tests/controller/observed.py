"""Objects as events show them, without a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubewright.cache.event import Event
from kubewright.objects import ObjectKey, OwnerReference

_KEY = ObjectKey("ns", "a")


@dataclass(frozen=True)
class Seen:
    """Fulfils ``Observed[str]``: the decoded object is just a text."""

    key: ObjectKey = _KEY
    uid: str = "u"
    resource_version: str = "1"
    generation: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner_references: Sequence[OwnerReference] = ()
    deleting: bool = False
    content: str = ""

    def decode(self) -> str:
        return self.content


def created(new: Seen, *, initial: bool = False) -> Event[str]:
    return Event("create", None, new, initial=initial)


def updated(old: Seen, new: Seen, *, resync: bool = False) -> Event[str]:
    return Event("update", old, new, resync=resync)


def deleted(old: Seen) -> Event[str]:
    return Event("delete", old, None)
