import pytest

from kubewright.localcluster.cluster import LocalCluster
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.objects.errors import Forbidden
from kubewright.objects.rbac_v1 import ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject


async def test_a_user_may_do_what_roles_grant_and_an_administrator_everything() -> None:
    async with LocalCluster() as cluster:
        admin, jane = cluster.client(), cluster.client(user="jane", group="system:authenticated")
        with pytest.raises(Forbidden):
            await jane.list(ConfigMap)
        rules = [PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["list"])]
        await admin.create(ClusterRole(metadata=ObjectMeta(name="reader"), rules=rules))
        await admin.create(
            ClusterRoleBinding(
                metadata=ObjectMeta(name="reader"),
                role_ref=RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="reader"),
                subjects=[Subject(kind="User", name="jane", api_group="rbac.authorization.k8s.io")],
            )
        )
        assert await jane.list(ConfigMap, namespace="default") is not None
        with pytest.raises(Forbidden):
            await jane.list(Secret)
        assert await cluster.client(user="root").list(Secret) == []
