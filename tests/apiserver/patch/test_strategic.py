"""Strategic merge patch over the schemas of the built-in kinds."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.patch import strategic_merge
from kubewright.apiserver.registry.builtin import definition_name, definitions
from kubewright.objects.errors import APIError, BadRequest, Invalid
from kubewright.objects.names import GroupVersionKind

Object = dict[str, Any]

POD = definitions()[definition_name(GroupVersionKind("", "v1", "Pod"))]
DEPLOYMENT = definitions()[definition_name(GroupVersionKind("apps", "v1", "Deployment"))]


def containers(*names: str) -> list[Object]:
    return [{"name": name, "image": name} for name in names]


def patched(spec: Object, patch: Object) -> Object:
    """The spec of a pod after a patch of its spec."""
    result: Object = strategic_merge({"spec": spec}, {"spec": patch}, POD)["spec"]
    return result


def test_list_items_merge_by_their_key() -> None:
    spec = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}]}
    new = patched(spec, {"containers": [{"name": "a", "env": [{"name": "Y", "value": "3"}]}]})
    assert new == {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "3"}]}]}


def test_new_items_come_before_those_the_patch_does_not_name() -> None:
    new = patched({"containers": containers("a", "b")}, {"containers": containers("new")})
    assert [c["name"] for c in new["containers"]] == ["new", "a", "b"]


def test_merged_items_keep_their_place_among_the_others() -> None:
    new = patched({"containers": containers("a", "b", "c")}, {"containers": [{"name": "b", "image": "x"}]})
    assert [(c["name"], c["image"]) for c in new["containers"]] == [("a", "a"), ("b", "x"), ("c", "c")]


def test_items_are_deleted_and_lists_replaced_by_directive() -> None:
    deleted = patched({"containers": containers("a", "b")}, {"containers": [{"name": "b", "$patch": "delete"}]})
    assert deleted == {"containers": containers("a")}
    replaced = patched({"containers": containers("a")}, {"containers": [{"$patch": "replace"}, {"name": "only"}]})
    assert replaced == {"containers": [{"name": "only"}]}


def test_maps_are_replaced_and_emptied_by_directive() -> None:
    meta = {"metadata": {"labels": {"a": "1"}, "annotations": {"b": "1"}}}
    patch = {"metadata": {"labels": {"$patch": "replace", "new": "1"}, "annotations": {"$patch": "delete"}}}
    assert strategic_merge(meta, patch, POD) == {"metadata": {"labels": {"new": "1"}, "annotations": {}}}


def test_what_carries_a_directive_but_has_nothing_to_direct_is_dropped() -> None:
    assert strategic_merge({"metadata": {}}, {"metadata": {"labels": {"$patch": "replace", "n": "1"}}}, POD) == {
        "metadata": {}
    }


def test_retain_keys_drops_the_other_members_of_a_union() -> None:
    spec = {"volumes": [{"name": "v", "emptyDir": {}}]}
    patch = {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "cm"}}]}
    assert patched(spec, patch) == {"volumes": [{"name": "v", "configMap": {"name": "cm"}}]}
    strategy = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}}}
    recreate = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(strategy, recreate, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_set_element_order_orders_the_merged_list() -> None:
    patch = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b", "image": "x"}]}
    new = patched({"containers": containers("a", "server", "b")}, patch)
    assert [(c["name"], c["image"]) for c in new["containers"]] == [("server", "server"), ("b", "x"), ("a", "a")]
    only_order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert patched({"containers": containers("a", "b")}, only_order) == {"containers": containers("b", "a")}


def test_lists_of_scalars_merge_and_lose_items_by_directive() -> None:
    def finalizers(patch: Object, *have: str) -> Any:
        return strategic_merge({"metadata": {"finalizers": list(have)}}, {"metadata": patch}, POD)["metadata"]

    assert finalizers({"finalizers": ["c"]}, "b") == {"finalizers": ["c", "b"]}
    assert finalizers({"$deleteFromPrimitiveList/finalizers": ["a"]}, "a", "b") == {"finalizers": ["b"]}
    assert finalizers({"finalizers": None}, "a") == {}
    ordered = {"$setElementOrder/finalizers": ["b", "a", "c"], "finalizers": ["c"]}
    assert finalizers(ordered, "a", "b") == {"finalizers": ["b", "a", "c"]}


def test_atomic_lists_and_scalars_are_replaced() -> None:
    assert patched({"containers": [{"name": "a", "args": ["1"]}]}, {"containers": [{"name": "a", "args": ["2"]}]}) == {
        "containers": [{"name": "a", "args": ["2"]}]
    }
    assert patched({"nodeName": "a", "hostname": "b"}, {"nodeName": "c", "hostname": None}) == {"nodeName": "c"}


def test_nulls_of_new_maps_are_dropped() -> None:
    assert patched({}, {"securityContext": {"runAsUser": None, "fsGroup": 1}}) == {"securityContext": {"fsGroup": 1}}


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ({"containers": [{"image": "nokey"}]}, APIError),
        ({"containers": [{"name": "a", "$patch": "merge"}]}, APIError),
        ({"securityContext": {"$patch": "frobnicate"}}, APIError),
        ({"unknown": {"a": 1}}, APIError),
        ({"containers": [[1]]}, Invalid),
        ({"$retainKeys": "x"}, BadRequest),
        ({"$retainKeys": ["nodeName"], "hostname": "x"}, BadRequest),
        ({"$setElementOrder": []}, BadRequest),
        ({"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a"}]}, APIError),
    ],
)
def test_malformed_patches_fail(patch: Object, error: type[APIError]) -> None:
    spec = {"containers": containers("a"), "securityContext": {}, "unknown": {}, "nodeName": "x"}
    with pytest.raises(error) as raised:
        patched(spec, patch)
    assert type(raised.value) is error


def test_a_patch_must_be_an_object() -> None:
    with pytest.raises(BadRequest):
        strategic_merge({}, [1], POD)
