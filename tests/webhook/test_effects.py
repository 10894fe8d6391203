"""Each option of a webhook declaration, shown by what the embedded API server then does with writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kubewright import Invalid, Operator, Resource, Spec
from kubewright.objects import LabelSelector, ObjectMeta
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.autoscaling_v1 import Scale, ScaleSpec
from kubewright.objects.core_v1 import ConfigMap, Container, Namespace, Pod, PodSpec, PodTemplateSpec
from kubewright.objects.errors import APIError, Forbidden
from kubewright.objects.errors import Invalid as Refused
from kubewright.objects.policy_v1 import Eviction
from kubewright.testing.cluster import TestCluster
from kubewright.webhook import AdmissionRequest, AdmissionResponse

Seen = list[AdmissionRequest]


def refuse(request: AdmissionRequest) -> None:
    raise Invalid("data", "refused by the webhook")


def recorder() -> tuple[Seen, Callable[[AdmissionRequest], None]]:
    seen: Seen = []
    return seen, seen.append


def config(name: str, namespace: str = "default", **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace, labels=labels))


def config_maps(op: Operator, function: Callable[..., Any], **options: Any) -> None:
    op.admit("validate", path="/config", groups=[""], resources=["configmaps"], **options)(function)


async def test_match_conditions_say_what_is_asked_about(cluster: TestCluster) -> None:
    op = Operator("guard")
    conditions = {"watched": "object.metadata.name.startsWith('watched-')", "a-user": "request.userInfo.username != ''"}
    config_maps(op, refuse, match_conditions=conditions)
    async with cluster.running(op):
        await cluster.client.create(config("free"))
        with pytest.raises(Refused, match="refused by the webhook"):
            await cluster.client.create(config("watched-a"))


async def test_selectors_look_at_the_namespace_and_at_either_object(cluster: TestCluster) -> None:
    op = Operator("guard")
    config_maps(
        op,
        refuse,
        operations=["CREATE", "UPDATE", "DELETE"],
        namespace_selector=LabelSelector(match_labels={"guarded": "yes"}),
        object_selector=LabelSelector(match_labels={"app": "a"}),
    )
    await cluster.client.create(Namespace(metadata=ObjectMeta(name="guarded", labels={"guarded": "yes"})))
    await cluster.client.create(config("old", "guarded", app="a"))
    async with cluster.running(op):
        await cluster.client.create(config("a", app="a"))
        unlabelled = await cluster.client.create(config("a", "guarded"))
        with pytest.raises(Refused):
            await cluster.client.patch(unlabelled, merge={"metadata": {"labels": {"app": "a"}}})
        with pytest.raises(Refused):  # the label goes, but the stored object has it
            await cluster.client.patch(config("old", "guarded"), merge={"metadata": {"labels": None}})
        with pytest.raises(Refused):
            await cluster.client.delete(config("old", "guarded"))


@pytest.mark.parametrize("policy", ["Fail", "Ignore"])
async def test_the_failure_policy_decides_when_there_is_no_answer(cluster: TestCluster, policy: str) -> None:
    async def never(request: AdmissionRequest) -> None:
        await asyncio.Event().wait()

    op = Operator("guard")
    config_maps(op, never, failure_policy=policy, timeout_seconds=1)
    async with cluster.running(op):
        if policy == "Ignore":
            assert (await cluster.client.create(config("a"))).metadata.uid
        else:
            with pytest.raises(APIError, match=r'failed calling webhook "config\..*deadline exceeded'):
                await cluster.client.create(config("a"))


async def test_deletions_and_dry_runs_are_told_as_such(cluster: TestCluster) -> None:
    seen, record = recorder()
    op = Operator("guard")
    config_maps(op, record, operations=["DELETE"], side_effects="NoneOnDryRun")
    async with cluster.running(op):
        await cluster.client.create(config("a", app="x"))
        await cluster.client.delete(config("a"), dry_run=True)
        await cluster.client.delete(config("a"))
    assert [(one.operation, one.dry_run) for one in seen] == [("DELETE", True), ("DELETE", False)]
    assert seen[1].object is None
    assert seen[1].old_object is not None and seen[1].old_object["metadata"]["labels"] == {"app": "x"}
    assert seen[1].options["kind"] == "DeleteOptions"


async def test_a_defaulter_is_asked_again_when_a_later_one_changed_the_object(cluster: TestCluster) -> None:
    op = Operator("guard")

    @op.default(ConfigMap, name="first.guard.example.com", reinvocation_policy="IfNeeded")
    def first(obj: ConfigMap) -> None:
        obj.data["keys"] = ",".join(sorted(obj.data.keys() - {"keys"}))

    @op.admit("mutate", path="/late", groups=[""], resources=["configmaps"], name="late.guard.example.com")
    def late(request: AdmissionRequest) -> AdmissionResponse:
        return AdmissionResponse(patch=[{"op": "add", "path": "/data/late", "value": "yes"}])

    async with cluster.running(op):
        created = await cluster.client.create(config("a"))
    assert created.data == {"keys": "late", "late": "yes"}


class OldGarden(Resource[Spec, None]): ...


class Garden(Resource[Spec, None]): ...


@pytest.mark.parametrize(("policy", "versions"), [("Equivalent", ["v1", "v1"]), ("Exact", ["v1"])])
async def test_equivalent_takes_writes_to_other_versions(
    cluster: TestCluster, policy: Any, versions: list[str]
) -> None:
    seen, record = recorder()
    op = Operator("guard")
    op.resource(group="example.com", version="v1beta1", kind="Garden", plural="gardens")(OldGarden)
    op.resource(group="example.com", version="v1", storage=True)(Garden)
    op.admit(
        "validate",
        path="/g",
        groups=["example.com"],
        versions=["v1"],
        resources=["gardens"],
        match_policy=policy,
        name="validate.gardens.example.com",
    )(record)
    async with cluster.running(op):
        await cluster.client.create(OldGarden(metadata=ObjectMeta(name="old", namespace="default"), spec=Spec()))
        await cluster.client.create(Garden(metadata=ObjectMeta(name="new", namespace="default"), spec=Spec()))
    assert [one.kind.version for one in seen] == versions
    assert all(one.object and one.object["apiVersion"] == "example.com/v1" for one in seen)


def pod(name: str) -> Pod:
    metadata = ObjectMeta(name=name, namespace="default")
    return Pod(metadata=metadata, spec=PodSpec(containers=[Container(name="c", image="i")]))


def web() -> Deployment:
    labels = {"app": "web"}
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=pod("web").spec)
    spec = DeploymentSpec(replicas=1, selector=LabelSelector(match_labels=labels), template=template)
    return Deployment(metadata=ObjectMeta(name="web", namespace="default"), spec=spec)


async def test_subresources_are_admitted_as_what_they_are(cluster: TestCluster) -> None:
    seen, record = recorder()
    op = Operator("guard")
    op.admit("validate", path="/scale", groups=["apps"], resources=["deployments/scale"])(record)
    op.admit("validate", path="/evict", groups=[""], resources=["pods/eviction"], name="evict.guard.example.com")(
        refuse
    )
    op.admit(
        "validate",
        path="/exec",
        groups=[""],
        resources=["pods/exec"],
        operations=["CONNECT"],
        name="exec.guard.example.com",
    )(refuse)
    async with cluster.running(op):
        await cluster.client.create(web())
        scale = Scale(metadata=web().metadata, spec=ScaleSpec(replicas=2))
        await cluster.client.update_subresource(Deployment, "web", "default", "scale", scale)
        await cluster.client.create(pod("a"))
        with pytest.raises(Refused, match="refused by the webhook"):
            await cluster.client.create_subresource(
                Pod, "a", "default", "eviction", Eviction(metadata=ObjectMeta(name="a", namespace="default"))
            )
        with pytest.raises((Refused, Forbidden), match="refused by the webhook"):
            await cluster.client.rest.request("POST", "/api/v1/namespaces/default/pods/a/exec", query={"command": "ls"})
    scaled = seen[-1]  # a write that lost a race is admitted again
    assert (scaled.kind.kind, scaled.subresource, scaled.resource.resource) == ("Scale", "scale", "deployments")
    assert scaled.object is not None and scaled.object["spec"] == {"replicas": 2}
