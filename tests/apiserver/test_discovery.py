"""Discovery lists what is served, the preferred versions first."""

from __future__ import annotations

import pytest

from kubewright.apiserver.discovery import Discovery, version_priority
from kubewright.apiserver.registry.builtin import builtin_resources


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    return Discovery(builtin_resources())


def test_versions_are_ordered_as_kubernetes_prefers_them() -> None:
    versions = ["v1", "v1beta1", "foo", "v2", "v1alpha1", "v10", "v1beta2", "bar"]
    assert sorted(versions, key=version_priority) == [
        "v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "bar", "foo",
    ]  # fmt: skip


def test_a_group_prefers_its_best_version(discovery: Discovery) -> None:
    group = discovery.group("autoscaling")
    assert group is not None
    assert group["preferredVersion"]["version"] == "v2"
    assert discovery.group("nothing.example.com") is None


def test_subresources_follow_their_resource_with_the_kind_they_hold(discovery: Discovery) -> None:
    listed = discovery.resource_list("apps", "v1")
    assert listed is not None
    found = {entry["name"]: entry for entry in listed["resources"]}
    assert found["deployments"]["shortNames"] == ["deploy"]
    assert (found["deployments/scale"]["group"], found["deployments/scale"]["kind"]) == ("autoscaling", "Scale")


def test_one_document_holds_all_groups(discovery: Discovery) -> None:
    items = discovery.aggregated(core=False)["items"]
    names = [item["metadata"]["name"] for item in items]
    assert "apps" in names
    assert "" not in names
    assert discovery.aggregated(core=True)["items"][0]["versions"][0]["version"] == "v1"
