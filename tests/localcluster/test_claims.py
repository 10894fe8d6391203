from typing import Any

from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.core_v1 import (
    Container,
    HostPathVolumeSource,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec,
    Pod,
    PodSpec,
    Volume,
    VolumeResourceRequirements,
)
from kubewright.objects.storage_v1 import StorageClass


def claim(storage_class: str | None = None, size: str = "1Gi") -> PersistentVolumeClaim:
    resources = VolumeResourceRequirements(requests={"storage": Quantity(size)})
    spec = PersistentVolumeClaimSpec(
        access_modes=["ReadWriteOnce"], resources=resources, storage_class_name=storage_class
    )
    return PersistentVolumeClaim(metadata=ObjectMeta(name="data", namespace="default"), spec=spec)


def volume(name: str, size: str, policy: str = "Retain", storage_class: str = "") -> PersistentVolume:
    spec = PersistentVolumeSpec(
        capacity={"storage": Quantity(size)},
        access_modes=["ReadWriteOnce"],
        host_path=HostPathVolumeSource(path="/x"),
        persistent_volume_reclaim_policy=policy,
        storage_class_name=storage_class,
    )
    return PersistentVolume(metadata=ObjectMeta(name=name), spec=spec)


def pod() -> Pod:
    source = PersistentVolumeClaimVolumeSource(claim_name="data")
    volumes = [Volume(name="v", persistent_volume_claim=source)]
    spec = PodSpec(containers=[Container(name="c", image="i")], volumes=volumes)
    return Pod(metadata=ObjectMeta(name="p", namespace="default"), spec=spec)


async def in_phase(client: Client, phase: str, cls: type[Any] = PersistentVolumeClaim, name: str = "data") -> Any:
    async def check() -> Any:
        found = await client.get(cls, name)
        return found if found.status.phase == phase else None

    return await eventually(check)


async def test_a_claim_without_a_class_gets_a_volume_of_the_default_one(client: Client) -> None:
    await client.create(claim())
    bound = await in_phase(client, "Bound")
    assert bound.spec.storage_class_name == "standard"
    assert bound.status.capacity == {"storage": Quantity("1Gi")}
    made = await client.get(PersistentVolume, bound.spec.volume_name or "")
    await in_phase(client, "Bound", PersistentVolume, made.metadata.name)
    await client.delete(bound)
    await gone(lambda: client.get(PersistentVolume, made.metadata.name))


async def test_a_claim_grows_where_its_class_lets_it(client: Client) -> None:
    await client.create(claim())
    await in_phase(client, "Bound")
    grown = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    await client.patch(PersistentVolumeClaim, "data", merge=grown)

    async def larger() -> bool:
        return (await client.get(PersistentVolumeClaim, "data")).status.capacity == {"storage": Quantity("3Gi")}

    await eventually(larger)


async def test_a_claim_takes_the_smallest_volume_that_fits_and_leaves_it_released(client: Client) -> None:
    for name, size in (("small", "500Mi"), ("large", "9Gi"), ("fitting", "2Gi")):
        await client.create(volume(name, size))
        await in_phase(client, "Available", PersistentVolume, name)
    await client.create(claim(""))
    bound = await in_phase(client, "Bound")
    assert bound.spec.volume_name == "fitting"
    await client.delete(bound)
    await in_phase(client, "Released", PersistentVolume, "fitting")


async def test_a_claim_of_no_class_or_an_unknown_one_waits_for_a_volume(client: Client) -> None:
    await client.create(claim("unknown"))
    await in_phase(client, "Pending")
    await client.create(volume("v", "1Gi", storage_class="unknown"))
    assert (await in_phase(client, "Bound")).spec.volume_name == "v"


async def test_a_class_may_wait_for_the_first_pod(client: Client) -> None:
    metadata = ObjectMeta(name="lazy")
    await client.create(
        StorageClass(metadata=metadata, provisioner="any.example.com", volume_binding_mode="WaitForFirstConsumer")
    )
    await client.create(claim("lazy"))
    await in_phase(client, "Pending")
    await client.create(pod())
    bound = await in_phase(client, "Bound")
    assert bound.metadata.annotations["volume.kubernetes.io/selected-node"] == "kubewright-node"
    assert bound.metadata.annotations["volume.kubernetes.io/storage-provisioner"] == "any.example.com"
    await in_phase(client, "Running", Pod, "p")


async def test_a_claim_that_a_pod_uses_stays_until_the_pod_has_gone(client: Client) -> None:
    await client.create(claim())
    await client.create(pod())
    await in_phase(client, "Running", Pod, "p")
    unused = claim()
    unused.metadata.name = "other"
    await client.create(unused)
    await client.delete(PersistentVolumeClaim, "data")
    await client.delete(PersistentVolumeClaim, "other")
    await gone(lambda: client.get(PersistentVolumeClaim, "other"))
    assert (await client.get(PersistentVolumeClaim, "data")).metadata.deletion_timestamp
    await client.delete(Pod, "p")
    await gone(lambda: client.get(PersistentVolumeClaim, "data"))
