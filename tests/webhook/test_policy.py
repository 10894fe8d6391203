from __future__ import annotations

import pytest

from kubewright import Operator, Resource, Spec
from kubewright.objects import LabelSelector, ObjectMeta, to_dict
from kubewright.objects.admissionregistration_v1 import Validation
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.autoscaling_v1 import Scale, ScaleSpec
from kubewright.objects.core_v1 import ConfigMap, Container, PodSpec, PodTemplateSpec
from kubewright.objects.errors import Forbidden, Invalid
from kubewright.testing.cluster import TestCluster
from kubewright.webhook.policy import Params, policy


class LimitSpec(Spec):
    most: int


class Limit(Resource[LimitSpec, None]): ...


def guard() -> Operator:
    op = Operator("guard")
    op.resource(group="example.com", version="v1")(Limit)
    op.policy(
        "few-replicas.guard.example.com",
        Deployment,
        Validation(
            expression="variables.wanted <= params.spec.most",
            message_expression="'at most ' + string(params.spec.most) + ' replicas here'",
            reason="Forbidden",
        ),
        variables={"wanted": "has(object.spec.replicas) ? object.spec.replicas : 1"},
        params=Params(Limit, "replicas"),
        match_conditions={"not-trusted": "request.userInfo.username != 'trusted'"},
        audit_annotations={"wanted": "string(variables.wanted)"},
    )
    op.policy(
        "labelled.guard.example.com",
        ConfigMap,
        Validation(expression="'team' in object.metadata.?labels.orValue({})", message="say whose it is"),
        actions=["Warn"],
        object_selector=LabelSelector(match_labels={"checked": "yes"}),
    )
    op.policy(
        "scale.guard.example.com",
        Deployment,
        Validation(expression="object.spec.replicas < 4", message="too large a scale"),
        subresource="scale",
        operations=["UPDATE"],
    )
    return op


def web(replicas: int) -> Deployment:
    labels = {"app": "web"}
    pods = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="c", image="i")])
    )
    spec = DeploymentSpec(replicas=replicas, selector=LabelSelector(match_labels=labels), template=pods)
    return Deployment(metadata=ObjectMeta(name="web", namespace="default"), spec=spec)


async def test_policies_hold_while_the_operator_is_down(cluster: TestCluster) -> None:
    warnings: list[str] = []
    client = cluster.local.client(on_warning=warnings.append)
    await guard().install(client)
    with pytest.raises(Invalid, match="no params found"):
        await client.create(web(3))
    await client.create(Limit(metadata=ObjectMeta(name="replicas", namespace="default"), spec=LimitSpec(most=2)))
    with pytest.raises(Forbidden, match="at most 2 replicas here"):
        await client.create(web(3))
    await client.create(web(2))
    await client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default", labels={"checked": "yes"})))
    assert ["say whose it is" in text for text in warnings] == [True]
    with pytest.raises(Invalid, match="too large a scale"):
        scale = Scale(metadata=ObjectMeta(name="web", namespace="default"), spec=ScaleSpec(replicas=4))
        await client.update_subresource(Deployment, "web", "default", "scale", scale)


async def test_what_is_declared_passes_strict_validation(cluster: TestCluster) -> None:
    for declared in guard().policies:
        for obj in declared.objects():
            created = await cluster.client.create(obj, field_validation="Strict")
            assert to_dict(created)["spec"] == to_dict(await cluster.client.get(type(obj), declared.name, ""))["spec"]


def test_params_are_named_or_selected() -> None:
    rule = Validation(expression="true")
    with pytest.raises(ValueError, match="either a name or a selector"):
        policy("a", ConfigMap, rule, params=Params(Limit))
    with pytest.raises(ValueError, match="says nothing"):
        policy("a", ConfigMap)
