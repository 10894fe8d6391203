"""Who an object was made for: an owner reference, or two annotations where Kubernetes allows no reference.

Objects come in as plain JSON and are marked in place; keys of owners go out.  The annotations are operator-lib's, so
that objects which an Ansible operator has made are recognized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kubewright.cache import Event
from kubewright.controller import enqueue_owner
from kubewright.objects.names import GroupKind, GroupVersionKind, ObjectKey

OWNER = "operator-sdk/primary-resource"
OWNER_TYPE = "operator-sdk/primary-resource-type"


class Owner(NamedTuple):
    """The object that a run is for."""

    gvk: GroupVersionKind
    key: ObjectKey
    uid: str

    @property
    def type(self) -> str:
        return _type(self.gvk.group_kind)


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
        metadata["annotations"] = {**(metadata.get("annotations") or {}), OWNER: str(owner.key), OWNER_TYPE: owner.type}


def is_owned(obj: dict[str, Any], owner: Owner) -> bool:
    metadata = obj.get("metadata") or {}
    if any(reference.get("uid") == owner.uid for reference in metadata.get("ownerReferences") or ()):
        return True
    annotations = metadata.get("annotations") or {}
    return annotations.get(OWNER) == str(owner.key) and annotations.get(OWNER_TYPE) == owner.type


def enqueue_owners(kind: GroupKind, *, namespaced: bool) -> Callable[[Event[Any]], Iterable[ObjectKey]]:
    """Leads from an object to its owners of ``kind``, by reference and by annotation.

    :param namespaced: whether owners live in namespaces.
    """
    by_reference = enqueue_owner(kind, controller_only=False, namespaced=namespaced)
    type_name = _type(kind)

    def owners(event: Event[Any]) -> Iterable[ObjectKey]:
        found: dict[ObjectKey, None] = dict.fromkeys(by_reference(event))
        for observed in (event.old, event.new):
            if observed is not None:
                annotations = observed.annotations
                if annotations.get(OWNER_TYPE) == type_name and annotations.get(OWNER):
                    namespace, _, name = annotations[OWNER].rpartition("/")
                    found[ObjectKey(namespace, name)] = None
        return found

    return owners


def _type(kind: GroupKind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind
