import asyncio
from collections import Counter

from tests.localcluster.workloads import template

from kubewright.client import Client
from kubewright.localcluster.pod_control import PodControl
from kubewright.localcluster.pods import pod_from
from kubewright.localcluster.view import View
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.core_v1 import ConfigMap, Pod, ResourceQuota, ResourceQuotaSpec
from kubewright.objects.errors import Forbidden
from kubewright.objects.events_v1 import Event


async def test_what_refuses_one_pod_is_not_asked_for_all_of_them(client: Client) -> None:
    hard = {"pods": Quantity(3)}
    few = ResourceQuota(metadata=ObjectMeta(name="few", namespace="default"), spec=ResourceQuotaSpec(hard=hard))
    await client.create(few)
    owner = await client.create(ConfigMap(metadata=ObjectMeta(name="owner", namespace="default")))
    view, stop = View(client), asyncio.Event()
    control = PodControl(view, "test-controller")
    recording = asyncio.create_task(view.recorders[0].run(stop, lambda: None))
    refused = await control.create_all(owner, [pod_from(template(), owner) for _ in range(20)])
    stop.set()
    await recording
    assert isinstance(refused, Forbidden)
    assert len(await client.list(Pod, namespace="default")) == 3
    events = await client.list(Event, namespace="default")
    reasons = Counter(one.reason for one in events if one.reporting_controller == "test-controller")
    assert reasons == {"SuccessfulCreate": 3, "FailedCreate": 4}  # batches of one, two and four
