from datetime import UTC, datetime, timedelta

import pytest
from tests.localcluster.waiting import eventually
from tests.localcluster.workloads import SELECTOR, template

from kubewright.client import Client
from kubewright.localcluster.autoscaling import desired
from kubewright.objects import ObjectMeta, Quantity, Unstructured
from kubewright.objects.apiextensions_v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceSubresourceScale,
    CustomResourceValidation,
)
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.autoscaling_v2 import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    MetricSpec,
    MetricTarget,
    ResourceMetricSource,
)
from kubewright.objects.core_v1 import Container, Pod, PodCondition, PodSpec, PodStatus, ResourceRequirements

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def autoscaler(target: MetricTarget, *, least: int = 1, most: int = 10) -> HorizontalPodAutoscaler:
    metric = MetricSpec(type="Resource", resource=ResourceMetricSource(name="cpu", target=target))
    reference = CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="d")
    spec = HorizontalPodAutoscalerSpec(
        scale_target_ref=reference, min_replicas=least, max_replicas=most, metrics=[metric]
    )
    return HorizontalPodAutoscaler(metadata=ObjectMeta(name="a", namespace="default"), spec=spec)


def pods(count: int, usage: str) -> list[Pod]:
    container = Container(name="c", resources=ResourceRequirements(requests={"cpu": Quantity("100m")}))
    metadata = ObjectMeta(name="p", annotations={"kubewright.dev/usage": usage} if usage else {})
    status = PodStatus(conditions=[PodCondition(type="Ready", status="True")])
    return [Pod(metadata=metadata, spec=PodSpec(containers=[container]), status=status)] * count


def conditions(of: HorizontalPodAutoscaler) -> dict[str, str | None]:
    return {one.type: one.reason for one in of.status.conditions}


HALF = MetricTarget(type="Utilization", average_utilization=50)


@pytest.mark.parametrize(
    ("usage", "wanted", "reason"),
    [
        ("cpu=100m", 4, "DesiredWithinRange"),
        ("cpu=52m", 2, "DesiredWithinRange"),
        ("cpu=10m", 1, "DesiredWithinRange"),
        ("cpu=900m", 4, "ScaleUpLimit"),
    ],
)
def test_replicas_follow_the_usage(usage: str, wanted: int, reason: str) -> None:
    scaled = autoscaler(HALF)
    assert desired(scaled, 2, pods(2, usage), [], NOW) == wanted
    assert conditions(scaled) == {"ScalingActive": "ValidMetricFound", "ScalingLimited": reason}


def test_an_average_value_is_a_target_too() -> None:
    target = MetricTarget(type="AverageValue", average_value=Quantity("100m"))
    assert desired(autoscaler(target), 2, pods(2, "cpu=150m"), [], NOW) == 3


def test_fewer_are_had_only_when_they_were_asked_for_all_along() -> None:
    scaled, history = autoscaler(HALF), [(NOW, 4)]
    assert desired(scaled, 4, pods(4, "cpu=10m"), history, NOW + timedelta(minutes=1)) == 4
    assert conditions(scaled)["AbleToScale"] == "ScaleDownStabilized"
    assert desired(scaled, 4, pods(4, "cpu=10m"), history, NOW + timedelta(minutes=5)) == 1


def test_without_metrics_only_the_bounds_count() -> None:
    scaled = autoscaler(HALF, least=2, most=3)
    assert desired(scaled, 2, pods(2, ""), [], NOW) == 2
    assert conditions(scaled)["ScalingActive"] == "FailedGetResourceMetric"
    assert desired(scaled, 1, pods(1, ""), [], NOW) == 2
    assert desired(scaled, 7, pods(7, ""), [], NOW) == 3
    assert desired(scaled, 0, [], [], NOW) == 0


async def test_an_autoscaler_scales_a_deployment(client: Client) -> None:
    busy = template(usage="cpu=100m")
    busy.spec.containers[0].resources = ResourceRequirements(requests={"cpu": Quantity("100m")})
    spec = DeploymentSpec(replicas=1, selector=SELECTOR, template=busy)
    await client.create(Deployment(metadata=ObjectMeta(name="d", namespace="default"), spec=spec))
    await client.create(autoscaler(HALF, most=3))

    async def scaled() -> bool:
        found = await client.get(HorizontalPodAutoscaler, "a")
        return found.status.desired_replicas == found.status.current_replicas == 3

    await eventually(scaled)
    assert (await client.get(Deployment, "d")).spec.replicas == 3


async def test_a_scale_without_a_selector_is_not_scaled(client: Client) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    scale = CustomResourceSubresourceScale(spec_replicas_path=".spec.replicas", status_replicas_path=".status.replicas")
    version = CustomResourceDefinitionVersion(
        name="v1",
        served=True,
        storage=True,
        schema=CustomResourceValidation(open_api_v3_schema=schema),
        subresources=CustomResourceSubresources(scale=scale),
    )
    names = CustomResourceDefinitionNames(plural="flocks", kind="Flock")
    definition = CustomResourceDefinitionSpec(group="example.com", names=names, scope="Namespaced", versions=[version])
    await client.create(CustomResourceDefinition(metadata=ObjectMeta(name="flocks.example.com"), spec=definition))
    flock = {"apiVersion": "example.com/v1", "kind": "Flock", "metadata": {"name": "d", "namespace": "default"}}

    async def made() -> bool:
        await client.create(Unstructured({**flock, "spec": {"replicas": 2}}))
        return True

    await eventually(made)
    scaled = autoscaler(HALF)
    scaled.spec.scale_target_ref = CrossVersionObjectReference(api_version="example.com/v1", kind="Flock", name="d")
    await client.create(scaled)

    async def told() -> bool:
        return conditions(await client.get(HorizontalPodAutoscaler, "a")).get("ScalingActive") == "InvalidSelector"

    await eventually(told)
