from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.versions import ClusterVersions
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

EVENTS = GroupVersionResource("", "v1", "events")
NEW_EVENTS = GroupVersionResource("events.k8s.io", "v1", "events")


def versions() -> ClusterVersions:
    return ClusterVersions(LogicalCluster(SqliteStorage()))


def test_resources_that_share_their_storage_are_equivalent() -> None:
    assert {resource for resource, _ in versions().equivalents(EVENTS, "")} == {EVENTS, NEW_EVENTS}


def test_what_is_not_served_has_no_equivalents() -> None:
    assert versions().equivalents(GroupVersionResource("example.com", "v1", "widgets"), "") == []


def test_a_subresource_is_named_with_its_own_kind() -> None:
    deployments = GroupVersionResource("apps", "v1", "deployments")
    assert versions().equivalents(deployments, "scale") == [
        (deployments, GroupVersionKind("autoscaling", "v1", "Scale"))
    ]


async def test_an_object_is_converted_by_way_of_the_stored_form() -> None:
    metadata = {"name": "e", "namespace": "n"}
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": metadata, "note": "text"}
    converted = await versions().convert(event, GroupVersionKind("", "v1", "Event"))
    assert (converted["apiVersion"], converted["message"]) == ("v1", "text")
    assert event["note"] == "text"
