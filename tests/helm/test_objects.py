"""What is sent of a release's objects, and how seldom."""

from typing import Any

import pytest

from kubewright.cache import Cache
from kubewright.client import NoMatch
from kubewright.helm.objects import FIELD_MANAGER, ForeignObject, Ref, ReleaseObjects, Sent
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.testing import TestCluster


async def release_of(cluster: TestCluster, memory: dict[Ref, Sent]) -> ReleaseObjects:
    """Objects of a release ``a``, owned by a ConfigMap of that name."""
    metadata = ObjectMeta(name="owner", namespace="default")
    owner = await cluster.client.create(ConfigMap(metadata=metadata))
    return ReleaseObjects(cluster.client, Cache(cluster.client), owner, "a", memory=memory)


def config_map(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": "b"}}


async def test_an_object_is_owned_and_marked_as_helm_marks_it(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    await objects.apply(config_map("x"))
    made = await cluster.client.get(ConfigMap, "x", "default")
    assert [one.name for one in made.metadata.owner_references] == ["owner"]
    assert made.metadata.labels == {"app.kubernetes.io/managed-by": "Helm"}
    assert made.metadata.annotations == {
        "meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "default",
    }  # fmt: skip
    assert [one.manager for one in made.metadata.managed_fields] == [FIELD_MANAGER]


async def test_what_is_kept_or_has_no_namespace_has_no_owner(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    await objects.apply(config_map("kept", annotations={"helm.sh/resource-policy": "keep"}))
    await objects.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "wide"}})
    kept = await cluster.client.get(ConfigMap, "kept", "default")
    wide = await cluster.client.get(Namespace, "wide")
    assert kept.metadata.owner_references == wide.metadata.owner_references == []
    assert wide.metadata.annotations["operator-sdk/primary-resource"] == "default/owner"


async def test_what_left_the_chart_is_removed_and_what_is_kept_stays(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    old = [config_map("gone"), config_map("kept", annotations={"helm.sh/resource-policy": "keep"}), config_map("stays")]
    for obj in old:
        await objects.apply(obj)
    removed = await objects.prune(old, [old[2]])
    assert [str(ref) for ref in removed] == ["configmap/gone"]
    await cluster.gone(ConfigMap, "gone")
    await cluster.eventually(ConfigMap, "kept")


async def test_an_object_that_was_made_for_another_release_is_refused(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="x", namespace="default")))
    with pytest.raises(ForeignObject, match="ConfigMap x exists and belongs to no release a"):
        await objects.refuse_foreign([config_map("x")])
    marks = {"meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "default"}
    await cluster.client.patch(ConfigMap, "x", "default", merge={"metadata": {"annotations": marks}})
    await objects.refuse_foreign([config_map("x"), config_map("new")])


async def test_a_kind_that_is_not_served_is_named(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    with pytest.raises(NoMatch, match="Nothing"):
        await objects.apply({"apiVersion": "example.com/v1", "kind": "Nothing", "metadata": {"name": "a"}})


async def test_a_plan_shows_both_states_and_changes_neither(cluster: TestCluster) -> None:
    objects = await release_of(cluster, {})
    before, after = await objects.plan(config_map("x"))
    assert (before, after["data"]) == (None, {"a": "b"})
    await cluster.gone(ConfigMap, "x")
