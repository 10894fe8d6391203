from typing import Any

import pytest
from tests.examples.loading import load

from kubewright import ObjectMeta
from kubewright.objects.core_v1 import Container, Namespace, Pod, PodSpec, ResourceQuota
from kubewright.objects.errors import Invalid
from kubewright.objects.rbac_v1 import RoleBinding
from kubewright.testing import TestCluster, verify_convergence

teams: Any = load("teams")
Team = teams.Team


def asked_for(**spec: Any) -> Any:
    return Team(metadata=ObjectMeta(name="shop"), spec=teams.TeamSpec(**spec))


async def provisioned(cluster: TestCluster, team: Any) -> None:
    await cluster.client.create(team)
    await cluster.eventually(Team, "shop", lambda team: team.status.namespaces, namespace="")


async def test_a_team_has_namespaces_with_a_quota_and_access(cluster: TestCluster) -> None:
    async with cluster.running(teams.op):
        await provisioned(cluster, asked_for(environments={"dev", "live"}, members={"ada"}, pods=3))
        quota = await cluster.client.get(ResourceQuota, "team", "shop-live")
        assert str(quota.spec.hard["pods"]) == "3"
        binding = await cluster.client.get(RoleBinding, "team", "shop-dev")
        assert [subject.name for subject in binding.subjects] == ["ada"]


async def test_an_environment_that_is_no_longer_wanted_goes(cluster: TestCluster) -> None:
    async with cluster.running(teams.op):
        await provisioned(cluster, asked_for(environments={"dev", "live"}))
        await cluster.client.patch(Team, "shop", merge={"spec": {"environments": ["live"]}})
        await cluster.gone(Namespace, "shop-dev", namespace="")
        await cluster.client.get(Namespace, "shop-live")


async def test_images_of_other_registries_are_refused_in_the_teams_namespaces_alone(cluster: TestCluster) -> None:
    pod = PodSpec(containers=[Container(name="a", image="docker.io/nginx")])
    async with cluster.running(teams.op):
        await provisioned(cluster, asked_for(registries=["registry.example.com"]))
        with pytest.raises(Invalid, match=r"spec\.containers\[0\]\.image.*must come from registry\.example\.com/"):
            await cluster.client.create(Pod(metadata=ObjectMeta(name="a", namespace="shop-dev"), spec=pod))
        await cluster.client.create(Pod(metadata=ObjectMeta(name="a", namespace="default"), spec=pod))


async def test_everything_goes_with_the_team(cluster: TestCluster) -> None:
    async with cluster.running(teams.op):
        await provisioned(cluster, asked_for())
        await cluster.client.delete(Team, "shop")
        await cluster.gone(Namespace, "shop-dev", namespace="")


@pytest.mark.timeout(120)
async def test_it_gets_there_whatever_happens() -> None:
    await verify_convergence(teams.op, [asked_for()])
