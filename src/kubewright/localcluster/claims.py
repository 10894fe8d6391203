"""Simulated storage: claims are bound to volumes that nothing is kept on, as storage classes say.

A claim gets a volume that is there and fits, or one that is made for it: any class's provisioner is played, except for
``kubernetes.io/no-provisioner``.  Bound, released and reclaimed is as by `pkg/controller/volume/persistentvolume`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.pods import is_active
from kubewright.localcluster.scheduling import SELECTED_NODE, waits_for_consumer
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, Quantity, key, to_dict
from kubewright.objects.core_v1 import (
    HostPathVolumeSource,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
    Pod,
)
from kubewright.objects.errors import AlreadyExists, NotFound
from kubewright.objects.selectors import LabelSelector
from kubewright.objects.storage_v1 import StorageClass

DEFAULT_CLASS = "standard"

_PROVISIONER = "kubewright.dev/simulated"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"
_PROTECTION = "kubernetes.io/pvc-protection"
_BOUND = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


class DefaultClass:
    """Makes the class of claims that name none, unless there is another; one of the manager's runnables."""

    def __init__(self, view: View) -> None:
        self._client = view.client

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        default = "storageclass.kubernetes.io/is-default-class"
        classes = await self._client.list(StorageClass)
        if not any(one.metadata.annotations.get(default) == "true" for one in classes):
            standard = StorageClass(
                metadata=ObjectMeta(name=DEFAULT_CLASS, annotations={default: "true"}),
                provisioner=_PROVISIONER,
                reclaim_policy="Delete",
                volume_binding_mode="Immediate",
                allow_volume_expansion=True,
            )
            with contextlib.suppress(AlreadyExists):
                await self._client.create(standard)
        ready()
        await stop.wait()


def claim_controller(view: View) -> Controller[ObjectKey]:
    def claims_of(pod: Pod) -> Iterable[ObjectKey]:
        for volume in pod.spec.volumes:
            if volume.persistent_volume_claim is not None:
                yield ObjectKey(pod.metadata.namespace, volume.persistent_volume_claim.claim_name)

    def waiting_claims(obj: PersistentVolume | StorageClass) -> Iterable[ObjectKey]:
        """The claim of a bound volume; else all that have none, as this may be what they wait for."""
        reference = obj.spec.claim_ref if isinstance(obj, PersistentVolume) else None
        if reference is not None:
            return [ObjectKey(reference.namespace or "", reference.name or "")]
        return [key(claim) for claim in view.select(PersistentVolumeClaim, "") if not claim.spec.volume_name]

    async def reconcile(claim: PersistentVolumeClaim) -> Requeue | None:
        if claim.metadata.deletion_timestamp is not None:
            if not any(is_active(pod) and key(claim) in claims_of(pod) for pod in _pods(view, claim)):
                await _let_go(view, claim)
            return None
        if not claim.spec.volume_name:
            volume = _fitting(view, claim) or await _provisioned(view, claim)
            if volume is None:
                claim.status.phase = "Pending"
                return None
            await _bind(view, claim, volume)
        else:
            volume = await _volume(view, claim.spec.volume_name)
            if volume is None:
                claim.status.phase = "Lost"
                return None
        if volume.spec.claim_ref is None or volume.spec.claim_ref.uid != claim.metadata.uid:
            await _bind(view, claim, volume)  # a claim that names its volume
        await _grow(view, claim, volume)
        claim.status.phase = "Bound"
        claim.status.access_modes = list(volume.spec.access_modes)
        claim.status.capacity = dict(volume.spec.capacity)
        return None

    return view.controller(
        "claim",
        PersistentVolumeClaim,
        reconcile,
        maps={Pod: claims_of, PersistentVolume: waiting_claims, StorageClass: waiting_claims},
        workers=1,  # two claims must not take the same volume
    )


def volume_controller(view: View) -> Controller[ObjectKey]:
    """What becomes of volumes: they are free, bound, or released and reclaimed by their policy."""

    def volumes_of(claim: PersistentVolumeClaim) -> Iterable[ObjectKey]:
        return [ObjectKey("", claim.spec.volume_name)] if claim.spec.volume_name else []

    async def reconcile(volume: PersistentVolume) -> Requeue | None:
        reference = volume.spec.claim_ref
        if reference is None or not reference.uid:
            volume.status.phase = "Available"
            return None
        claim = view.get(PersistentVolumeClaim, reference.name or "", reference.namespace or "")
        if claim is not None and claim.metadata.uid == reference.uid:
            volume.status.phase = "Bound"
            return None
        if await _is_there(view, reference):
            return None  # the cache is behind
        volume.status.phase = "Released"
        if volume.spec.persistent_volume_reclaim_policy == "Delete":
            with contextlib.suppress(NotFound):
                await view.client.patch(volume, merge={"metadata": {"finalizers": None}})
                await view.client.delete(volume)
        return None

    return view.controller("volume", PersistentVolume, reconcile, maps={PersistentVolumeClaim: volumes_of}, workers=1)


