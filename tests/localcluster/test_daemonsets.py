from tests.localcluster.waiting import eventually
from tests.localcluster.workloads import SELECTOR, template

from kubewright.client import Client
from kubewright.localcluster.kubelet import NODE
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import ControllerRevision, DaemonSet, DaemonSetSpec
from kubewright.objects.core_v1 import Pod


def daemonset(image: str) -> DaemonSet:
    spec = DaemonSetSpec(selector=SELECTOR, template=template(image))
    return DaemonSet(metadata=ObjectMeta(name="agent", namespace="default"), spec=spec)


async def test_every_node_has_its_pod_and_a_new_template_replaces_it(client: Client) -> None:
    async def runs(image: str) -> bool:
        pods = await client.list(Pod, namespace="default")
        ready = (await client.get(DaemonSet, "agent")).status
        on_node = [(pod.spec.node_name, pod.spec.containers[0].image) for pod in pods] == [(NODE, image)]
        return on_node and ready.number_ready == 1 and ready.updated_number_scheduled == 1

    await client.create(daemonset("i:1"))
    await eventually(lambda: runs("i:1"))
    await client.apply(daemonset("i:2"), force=True)
    await eventually(lambda: runs("i:2"))
    revisions = await client.list(ControllerRevision, namespace="default")
    assert sorted(one.revision for one in revisions) == [1, 2]
