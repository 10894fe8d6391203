"""The catalogue joins names with schemas for every resource that a default server serves."""

from __future__ import annotations

from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.resource import Resource
from kubewright.objects.names import GroupVersionKind


def resource(api_version: str, kind: str) -> Resource:
    wanted = GroupVersionKind.parse(api_version, kind)
    return next(found for found in builtin_resources() if found.gvk == wanted)


def test_every_resource_has_a_schema_with_metadata() -> None:
    reviews = {"SelfSubjectReview", "TokenReview"}
    for found in builtin_resources():
        assert "metadata" in found.node.properties or found.gvk.kind in reviews, found.gvk


def test_names_are_unique_within_a_group_version() -> None:
    names = [found.gvr for found in builtin_resources()]
    assert len(names) == len(set(names))


def test_pods_have_the_subresources_that_clients_use() -> None:
    names = [sub.name for sub in resource("v1", "Pod").subresources]
    assert names == [
        "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize",
        "status",
    ]  # fmt: skip


def test_scale_is_an_autoscaling_kind() -> None:
    scale = resource("apps/v1", "Deployment").subresource("scale")
    assert scale is not None
    assert scale.kind == GroupVersionKind("autoscaling", "v1", "Scale")


def test_both_event_resources_share_their_storage() -> None:
    assert resource("events.k8s.io/v1", "Event").stored_as == GroupVersionKind("", "v1", "Event")
    assert resource("v1", "Event").stored_as is None


def test_the_preferred_version_of_a_group_comes_first() -> None:
    versions = [found.gvk.version for found in builtin_resources() if found.gvk.group == "autoscaling"]
    assert versions == ["v2", "v1"]
