"""The built-in admission plug-ins: what they fill in and what they refuse."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World, decoded, pod

from kubewright.apiserver.admission.attributes import Attributes, Operation
from kubewright.apiserver.admission.certificates import CertificateApproval
from kubewright.apiserver.admission.chain import Chain
from kubewright.apiserver.admission.plugins import mutating_plugins, validating_plugins
from kubewright.apiserver.admission.pod_scheduling import Priority
from kubewright.apiserver.admission.pod_security import PodSecurity, violations
from kubewright.apiserver.admission.resource_quota import ResourceQuota
from kubewright.apiserver.auth.authorizer import AlwaysAllow, Decision
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.errors import Forbidden, Invalid, NotFound
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

RECORDED: list[tuple[str, dict[str, str]]] = []


async def record(namespace: str, name: str, used: dict[str, str]) -> None:
    RECORDED.append((name, used))


@pytest.fixture
def world() -> World:
    RECORDED.clear()
    found = World()
    found.add("", "namespaces", {"metadata": {"name": "n"}, "status": {"phase": "Active"}})
    return found


def attributes(world: World, obj: Object | None, *, operation: Operation = "CREATE", **rest: Any) -> Attributes:
    kind = GroupVersionKind.parse(obj["apiVersion"], obj["kind"]) if obj else GroupVersionKind("", "v1", "Namespace")
    plural = {"Ingress": "ingresses", "StorageClass": "storageclasses"}.get(kind.kind, f"{kind.kind.lower()}s")
    namespace = (obj or {"metadata": {}})["metadata"].get("namespace", "")
    return Attributes(
        operation, kind, GroupVersionResource(kind.group, kind.version, plural), "", namespace,
        rest.get("name", "a"), obj, rest.get("old"), UserInfo("u"), {}, False, world,
    )  # fmt: skip


async def admitted(world: World, obj: Object) -> Attributes:
    """Let every plug-in at a new object."""
    chain = Chain(mutating_plugins(), [*validating_plugins(AlwaysAllow()), ResourceQuota(record)])
    given = attributes(world, obj)
    await chain.admit(given)
    await chain.validate(given)
    return given


async def test_nothing_is_made_in_a_namespace_that_is_not_there(world: World) -> None:
    obj = decoded("v1", "ConfigMap", {"metadata": {"namespace": "other"}})
    with pytest.raises(NotFound, match='namespaces "other" not found'):
        await admitted(world, obj)


async def test_nothing_is_made_in_a_namespace_that_goes(world: World) -> None:
    world.objects["", "namespaces"][0]["status"]["phase"] = "Terminating"
    with pytest.raises(Forbidden, match="because it is being terminated") as refused:
        await admitted(world, decoded("v1", "ConfigMap", {}))
    assert refused.value.causes[0].reason == "NamespaceTerminating"


async def test_some_namespaces_stay(world: World) -> None:
    given = attributes(world, None, operation="DELETE", name="kube-system")
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        await Chain(mutating_plugins()).admit(given)


async def test_there_is_one_default_priority_class(world: World) -> None:
    kind = "scheduling.k8s.io/v1", "PriorityClass"
    world.add("scheduling.k8s.io", "priorityclasses", {"metadata": {"name": "first"}, "globalDefault": True})
    second = decoded(*kind, {"metadata": {"name": "second"}, "value": 1, "globalDefault": True})
    given = attributes(world, second)
    given.resource = GroupVersionResource("scheduling.k8s.io", "v1", "priorityclasses")
    with pytest.raises(Forbidden, match="PriorityClass first is already marked as default"):
        await Priority().validate(given)
    given.operation = "UPDATE"
    second["metadata"]["name"] = "first"
    await Priority().validate(given)


async def test_kubernetes_own_priority_classes_stay(world: World) -> None:
    given = attributes(world, None, operation="DELETE", name="system-node-critical")
    given.resource = GroupVersionResource("scheduling.k8s.io", "v1", "priorityclasses")
    with pytest.raises(Forbidden, match="this is a system priority class and cannot be deleted"):
        await Priority().validate(given)


async def test_pods_get_tolerations_and_a_priority(world: World) -> None:
    world.add("scheduling.k8s.io", "priorityclasses", {"metadata": {"name": "high"}, "value": 7})
    spec = ((await admitted(world, decoded("v1", "Pod", pod(priorityClassName="high")))).obj or {})["spec"]
    assert [toleration["tolerationSeconds"] for toleration in spec["tolerations"]] == [300, 300]
    assert (spec["priority"], spec["preemptionPolicy"]) == (7, "PreemptLowerPriority")
    with pytest.raises(Forbidden, match="no PriorityClass with name none was found"):
        await admitted(world, decoded("v1", "Pod", pod(priorityClassName="none")))


async def test_the_runtime_class_adds_its_overhead(world: World) -> None:
    kata = {
        "metadata": {"name": "kata"},
        "overhead": {"podFixed": {"cpu": "250m"}},
        "scheduling": {"nodeSelector": {"k": "v"}},
    }
    world.add("node.k8s.io", "runtimeclasses", kata)
    spec = ((await admitted(world, decoded("v1", "Pod", pod(runtimeClassName="kata")))).obj or {})["spec"]
    assert (spec["overhead"], spec["nodeSelector"]) == ({"cpu": "250m"}, {"k": "v"})


async def test_claims_are_protected_and_get_the_default_class(world: World) -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    world.add("storage.k8s.io", "storageclasses", {"metadata": {"name": "fast", "annotations": annotations}})
    obj = decoded("v1", "PersistentVolumeClaim", {})
    await admitted(world, obj)
    assert obj["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert obj["spec"]["storageClassName"] == "fast"


async def test_limit_ranges_fill_and_bound_containers(world: World) -> None:
    item = {"type": "Container", "defaultRequest": {"cpu": "100m"}, "max": {"memory": "1Gi"}}
    world.add("", "limitranges", {"metadata": {"name": "l", "namespace": "n"}, "spec": {"limits": [item]}})
    obj = decoded("v1", "Pod", pod())
    with pytest.raises(Forbidden, match="maximum memory usage per Container is 1Gi"):
        await admitted(world, obj)
    assert obj["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "100m"}
    assert obj["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu request for container c"
    }


async def test_limit_ranges_name_one_reason_for_each_bound(world: World) -> None:
    items = [{"type": "Container", "min": {"cpu": "1"}, "max": {"memory": "1Gi"}}, {"type": "Pod", "max": {"cpu": "2"}}]
    world.add("", "limitranges", {"metadata": {"name": "l", "namespace": "n"}, "spec": {"limits": items}})
    small = {"requests": {"cpu": "500m"}, "limits": {"cpu": "600m", "memory": "2Gi"}}
    obj = decoded("v1", "Pod", {"spec": {"containers": [{"name": "c", "image": "i", "resources": small}]}})
    wrong = "minimum cpu usage per Container is 1, but request is 500m"
    also = "maximum memory usage per Container is 1Gi, but limit is 2Gi"
    with pytest.raises(Forbidden, match=re.escape(f"[{wrong}, {also}]")):
        await admitted(world, obj)


async def test_limit_ranges_bound_claims(world: World) -> None:
    item = {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}
    world.add("", "limitranges", {"metadata": {"name": "l", "namespace": "n"}, "spec": {"limits": [item]}})
    claim = decoded("v1", "PersistentVolumeClaim", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    with pytest.raises(Forbidden, match="maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"):
        await admitted(world, claim)


def quota(world: World, hard: dict[str, str], used: dict[str, str]) -> None:
    status = {"hard": hard, "used": used}
    world.add(
        "", "resourcequotas", {"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": hard}, "status": status}
    )


async def test_quotas_are_charged(world: World) -> None:
    quota(world, {"pods": "2", "count/configmaps": "1"}, {"pods": "1", "count/configmaps": "1"})
    await admitted(world, decoded("v1", "Pod", pod()))
    assert RECORDED == [("q", {"pods": "2", "count/configmaps": "1"})]
    message = "exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1"
    with pytest.raises(Forbidden, match=message):
        await admitted(world, decoded("v1", "ConfigMap", {}))


async def test_a_compute_quota_wants_numbers(world: World) -> None:
    quota(world, {"requests.cpu": "1"}, {"requests.cpu": "0"})
    with pytest.raises(Forbidden, match=r"failed quota: q: must specify requests\.cpu for: c"):
        await admitted(world, decoded("v1", "Pod", pod()))


async def test_the_namespace_says_how_secure_pods_have_to_be(world: World) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"}
    world.objects["", "namespaces"][0]["metadata"]["labels"] = labels
    warned = await admitted(world, decoded("v1", "Pod", pod()))
    assert warned.warnings[0].startswith(
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    )
    with pytest.raises(Forbidden, match='violates PodSecurity "baseline:latest": host namespaces'):
        await admitted(world, decoded("v1", "Pod", pod(hostNetwork=True)))


def secured(level: str) -> Object:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}}


async def test_levels_that_there_are_not_are_refused_when_they_are_set(world: World) -> None:
    wrong = secured("strict")
    with pytest.raises(Invalid, match="must be one of privileged, baseline, restricted"):
        await PodSecurity().validate(attributes(world, wrong, name="n"))
    await PodSecurity().validate(attributes(world, wrong, name="n", operation="UPDATE", old=wrong))


async def test_pods_that_a_new_level_would_refuse_are_told_of(world: World) -> None:
    for name, more in (("a", {}), ("b", {}), ("c", {"hostPID": True})):
        world.add("", "pods", {"metadata": {"name": name, "namespace": "n"}, **pod(**more)})
    stricter = attributes(world, secured("restricted"), name="n", operation="UPDATE", old=secured("baseline"))
    await PodSecurity().validate(stricter)
    head, others, last = stricter.warnings
    assert head == 'existing pods in namespace "n" violate the new PodSecurity enforce level "restricted:latest"'
    assert others.startswith("a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities")
    assert last.startswith("c: host namespaces, allowPrivilegeEscalation != false")
    weaker = attributes(world, secured("baseline"), name="n", operation="UPDATE", old=secured("restricted"))
    await PodSecurity().validate(weaker)
    assert weaker.warnings == []


async def test_a_pod_that_breaks_a_level_may_still_be_labelled(world: World) -> None:
    world.objects["", "namespaces"] = [secured("baseline")]
    old, new = (decoded("v1", "Pod", pod(hostPID=True)) for _ in range(2))
    await PodSecurity().validate(attributes(world, new, operation="UPDATE", old=old))
    new["spec"]["containers"][0]["image"] = "other"
    with pytest.raises(Forbidden, match='violates PodSecurity "baseline:latest"'):
        await PodSecurity().validate(attributes(world, new, operation="UPDATE", old=old))


async def test_whatever_a_custom_resource_holds_is_no_pod(world: World) -> None:
    world.objects["", "namespaces"][0]["metadata"]["labels"] = {"pod-security.kubernetes.io/warn": "restricted"}
    custom: Object = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "n"}}
    assert not (await admitted(world, {**custom, "": {"spec": {"containers": []}}})).warnings
    assert not (await admitted(world, {**custom, "": 1})).warnings


def test_a_hardened_pod_is_restricted() -> None:
    context = {
        "allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert violations("restricted", {"containers": [{"name": "c", "securityContext": context}]}) == []
    assert len(violations("restricted", {"containers": [{"name": "c"}]})) == 4


class OnlyExampleSigners:
    """An authorizer that lets anyone approve for ``example.com/*``."""

    def authorize(self, user: UserInfo, request: RequestInfo) -> Decision:
        return Decision((request.verb, request.resource, request.name) == ("approve", "signers", "example.com/*"))


@pytest.mark.parametrize(("signer", "allowed"), [("example.com/one", True), ("other.com/one", False)])
async def test_approving_needs_a_right_on_the_signer(world: World, signer: str, allowed: bool) -> None:
    request: Object = {
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "a"},
        "spec": {"signerName": signer},
    }  # fmt: skip
    given = attributes(world, request, operation="UPDATE", old=request)
    given.subresource = "approval"
    stage = CertificateApproval(OnlyExampleSigners())
    if allowed:
        await stage.validate(given)
    else:
        with pytest.raises(Forbidden, match="user not permitted to approve requests"):
            await stage.validate(given)
