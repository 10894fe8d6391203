"""What a type checker knows of user code: mypy --strict checks this module as it checks a user's, and it runs, too."""

from __future__ import annotations

from typing import assert_type

from kubewright import Condition, Context, Meta, ObjectMeta, Operator, Requeue, Resource, Rule, Spec, Status
from kubewright.client import Client, Untyped
from kubewright.objects import GroupVersionKind, Unstructured
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.core_v1 import ConfigMap, Container, PodSpec, PodTemplateSpec
from kubewright.objects.meta import LabelSelector
from kubewright.testing import TestCluster

op = Operator("typed-operator")


@Rule("self.size < 10")
@Meta(description="A field without a default may follow one that has one.")
class ThingSpec(Spec):
    size: int = 1
    owner: str


class ThingStatus(Status):
    conditions: list[Condition] = []


@op.resource(group="example.com", version="v1")
class Thing(Resource[ThingSpec, ThingStatus]): ...


@op.reconcile(Thing, owns=[ConfigMap])
async def reconcile(thing: Thing, ctx: Context) -> Requeue | None:
    assert_type(thing.spec.owner, str)
    assert_type(thing.status.conditions, list[Condition])
    assert_type(await ctx.apply(ConfigMap(metadata=ObjectMeta(name="a"))), ConfigMap)
    assert_type(await ctx.get(Deployment, "a"), Deployment)
    return None


async def reads(client: Client) -> None:
    assert_type(await client.get(ConfigMap, "a", "default"), ConfigMap)
    assert_type(await client.get(Untyped(GroupVersionKind("", "v1", "ConfigMap")), "a", "default"), Unstructured)
    assert_type((await client.list(ConfigMap))[0], ConfigMap)


def test_the_fields_of_built_in_kinds_have_their_types() -> None:
    template = PodTemplateSpec(spec=PodSpec(containers=[Container(name="a", image="nginx")]))
    spec = DeploymentSpec(selector=LabelSelector(match_labels={"app": "a"}), template=template)
    deployment = Deployment(metadata=ObjectMeta(name="a"), spec=spec)
    containers = deployment.spec.template.spec.containers
    assert_type(containers, list[Container])
    assert containers[0].image == "nginx"


async def test_what_a_client_reads_has_its_type(cluster: TestCluster) -> None:
    await cluster.client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default")))
    await reads(cluster.client)
    seen = await cluster.eventually(ConfigMap, "a")
    assert_type(seen, ConfigMap)
