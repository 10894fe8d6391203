"""Who an object was made for: an owner reference, or two annotations where Kubernetes allows no reference.

Objects come in as plain JSON and are marked in place; keys of owners go out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kubewright.cache import Event
from kubewright.controller import enqueue_owner
from kubewright.controller.primary_resource import enqueue_primary, primary_annotations
from kubewright.objects.names import GroupKind, GroupVersionKind, ObjectKey


class Owner(NamedTuple):
    """The object that a run is for."""

    gvk: GroupVersionKind
    key: ObjectKey
    uid: str

    @property
    def annotations(self) -> dict[str, str]:
        """Those that name it in an object that cannot refer to it."""
        return primary_annotations(self.gvk.group_kind, self.key)


def can_refer(owner: Owner, *, namespaced: bool, namespace: str) -> bool:
    """Whether an object may have ``owner`` in its references: an owner in a namespace owns there and nowhere else."""
    return not owner.key.namespace or (namespaced and namespace == owner.key.namespace)


def mark_owned(obj: dict[str, Any], owner: Owner, *, by_reference: bool) -> None:
    """Write the owner into an object's metadata, beside what is there."""
    metadata = obj.setdefault("metadata", {})
    if by_reference:
        references = metadata.setdefault("ownerReferences", [])
        if all(reference.get("uid") != owner.uid for reference in references):
            reference = {"apiVersion": owner.gvk.api_version, "kind": owner.gvk.kind}
            references.append({**reference, "name": owner.key.name, "uid": owner.uid})
    else:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **owner.annotations}


def is_owned(obj: dict[str, Any], owner: Owner) -> bool:
    metadata = obj.get("metadata") or {}
    if any(reference.get("uid") == owner.uid for reference in metadata.get("ownerReferences") or ()):
        return True
    return owner.annotations.items() <= (metadata.get("annotations") or {}).items()


def enqueue_owners(kind: GroupKind, *, namespaced: bool) -> Callable[[Event[Any]], Iterable[ObjectKey]]:
    """Leads from an object to its owners of ``kind``, by reference and by annotation.

    :param namespaced: whether owners live in namespaces.
    """
    by_reference = enqueue_owner(kind, controller_only=False, namespaced=namespaced)
    by_annotation = enqueue_primary(kind)

    def owners(event: Event[Any]) -> Iterable[ObjectKey]:
        return dict.fromkeys((*by_reference(event), *by_annotation(event)))

    return owners
