from tests.localcluster.waiting import eventually

from kubewright.client import Client
from kubewright.objects import ObjectMeta
from kubewright.objects.meta import LabelSelector
from kubewright.objects.rbac_v1 import AggregationRule, ClusterRole, PolicyRule


def rule(resource: str) -> PolicyRule:
    return PolicyRule(api_groups=[""], resources=[resource], verbs=["get"])


async def test_a_role_holds_the_rules_of_those_that_it_selects(client: Client) -> None:
    selector = LabelSelector(match_labels={"part": "yes"})
    aggregation = AggregationRule(cluster_role_selectors=[selector])
    await client.create(ClusterRole(metadata=ObjectMeta(name="whole"), aggregation_rule=aggregation, rules=[]))
    for name in ("b", "a"):
        metadata = ObjectMeta(name=name, labels={"part": "yes"})
        await client.create(ClusterRole(metadata=metadata, rules=[rule(f"{name}s"), rule("pods")]))

    async def holds(*resources: str) -> bool:
        return [one.resources for one in (await client.get(ClusterRole, "whole")).rules] == [[one] for one in resources]

    await eventually(lambda: holds("as", "pods", "bs"))
    await client.patch(ClusterRole, "a", merge={"metadata": {"labels": None}})
    await eventually(lambda: holds("bs", "pods"))
    await client.delete(ClusterRole, "b")
    await eventually(holds)


async def test_the_roles_for_people_hold_each_other(client: Client) -> None:
    async def complete() -> bool:
        admin = await client.get(ClusterRole, "admin")
        return {"rolebindings", "deployments", "pods"} <= {name for one in admin.rules for name in one.resources}

    await eventually(complete)
