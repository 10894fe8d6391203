"""The way back from an object to the one that it was made for, where Kubernetes allows no owner reference.

Two annotations name the owner, its primary resource; they are operator-lib's, so that what operators of operator-sdk
have made is recognized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kubewright.cache.event import Event
from kubewright.objects.names import GroupKind, ObjectKey

PRIMARY = "operator-sdk/primary-resource"
PRIMARY_TYPE = "operator-sdk/primary-resource-type"


def primary_annotations(owner: GroupKind, key: ObjectKey) -> dict[str, str]:
    """The annotations that name an owner."""
    return {PRIMARY: str(key), PRIMARY_TYPE: str(owner)}


def enqueue_primary(owner: GroupKind) -> Callable[[Event[Any]], Iterable[ObjectKey]]:
    """A handler: the owners of kind ``owner`` that annotations name; after an update old and new ones."""
    kind = str(owner)

    def owners(event: Event[Any]) -> Iterable[ObjectKey]:
        annotations = [observed.annotations for observed in (event.old, event.new) if observed is not None]
        named = [one[PRIMARY] for one in annotations if one.get(PRIMARY_TYPE) == kind and one.get(PRIMARY)]
        return dict.fromkeys(map(ObjectKey.parse, named))

    return owners
