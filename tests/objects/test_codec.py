import msgspec
import pytest

from kubewright.objects import (
    MicroTime,
    ObjectMeta,
    Quantity,
    Struct,
    Unstructured,
    from_dict,
    from_json,
    parse_time,
    to_dict,
    to_json,
)
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec, StatefulSet
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.core_v1 import (
    Container,
    ContainerStatus,
    EmptyDirVolumeSource,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    PodStatus,
    ResourceRequirements,
    Secret,
    Service,
    ServiceSpec,
    Volume,
)
from kubewright.objects.networking_v1 import NetworkPolicy
from kubewright.objects.rbac_v1 import Role


def test_leaves_out_the_spine_that_nobody_touched() -> None:
    deployment = Deployment(metadata=ObjectMeta(name="web"), spec=DeploymentSpec(replicas=3))
    assert to_dict(deployment) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3},
    }


def test_keeps_an_empty_struct_that_was_asked_for() -> None:
    pod = Pod(spec=PodSpec(volumes=[Volume(name="tmp", empty_dir=EmptyDirVolumeSource())]))
    assert to_dict(pod)["spec"] == {"volumes": [{"name": "tmp", "emptyDir": {}}]}
    policy = NetworkPolicy()
    policy.spec.pod_selector = from_dict(type(policy.spec), {"podSelector": {}}).pod_selector
    assert to_dict(policy)["spec"] == {"podSelector": {}}


def test_writes_zeros_of_required_fields() -> None:
    status = PodStatus(container_statuses=[ContainerStatus(name="app")])
    written = to_dict(Pod(status=status))["status"]["containerStatuses"]
    assert written == [{"name": "app", "image": "", "imageID": "", "ready": False, "restartCount": 0}]


def test_trims_inside_lists_too() -> None:
    stateful_set = StatefulSet()
    stateful_set.spec.volume_claim_templates = [PersistentVolumeClaim(metadata=ObjectMeta(name="data"))]
    claim = to_dict(stateful_set)["spec"]["volumeClaimTemplates"]
    assert claim == [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}]


def test_writing_does_not_change_the_object() -> None:
    pod = Pod(metadata=ObjectMeta(name="a"))
    to_json(pod)
    assert pod.spec == PodSpec()


def test_irregular_names_are_exact() -> None:
    spec = ServiceSpec(cluster_ip="None", cluster_ips=["None"], external_ips=["1.2.3.4"])
    assert to_dict(Service(spec=spec))["spec"] == {
        "clusterIP": "None",
        "clusterIPs": ["None"],
        "externalIPs": ["1.2.3.4"],
    }


def test_quantities_bytes_and_times_round_trip() -> None:
    pod = Pod(spec=PodSpec(containers=[Container(name="c", resources=ResourceRequirements())]))
    pod.metadata.creation_timestamp = parse_time("2026-01-02T03:04:05Z")
    resources = pod.spec.containers[0].resources
    assert resources is not None
    resources.requests["cpu"] = Quantity("1500m")
    text = to_json(pod)
    assert b'"cpu":"1500m"' in text and b'"creationTimestamp":"2026-01-02T03:04:05Z"' in text
    assert from_json(Pod, text) == pod
    assert from_json(Secret, b'{"data":{"a":"aGk="}}').data == {"a": b"hi"}
    lease = Lease(spec=LeaseSpec(renew_time=MicroTime.from_plain("2026-01-02T03:04:05Z")))
    assert b'"renewTime":"2026-01-02T03:04:05.000000Z"' in to_json(lease)
    assert from_json(Lease, to_json(lease)) == lease


def test_a_quantity_may_be_a_number_in_json() -> None:
    pod = from_json(Pod, b'{"spec":{"overhead":{"cpu":2}}}')
    assert pod.spec.overhead["cpu"] == Quantity("2")


def test_null_means_absent_and_unknown_fields_are_ignored() -> None:
    role = from_json(Role, b'{"metadata":{"name":"r","creationTimestamp":null},"rules":null,"fromTheFuture":1}')
    assert role.metadata.name == "r"
    assert role.rules == []


def test_a_wrong_type_is_named_by_its_path() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.spec\.replicas"):
        from_json(Deployment, b'{"spec":{"replicas":"three"}}')


def test_kind_and_api_version_are_filled_in_on_reading() -> None:
    pod = from_json(Pod, b'{"metadata":{"name":"from-a-list"}}')
    assert (pod.api_version, pod.kind) == ("v1", "Pod")


def test_unstructured_objects_use_the_same_functions() -> None:
    plain = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"b": None}}
    obj = from_dict(Unstructured, plain)
    assert to_dict(obj) == plain
    assert from_json(Unstructured, to_json(obj)) == obj


def test_equal_objects_give_equal_text() -> None:
    class Tagged(Struct):
        tags: set[str] = set()
        labels: dict[str, str] = {}

    tags = [f"t{number}" for number in range(20)]
    one = Tagged(tags=set(tags), labels={"b": "1", "a": "2"})
    other = Tagged(tags={f"t{number}" for number in range(19, -1, -1)}, labels={"a": "2", "b": "1"})
    assert to_json(one) == to_json(other)
    assert to_dict(one)["tags"] == sorted(tags)