async def _is_there(view: View, reference: ObjectReference) -> bool:
    try:
        live = await view.client.get(PersistentVolumeClaim, reference.name or "", reference.namespace)
    except NotFound:
        return False
    return live.metadata.uid == reference.uid


def _pods(view: View, claim: PersistentVolumeClaim) -> list[Pod]:
    return view.select(Pod, claim.metadata.namespace)


async def _volume(view: View, name: str) -> PersistentVolume | None:
    try:
        return await view.client.get(PersistentVolume, name)
    except NotFound:
        return None


def _requested(claim: PersistentVolumeClaim) -> dict[str, Quantity]:
    return dict(claim.spec.resources.requests) if claim.spec.resources else {}


def _fitting(view: View, claim: PersistentVolumeClaim) -> PersistentVolume | None:
    """The smallest free volume that the claim can have; one that is kept for the claim before all others."""
    if waits_for_consumer(view, claim) and SELECTED_NODE not in claim.metadata.annotations:
        return None
    volumes = [volume for volume in view.select(PersistentVolume, "") if _fits(volume, claim)]
    return min(volumes, key=lambda volume: (volume.spec.claim_ref is None, _size(volume.spec.capacity)), default=None)


def _fits(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    reference = volume.spec.claim_ref
    if reference is not None:
        kept_for = (reference.namespace, reference.name) == (claim.metadata.namespace, claim.metadata.name)
        return kept_for and reference.uid in (None, "", claim.metadata.uid)
    selector = claim.spec.selector
    return (
        volume.metadata.deletion_timestamp is None
        and volume.status.phase in (None, "", "Available")
        and (volume.spec.storage_class_name or "") == (claim.spec.storage_class_name or "")
        and (volume.spec.volume_mode or "Filesystem") == (claim.spec.volume_mode or "Filesystem")
        and set(claim.spec.access_modes) <= set(volume.spec.access_modes)
        and _size(volume.spec.capacity) >= _size(_requested(claim))
        and (selector is None or LabelSelector.from_object(to_dict(selector)).matches(volume.metadata.labels))
    )


def _size(amounts: dict[str, Quantity]) -> Quantity:
    return amounts.get("storage", Quantity(0))


async def _provisioned(view: View, claim: PersistentVolumeClaim) -> PersistentVolume | None:
    """A volume that is made for the claim, if its class makes any, and need not wait for a Pod."""
    found = view.get(StorageClass, claim.spec.storage_class_name) if claim.spec.storage_class_name else None
    if found is None or found.provisioner == _NO_PROVISIONER or claim.spec.selector is not None:
        return None
    if waits_for_consumer(view, claim) and SELECTED_NODE not in claim.metadata.annotations:
        return None
    name = f"pvc-{claim.metadata.uid}"
    spec = PersistentVolumeSpec(
        capacity=_requested(claim),
        access_modes=list(claim.spec.access_modes),
        claim_ref=_reference(claim),
        host_path=HostPathVolumeSource(path=f"/simulated/{name}"),
        persistent_volume_reclaim_policy=found.reclaim_policy or "Delete",
        storage_class_name=found.metadata.name,
        volume_mode=claim.spec.volume_mode,
        mount_options=list(found.mount_options),
    )
    metadata = ObjectMeta(name=name, annotations={_PROVISIONED_BY: found.provisioner})
    try:
        return await view.client.create(PersistentVolume(metadata=metadata, spec=spec))
    except AlreadyExists:
        return await view.client.get(PersistentVolume, name)


def _reference(claim: PersistentVolumeClaim) -> ObjectReference:
    metadata = claim.metadata
    return ObjectReference(
        api_version="v1",
        kind="PersistentVolumeClaim",
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
    )


async def _bind(view: View, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
    if volume.spec.claim_ref is None or volume.spec.claim_ref.uid != claim.metadata.uid:
        await view.client.patch(volume, merge={"spec": {"claimRef": to_dict(_reference(claim))}})
    annotations = dict(_BOUND)
    if (provisioner := volume.metadata.annotations.get(_PROVISIONED_BY)) is not None:
        annotations["volume.kubernetes.io/storage-provisioner"] = provisioner
    claim.spec.volume_name = volume.metadata.name
    change = {"metadata": {"annotations": annotations}, "spec": {"volumeName": volume.metadata.name}}
    await view.client.patch(claim, merge=change)


async def _grow(view: View, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
    """A volume that was provisioned grows with its claim; admission has seen to it that its class allows that."""
    wanted = _size(_requested(claim))
    if claim.status.phase == "Bound" and _size(volume.spec.capacity) < wanted:
        volume.spec.capacity["storage"] = wanted
        await view.client.patch(volume, merge={"spec": {"capacity": {"storage": str(wanted)}}})


async def _let_go(view: View, claim: PersistentVolumeClaim) -> None:
    kept = [one for one in claim.metadata.finalizers if one != _PROTECTION]
    if len(kept) != len(claim.metadata.finalizers):
        with contextlib.suppress(NotFound):
            await view.client.patch(claim, merge={"metadata": {"finalizers": kept or None}})
