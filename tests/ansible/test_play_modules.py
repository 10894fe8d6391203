"""The modules against a server that is a dictionary: which requests they send, and what they make of the answers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from kubewright.ansible.play_api import PlayAPI, Refused
from kubewright.ansible.play_modules import (
    ModuleFailed,
    definitions,
    k8s,
    k8s_event,
    k8s_info,
    k8s_status,
    lookup,
    requeue_after,
)

MAPS = "/api/v1/namespaces/shop/configmaps"
SITES = "/apis/x.io/v1/namespaces/shop/sites"


class FakeAPI(PlayAPI):
    """Keeps what it is sent; a patch merges the first level, and counts as a change if it makes one."""

    def __init__(self, **objects: dict[str, Any]) -> None:
        self.objects = {f"{MAPS}/{name}": obj for name, obj in objects.items()}
        self.sent: list[tuple[str, str, str]] = []
        self.version = 1

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self.sent.append((method, path, content_type.removeprefix("application/")))
        if path.startswith("/kubewright/kinds"):
            if "Unknown" in path:
                raise Refused(404, {"message": "no such kind"})
            custom = "x.io" in path
            root = "/apis/x.io/v1" if custom else "/api/v1"
            return {"root": root, "resource": "sites" if custom else "configmaps", "namespaced": True}
        if path == "/apis":
            return {"groups": [{"name": "apps"}, {"name": "x.io"}]}
        if method == "PATCH" and "strategic" in content_type and path.startswith(SITES):
            raise Refused(415, {"message": "no strategic merge here"})
        if method == "GET" and path in (MAPS, SITES):
            items = [obj for place, obj in self.objects.items() if place.startswith(path)]
            return {"apiVersion": "v1", "kind": "ConfigMapList", "items": copy.deepcopy(items)}
        if method != "POST" and path.removesuffix("/status") not in self.objects and "apply" not in content_type:
            raise Refused(404, {"message": f"{path} not found"})
        if method == "GET":
            return copy.deepcopy(self.objects[path])
        if method == "DELETE":
            return self.objects.pop(path)
        return self._write(method, path, dict(body or {}))

    def _write(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        place = f"{path}/{body['metadata']['name']}" if method == "POST" else path.removesuffix("/status")
        before = self.objects.get(place, {})
        metadata = {**before.get("metadata", {}), **body.get("metadata", {})}
        after = {**(before if method == "PATCH" else {}), **body, "metadata": metadata}
        metadata["resourceVersion"] = before.get("metadata", {}).get("resourceVersion", "")
        if after != before:
            self.version += 1
            metadata["resourceVersion"] = str(self.version)
        self.objects[place] = copy.deepcopy(after)
        return after

    @property
    def writes(self) -> list[str]:
        return [f"{method} {path.rpartition('/')[2]} {kind}" for method, path, kind in self.sent if method != "GET"]


def config_map(name: str = "m", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": "1"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def task(**args: Any) -> dict[str, Any]:
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "b"}}
    return {"state": "present", "resource_definition": wanted, "namespace": "shop", **args}


def test_what_is_missing_is_created() -> None:
    api = FakeAPI()
    result = k8s(task(), api)
    assert (result["changed"], result["method"]) == (True, "create")
    assert api.writes == ["POST configmaps json"] and api.objects[f"{MAPS}/m"]["data"] == {"a": "b"}


def test_what_is_there_is_patched_and_changed_only_if_that_makes_a_difference() -> None:
    api = FakeAPI(m=config_map(a="c"))
    assert k8s(task(), api)["changed"] is True
    assert k8s(task(), api)["changed"] is False
    assert api.writes == ["PATCH m strategic-merge-patch+json"] * 2


def test_custom_resources_are_merged_plainly() -> None:
    api = FakeAPI()
    api.objects[f"{SITES}/s"] = {"metadata": {"name": "s", "resourceVersion": "1"}}
    site = {"apiVersion": "x.io/v1", "kind": "Site", "metadata": {"name": "s"}}
    assert k8s(task(resource_definition=site), api)["method"] == "patch"
    assert api.writes == ["PATCH s strategic-merge-patch+json", "PATCH s merge-patch+json"]


def test_objects_are_applied_where_that_is_asked_for() -> None:
    api = FakeAPI()
    assert k8s(task(apply=True), api)["changed"] is True
    assert k8s(task(apply=True), api)["changed"] is False
    assert api.writes == ["PATCH m apply-patch+yaml"] * 2


def test_objects_are_replaced_by_force() -> None:
    api = FakeAPI(m={**config_map(x="y"), "immutable": True})
    assert k8s(task(force=True), api)["method"] == "replace"
    assert "immutable" not in api.objects[f"{MAPS}/m"]


def test_only_what_is_there_is_patched_where_that_is_asked_for() -> None:
    result = k8s(task(state="patched"), FakeAPI())
    assert result["changed"] is False and "no ConfigMap m" in result["warnings"][0]


def test_objects_are_deleted_once() -> None:
    api = FakeAPI(m=config_map())
    assert k8s({"state": "absent", "kind": "ConfigMap", "name": "m", "namespace": "shop"}, api)["changed"] is True
    assert k8s({"state": "absent", "kind": "ConfigMap", "name": "m", "namespace": "shop"}, api)["changed"] is False


def test_what_shall_go_must_have_a_name() -> None:
    with pytest.raises(ModuleFailed, match="must have a name"):
        k8s({"state": "absent", "kind": "ConfigMap", "namespace": "shop"}, FakeAPI())


def test_several_objects_give_several_results() -> None:
    texts = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in "ab"]
    result = k8s(task(resource_definition="---\n---\n".join(texts)), FakeAPI())
    assert [one["result"]["metadata"]["name"] for one in result["result"]["results"]] == ["a", "b"]
    assert result["changed"] is True


def test_a_failure_may_leave_the_others_alone() -> None:
    unknown = {"apiVersion": "v1", "kind": "Unknown", "metadata": {"name": "u"}}
    several = task(resource_definition=[unknown, config_map()], continue_on_error=True)
    result = k8s(several, FakeAPI())
    assert [("error" in one) for one in result["result"]["results"]] == [True, False]
    with pytest.raises(Refused, match="no such kind"):
        k8s(task(resource_definition=unknown), FakeAPI())


def test_arguments_fill_in_what_a_definition_leaves_out() -> None:
    args = {"resource_definition": {"data": {}}, "kind": "ConfigMap", "name": "n", "namespace": "s"}
    [full] = definitions(args)
    assert (full["apiVersion"], full["kind"], full["metadata"]) == ("v1", "ConfigMap", {"name": "n", "namespace": "s"})
    listed = {"kind": "List", "items": [config_map("a"), config_map("b")]}
    assert len(definitions({"resource_definition": listed})) == 2


@pytest.mark.parametrize("definition", ["a: [", "just text", [1], {"metadata": {"name": "x"}}])
def test_what_describes_no_object_is_refused(definition: Any) -> None:
    with pytest.raises(ModuleFailed):
        definitions({"resource_definition": definition})


def test_waiting_ends_when_a_condition_holds_or_time_is_up() -> None:
    ready = {**config_map(), "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    waiting = task(wait=True, wait_timeout=0.1, wait_condition={"type": "Ready"})
    assert k8s(waiting, FakeAPI(m=ready))["result"]["status"]
    with pytest.raises(ModuleFailed, match=r"m did not become ready within 0\.1 s"):
        k8s(waiting, FakeAPI(m=config_map()))


def test_objects_are_found_by_name_or_as_a_list() -> None:
    api = FakeAPI(a=config_map("a"), b=config_map("b"))
    assert [
        one["metadata"]["name"] for one in k8s_info({"kind": "ConfigMap", "namespace": "shop"}, api)["resources"]
    ] == [
        "a",
        "b",
    ]
    named = {"kind": "ConfigMap", "namespace": "shop", "name": "a"}
    assert k8s_info(named, api)["resources"][0]["kind"] == "ConfigMap"
    assert k8s_info({**named, "name": "c"}, api)["resources"] == []
    assert k8s_info({"kind": "Unknown"}, api) == {"changed": False, "resources": [], "api_found": False}


def test_the_lookup_tells_of_objects_and_of_the_cluster() -> None:
    api = FakeAPI(a=config_map("a"))
    assert lookup({"kind": "ConfigMap", "namespace": "shop", "resource_name": "a"}, api)[0]["metadata"]["name"] == "a"
    assert lookup({"cluster_info": "api_groups"}, api) == [["apps", "x.io"]]
    with pytest.raises(ModuleFailed, match="say kind or cluster_info"):
        lookup({}, api)


def test_a_status_is_merged_and_its_conditions_by_type() -> None:
    known = [
        {"type": "A", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "B", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    ]
    api = FakeAPI(m={**config_map(), "status": {"conditions": known}})
    conditions = [{"type": "A", "status": True, "message": None}, {"type": "C", "status": "False", "reason": "New"}]
    args = {"api_version": "v1", "kind": "ConfigMap", "name": "m", "namespace": "shop", "conditions": conditions}
    k8s_status(args, api)
    [a, b, c] = api.objects[f"{MAPS}/m"]["status"]["conditions"]
    assert a == known[0] and b == known[1] and (c["type"], c["status"]) == ("C", "False")
    assert api.sent[-1][1] == f"{MAPS}/m/status"


def test_a_status_of_nothing_cannot_be_written() -> None:
    with pytest.raises(ModuleFailed, match="no ConfigMap m"):
        k8s_status({"api_version": "v1", "kind": "ConfigMap", "name": "m", "namespace": "shop"}, FakeAPI())


def test_events_name_the_object() -> None:
    api = FakeAPI(m={**config_map(), "metadata": {**config_map()["metadata"], "uid": "u"}})
    involved = {"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "namespace": "shop"}
    event = k8s_event({"involvedObject": involved, "reason": "Seen", "message": "hi"}, api)["result"]
    assert (event["regarding"]["uid"], event["note"], event["reason"]) == ("u", "hi", "Seen")
    assert event["metadata"]["namespace"] == "shop"


def test_requeueing_needs_a_duration() -> None:
    assert requeue_after({"time": "1h30m"}) == {"changed": False, "period": "1h30m0s"}
    with pytest.raises(ModuleFailed, match="invalid duration"):
        requeue_after({"time": "soon"})


def test_modules_work_in_plays_of_an_operator_only() -> None:
    with pytest.raises(Refused, match=r"elsewhere use kubernetes\.core"):
        PlayAPI({})
