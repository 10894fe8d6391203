"""Plug-ins that fill or guard one thing each: node taints, protection finalizers, default classes, claim growth.

TaintNodesByCondition, StorageObjectInUseProtection, DefaultStorageClass, DefaultIngressClass and
PersistentVolumeClaimResize of ``plugin/pkg/admission``.
"""

from __future__ import annotations

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import is_new, refused
from kubewright.apiserver.registry.builtin.cluster import taint_not_ready
from kubewright.apiserver.registry.builtin.networking import DEFAULT_INGRESS_CLASS
from kubewright.apiserver.registry.builtin.storage import DEFAULT_CLASS
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.quantity import Quantity

PROTECTED = {
    ("", "persistentvolumes"): "kubernetes.io/pv-protection",
    ("", "persistentvolumeclaims"): "kubernetes.io/pvc-protection",
    ("storage.k8s.io", "volumeattributesclasses"): "kubernetes.io/vac-protection",
}
_INGRESS_ANNOTATION = "kubernetes.io/ingress.class"


class TaintNodesByCondition:
    """A new Node counts as not ready until its controller says otherwise."""

    async def admit(self, attributes: Attributes) -> None:
        if is_new(attributes, "", "nodes") and attributes.obj is not None:
            taint_not_ready(attributes.obj)


class StorageObjectInUseProtection:
    """Volumes and claims do not vanish while something uses them."""

    async def admit(self, attributes: Attributes) -> None:
        finalizer = PROTECTED.get(attributes.resource.group_resource)
        if finalizer is None or attributes.operation != "CREATE" or attributes.subresource or attributes.obj is None:
            return
        metadata = attributes.obj["metadata"]
        finalizers = metadata.get("finalizers") or []
        if finalizer not in finalizers:
            metadata["finalizers"] = [*finalizers, finalizer]


class DefaultStorageClass:
    """A claim that names no class gets the newest default one."""

    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, "", "persistentvolumeclaims") or attributes.obj is None:
            return
        spec = attributes.obj["spec"]
        if "storageClassName" in spec or _annotation(attributes.obj, "volume.beta.kubernetes.io/storage-class"):
            return
        classes = [
            one
            for one in attributes.reader.list("storage.k8s.io", "storageclasses")
            if any(_annotation(one, name) == "true" for name in DEFAULT_CLASS)
        ]
        if classes:
            spec["storageClassName"] = max(classes, key=_newest)["metadata"]["name"]


class DefaultIngressClass:
    """An Ingress that names no class gets the default one."""

    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, "networking.k8s.io", "ingresses") or attributes.obj is None:
            return
        if "ingressClassName" in attributes.obj["spec"] or _annotation(attributes.obj, _INGRESS_ANNOTATION):
            return
        classes = [
            one
            for one in attributes.reader.list("networking.k8s.io", "ingressclasses")
            if _annotation(one, DEFAULT_INGRESS_CLASS) == "true"
        ]
        if classes:
            attributes.obj["spec"]["ingressClassName"] = max(classes, key=_newest)["metadata"]["name"]


def _annotation(obj: Object, key: str) -> str:
    value: str = (obj["metadata"].get("annotations") or {}).get(key, "")
    return value


def _newest(obj: Object) -> tuple[str, tuple[int, ...]]:
    """Orders by age; of equally old ones the first by name wins."""
    name = obj["metadata"]["name"]
    return obj["metadata"].get("creationTimestamp", ""), tuple(-ord(letter) for letter in name)


class PersistentVolumeClaimResize:
    """A bound claim may grow only if its class lets volumes grow."""

    async def validate(self, attributes: Attributes) -> None:
        if attributes.resource.group_resource != ("", "persistentvolumeclaims") or attributes.subresource:
            return
        new, old = attributes.obj, attributes.old
        if attributes.operation != "UPDATE" or new is None or old is None:
            return
        wanted, had = _storage(new), _storage(old)
        if wanted is None or had is None or wanted <= had:
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            return
        name = new["spec"].get("storageClassName", "")
        found = attributes.reader.get("storage.k8s.io", "storageclasses", "", name) if name else None
        if found is None or not found.get("allowVolumeExpansion"):
            text = (
                "only dynamically provisioned pvc can be resized and "
                "the storageclass that provisions the pvc must support resize"
            )
            raise refused(attributes, text)


def _storage(claim: Object) -> Quantity | None:
    amount = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    return None if amount is None else Quantity(amount)
