"""Simulated storage: every claim gets a volume that nothing is kept on."""

from __future__ import annotations

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta
from kubewright.objects.core_v1 import (
    HostPathVolumeSource,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
)
from kubewright.objects.errors import AlreadyExists, NotFound


def claim_controller(view: View) -> Controller[ObjectKey]:
    async def reconcile(claim: PersistentVolumeClaim) -> Requeue | None:
        if claim.metadata.deletion_timestamp is not None:
            await _release(view, claim)
            return None
        if claim.status.phase == "Bound":
            return None
        if not claim.spec.volume_name:
            claim.spec.volume_name = await _provision(view, claim)
            await view.client.patch(claim, merge={"spec": {"volumeName": claim.spec.volume_name}})
        claim.status.phase = "Bound"
        claim.status.access_modes = list(claim.spec.access_modes)
        claim.status.capacity = dict(claim.spec.resources.requests) if claim.spec.resources else {}
        return None

    return view.controller("claim", PersistentVolumeClaim, reconcile)


async def _provision(view: View, claim: PersistentVolumeClaim) -> str:
    metadata = claim.metadata
    name = f"pvc-{metadata.uid}"
    reference = ObjectReference(
        api_version="v1", kind="PersistentVolumeClaim", name=metadata.name, namespace=metadata.namespace,
        uid=metadata.uid,
    )  # fmt: skip
    spec = PersistentVolumeSpec(
        capacity=dict(claim.spec.resources.requests) if claim.spec.resources else {},
        access_modes=list(claim.spec.access_modes),
        claim_ref=reference,
        host_path=HostPathVolumeSource(path=f"/simulated/{name}"),
        persistent_volume_reclaim_policy="Delete",
        storage_class_name=claim.spec.storage_class_name,
    )
    try:
        volume = await view.client.create(PersistentVolume(metadata=ObjectMeta(name=name), spec=spec))
    except AlreadyExists:
        return name
    volume.status.phase = "Bound"
    await view.client.patch(volume, merge={"status": {"phase": "Bound"}}, subresource="status")
    return name


async def _release(view: View, claim: PersistentVolumeClaim) -> None:
    """Let the claim go, and its volume with it."""
    protected = [one for one in claim.metadata.finalizers if one != "kubernetes.io/pvc-protection"]
    try:
        if len(protected) != len(claim.metadata.finalizers):
            await view.client.patch(claim, merge={"metadata": {"finalizers": protected or None}})
        if claim.spec.volume_name:
            volume = await view.client.get(PersistentVolume, claim.spec.volume_name)
            await view.client.patch(volume, merge={"metadata": {"finalizers": None}})
            await view.client.delete(volume)
    except NotFound:
        return
