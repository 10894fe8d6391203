"""The code in docs/webhooks.md does what the page says, asked by the embedded API server over TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.examples.loading import load_page

from kubewright.objects import LabelSelector, ObjectMeta
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.core_v1 import ConfigMap, Container, Pod, PodSpec, PodTemplateSpec
from kubewright.objects.errors import Forbidden, Invalid
from kubewright.testing.cluster import TestCluster


def named(name: str, **labels: str) -> ObjectMeta:
    return ObjectMeta(name=name, namespace="default", labels=labels)


async def test_the_page_on_webhooks(cluster: TestCluster, tmp_path: Path) -> None:
    page: Any = load_page("webhooks", tmp_path)
    warnings: list[str] = []
    client = cluster.local.client(on_warning=warnings.append)
    async with cluster.running(page.op):
        await defaults_and_problems(page, client, warnings)
        await raw_handlers(client)
    await declared_policies(client)


async def defaults_and_problems(page: Any, client: Any, warnings: list[str]) -> None:
    garden = await client.create(page.Garden(metadata=named("g"), spec=page.GardenSpec(plants=["rose", "fern"])))
    assert (garden.spec.water, garden.spec.owner) == (20, "kubewright-admin")
    with pytest.raises(Invalid) as refusal:
        await client.patch(garden, merge={"spec": {"plants": ["Rose", "oak", "Fern"], "owner": "me"}})
    assert [cause.field for cause in refusal.value.causes] == ["spec.owner", "spec.plants[0]", "spec.plants[2]"]
    await client.patch(garden, merge={"spec": {"water": 0}})
    assert warnings == ["plants without water die"]
    await client.delete(garden, dry_run=True)
    with pytest.raises(Invalid, match="must be empty before the garden goes"):
        await client.delete(garden)
    await client.patch(garden, merge={"spec": {"plants": []}})
    await client.delete(garden)


async def raw_handlers(client: Any) -> None:
    def pod(name: str, **labels: str) -> Pod:
        containers = [Container(name="c", image="nginx:latest")]
        return Pod(metadata=named(name, **labels), spec=PodSpec(containers=containers))

    with pytest.raises(Invalid, match="nginx:latest has a moving tag"):
        await client.create(pod("a", guarded="yes"))
    await client.create(pod("a"))
    await client.create(pod("vault"))
    with pytest.raises(Forbidden, match="nobody looks into the vault"):
        await client.rest.request("POST", "/api/v1/namespaces/default/pods/vault/exec", query={"command": "ls"})
    stamped = await client.create(ConfigMap(metadata=named("c", stamp="me")))
    plain = await client.create(ConfigMap(metadata=named("d")))
    assert (stamped.data, plain.data) == ({"stamped": "yes"}, {})


async def declared_policies(client: Any) -> None:
    """The operator is down by now."""
    await client.create(ConfigMap(metadata=named("limits"), data={"replicas": "2"}))
    labels = {"app": "web"}
    pods = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="c", image="i")])
    )
    spec = DeploymentSpec(replicas=3, selector=LabelSelector(match_labels=labels), template=pods)
    with pytest.raises(Invalid, match="at most 2 replicas here"):
        await client.create(Deployment(metadata=named("web"), spec=spec))
