"""The server as its clients see it, called in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubewright.apiserver.registry import caches
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.client import AsgiTransport

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
MERGE = "application/merge-patch+json"


class Api:
    """Sends JSON, gets status and JSON; ``prefix`` names a logical cluster."""

    def __init__(self, server: ApiServer, prefix: str = "") -> None:
        self.transport = AsgiTransport(server.app, headers={"authorization": "Bearer admin"}, prefix=prefix)

    async def __call__(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        answer = await self.transport.request(method, path, headers={"content-type": content_type}, body=data)
        return answer.status, msgspec.json.decode(answer.body) if answer.body[:1] in (b"{", b"[") else answer.body

    async def events(self, path: str, *, accept: str = "application/json") -> AsyncGenerator[dict[str, Any], None]:
        async with self.transport.stream("GET", path, headers={"accept": accept}) as stream:
            rest = b""
            async for part in stream:
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    yield msgspec.json.decode(line)

    async def served(self, path: str) -> None:
        """Wait until a custom resource is served."""
        async with asyncio.timeout(5):
            while (await self("GET", path))[0] != 200:  # noqa: ASYNC110 -- there is nothing else to wait on
                await asyncio.sleep(0.001)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def widgets_crd(*versions: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": name, "served": True, "storage": index == 0, "schema": {"openAPIV3Schema": schema}}
                for index, name in enumerate(versions or ("v1",))
            ],
        },
    }


def widget(name: str, version: str = "v1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"example.com/{version}",
        "kind": "Widget",
        "metadata": {"name": name, **metadata},
        "spec": {},
    }


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def api(server: ApiServer) -> Api:
    return Api(server)


async def test_what_is_written_is_read_at_once(api: Api) -> None:
    code, made = await api("POST", CONFIG_MAPS, config_map("a", x="1"))
    assert code == 201
    assert await api("GET", f"{CONFIG_MAPS}/a") == (200, made)
    _, listed = await api("GET", CONFIG_MAPS)
    assert [item["metadata"]["name"] for item in listed["items"]] == ["a"]
    assert listed["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_concurrent_creations_of_one_name_give_one_object(api: Api) -> None:
    answers = await asyncio.gather(*(api("POST", CONFIG_MAPS, config_map("a")) for _ in range(50)))
    assert sorted(code for code, _ in answers) == [201] + [409] * 49


async def test_concurrent_patches_all_take_effect(api: Api) -> None:
    await api("POST", CONFIG_MAPS, config_map("a"))
    patches = (api("PATCH", f"{CONFIG_MAPS}/a", {"data": {f"k{n}": "x"}}, content_type=MERGE) for n in range(20))
    assert {code for code, _ in await asyncio.gather(*patches)} == {200}
    _, merged = await api("GET", f"{CONFIG_MAPS}/a")
    assert len(merged["data"]) == 20


async def test_pages_show_one_version_of_a_list(api: Api) -> None:
    for name in "abcd":
        await api("POST", CONFIG_MAPS, config_map(name))
    _, first = await api("GET", f"{CONFIG_MAPS}?limit=2")
    assert first["metadata"]["remainingItemCount"] == 2
    await api("DELETE", f"{CONFIG_MAPS}/d")
    _, rest = await api("GET", f"{CONFIG_MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c", "d"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_page_of_a_forgotten_version_is_gone(server: ApiServer, api: Api) -> None:
    for name in "abc":
        await api("POST", CONFIG_MAPS, config_map(name))
    _, first = await api("GET", f"{CONFIG_MAPS}?limit=1")
    await api("DELETE", f"{CONFIG_MAPS}/a")
    await server.storage.compact(await server.storage.revision())
    code, answer = await api("GET", f"{CONFIG_MAPS}?limit=1&continue={first['metadata']['continue']}")
    assert (code, answer["reason"]) == (410, "Expired")
    code, rest = await api("GET", f"{CONFIG_MAPS}?continue={answer['metadata']['continue']}")
    assert (code, [item["metadata"]["name"] for item in rest["items"]]) == (200, ["b", "c"])


async def test_initial_events_of_a_version_that_does_not_come_are_an_error(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "FRESH_TIMEOUT", 0.01)
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999999"
    events = api.events(f"{CONFIG_MAPS}?{query}")
    event = await anext(events)
    assert (event["type"], event["object"]["reason"]) == ("ERROR", "Timeout")
    await events.aclose()


async def test_a_watch_streams_initial_events_a_bookmark_and_what_follows(api: Api) -> None:
    await api("POST", CONFIG_MAPS, config_map("a"))
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = api.events(f"{CONFIG_MAPS}?{query}")
    assert (await anext(events))["type"] == "ADDED"
    bookmark = await anext(events)
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    await api("DELETE", f"{CONFIG_MAPS}/a")
    deleted = await anext(events)
    assert (deleted["type"], deleted["object"]["metadata"]["name"]) == ("DELETED", "a")
    await events.aclose()


async def test_a_bookmark_is_an_empty_object_of_its_kind(api: Api) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = api.events(f"/api/v1/pods?{query}")
    bookmark = (await anext(events))["object"]
    await events.aclose()
    assert bookmark.pop("metadata")["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark == {"kind": "Pod", "apiVersion": "v1", "spec": {"containers": None}, "status": {}}


@pytest.mark.parametrize("path", ["/api/v1/pods", WIDGETS])
async def test_a_bookmark_in_a_table_is_a_row(api: Api, path: str) -> None:
    await api("POST", CRDS, widgets_crd())
    await api.served(WIDGETS)
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = api.events(f"{path}?{query}", accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    table = (await anext(events))["object"]
    await events.aclose()
    assert list(table["metadata"]) == ["resourceVersion"]
    (row,) = table["rows"]
    assert len(row["cells"]) == len(table["columnDefinitions"])
    assert row["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_an_eviction_uses_up_the_budget_and_tells_the_pod_why_it_goes(api: Api) -> None:
    labels = {"app": "a"}
    spec = {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": labels}, "spec": spec}
    await api("POST", PODS, pod)
    await api("PATCH", f"{PODS}/p/status", {"status": {"phase": "Running"}}, content_type=MERGE)
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    selector = {"selector": {"matchLabels": labels}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": selector}
    await api("POST", budgets, budget)
    status = {"observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 1, "desiredHealthy": 0}
    await api("PATCH", f"{budgets}/b/status", {"status": {**status, "expectedPods": 1}}, content_type=MERGE)
    _, live = await api("GET", f"{PODS}/p")
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "p"},
        "deleteOptions": {"preconditions": {"resourceVersion": live["metadata"]["resourceVersion"]}},
    }
    code, _ = await api("POST", f"{PODS}/p/eviction", eviction)
    assert code == 201
    _, evicted = await api("GET", f"{PODS}/p")
    [condition] = evicted["status"]["conditions"]
    assert condition.pop("lastTransitionTime")
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    assert evicted["metadata"]["deletionGracePeriodSeconds"] == 30
    assert evicted["metadata"]["managedFields"] == live["metadata"]["managedFields"]
    _, used = await api("GET", f"{budgets}/b")
    assert (used["status"]["disruptionsAllowed"], list(used["status"]["disruptedPods"])) == (0, ["p"])


async def test_nothing_lies_below_a_subresource_but_what_a_proxy_leads_to(api: Api) -> None:
    answers = [
        (await api("GET", path))[0]
        for path in ("/api/v1/namespaces/default/status/x", f"{PODS}/p/status/x", f"{PODS}/p/proxy/x")
    ]
    assert answers == [404, 404, 405]


async def test_versions_share_their_objects(api: Api) -> None:
    await api("POST", CRDS, widgets_crd("v1", "v2"))
    await api.served(WIDGETS)
    await api("POST", WIDGETS, widget("a"))
    _, other = await api("GET", f"{WIDGETS.replace('v1', 'v2')}/a")
    assert other["apiVersion"] == "example.com/v2"
    _, listed = await api("GET", WIDGETS.replace("v1", "v2"))
    assert [item["apiVersion"] for item in listed["items"]] == ["example.com/v2"]


async def test_a_definition_goes_when_its_last_object_is_let_go_and_its_watches_end(api: Api) -> None:
    await api("POST", CRDS, widgets_crd())
    await api.served(WIDGETS)
    await api("POST", WIDGETS, widget("held", finalizers=["example.com/x"]))
    events = api.events(f"{WIDGETS}?watch=true")
    assert (await anext(events))["type"] == "ADDED"
    await api("DELETE", f"{CRDS}/widgets.example.com")
    assert (await anext(events))["type"] == "MODIFIED"
    code, answer = await api("POST", WIDGETS, widget("late"))
    assert (code, answer["reason"]) == (403, "Forbidden")
    await api("PATCH", f"{WIDGETS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    async with asyncio.timeout(5):
        assert [event["type"] async for event in events] == ["DELETED"]
    assert (await api("GET", WIDGETS))[0] == 404


async def test_logical_clusters_share_nothing(server: ApiServer, api: Api) -> None:
    other = Api(server, "/clusters/other")
    await other("POST", CRDS, widgets_crd())
    await other.served(WIDGETS)
    await other("POST", WIDGETS, widget("a"))
    await other("POST", CONFIG_MAPS, config_map("mine"))
    assert (await api("GET", WIDGETS))[0] == 404
    assert (await api("GET", f"{CONFIG_MAPS}/mine"))[0] == 404
    assert (await other("GET", f"{CONFIG_MAPS}/mine"))[0] == 200


async def test_a_restart_keeps_objects_definitions_and_history(tmp_path: Path) -> None:
    first = ApiServer(SqliteStorage(tmp_path / "store.db"), tokens={"admin": ADMIN})
    await first.start()
    api = Api(first)
    await api("POST", CRDS, widgets_crd())
    await api.served(WIDGETS)
    _, before = await api("POST", CONFIG_MAPS, config_map("a"))
    await api("PATCH", f"{CONFIG_MAPS}/a", {"data": {"x": "1"}}, content_type=MERGE)
    await api("POST", WIDGETS, widget("w"))
    await first.stop()

    second = ApiServer(SqliteStorage(tmp_path / "store.db"), tokens={"admin": ADMIN})
    await second.start()
    api = Api(second)
    assert (await api("GET", f"{WIDGETS}/w"))[0] == 200
    events = api.events(f"{CONFIG_MAPS}?watch=true&resourceVersion={before['metadata']['resourceVersion']}")
    changed = await anext(events)
    assert (changed["type"], changed["object"]["data"]) == ("MODIFIED", {"x": "1"})
    await events.aclose()
    await second.stop()


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "code"),
    [
        ("POST", CONFIG_MAPS, b"{", "application/json", 400),
        ("POST", CONFIG_MAPS, b"\xff", "application/json", 400),
        ("POST", CONFIG_MAPS, b"[" * 50_000, "application/json", 400),
        ("POST", CONFIG_MAPS, b"{}", "text/html", 415),
        ("PATCH", f"{CONFIG_MAPS}/a", b"{", MERGE, 404),
        ("PUT", f"{CONFIG_MAPS}/a", b'{"metadata":{"name":["a"]}}', "application/json", 400),
        ("DELETE", f"{CONFIG_MAPS}/a", b"[1]", "application/json", 400),
        ("GET", f"{CONFIG_MAPS}?labelSelector=((", None, "application/json", 400),
        ("GET", f"{CONFIG_MAPS}?continue=%00", None, "application/json", 400),
        ("GET", f"{CONFIG_MAPS}/..%2F..%2Fx", None, "application/json", 404),
        ("GET", "/apis/%F0%9F%92%A9/v1/x", None, "application/json", 404),
        ("BREW", CONFIG_MAPS, None, "application/json", 405),
    ],
)
async def test_bad_input_is_answered_with_the_right_error(
    api: Api, method: str, path: str, body: bytes | None, content_type: str, code: int
) -> None:
    assert (await api(method, path, body, content_type=content_type))[0] == code


async def test_a_name_that_is_given_up_goes_to_who_waits_for_it(api: Api) -> None:
    first, second = widgets_crd(), widgets_crd()
    first["spec"]["names"]["shortNames"] = second["spec"]["names"]["shortNames"] = ["w"]
    second["metadata"]["name"] = "gadgets.example.com"
    second["spec"]["names"] |= {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"}
    await api("POST", CRDS, first)
    await api.served(WIDGETS)
    await api("POST", CRDS, second)
    names = {"spec": {"names": {"shortNames": ["wd"]}}}
    await api("PATCH", f"{CRDS}/widgets.example.com", names, content_type=MERGE)
    await api.served(WIDGETS.replace("widgets", "gadgets"))


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", WIDGETS.replace("/namespaces/default", ""), 200),
        ("POST", WIDGETS.replace("/namespaces/default", ""), 404),
        ("DELETE", WIDGETS.replace("/namespaces/default", ""), 404),
        ("GET", WIDGETS.replace("v1", "v9"), 404),
        ("PUT", WIDGETS, 400),
        ("POST", f"{WIDGETS}/a", 400),
        ("GET", f"{WIDGETS}/a/none", 404),
    ],
)
async def test_custom_resources_are_known_by_verb_and_scope(api: Api, method: str, path: str, code: int) -> None:
    await api("POST", CRDS, widgets_crd())
    await api.served(WIDGETS)
    assert (await api(method, path, b"{}"))[0] == code


async def test_others_may_check_tokens_of_service_accounts_by_the_published_key(api: Api) -> None:
    _, configuration = await api("GET", "/.well-known/openid-configuration")
    _, keys = await api("GET", "/openid/v1/jwks")
    assert configuration["jwks_uri"].endswith("/openid/v1/jwks")
    assert configuration["id_token_signing_alg_values_supported"] == [keys["keys"][0]["alg"]]
    assert keys["keys"][0]["kty"] == "EC"


@pytest.mark.parametrize("query", ["", "?dryRun=All"])
async def test_a_write_is_answered_with_what_is_read_back_from_its_storage_version(api: Api, query: str) -> None:
    crd = widgets_crd("v1", "v2")
    spec = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 7}}}
    crd["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    await api("POST", CRDS, crd)
    await api.served(WIDGETS)
    path = WIDGETS.replace("/v1/", "/v2/")
    code, made = await api("POST", f"{path}{query}", {**widget("w", "v2"), "spec": {"a": 1, "unknown": 2}})
    assert (code, made["apiVersion"], made["spec"]) == (201, "example.com/v2", {"a": 1, "b": 7})


async def test_only_custom_resources_answer_head(api: Api) -> None:
    await api("POST", CRDS, widgets_crd())
    await api.served(WIDGETS)
    await api("POST", WIDGETS, widget("a"))
    await api("POST", CONFIG_MAPS, config_map("a"))
    assert (await api("HEAD", f"{WIDGETS}/a"))[0] == 200
    assert (await api("HEAD", f"{CONFIG_MAPS}/a"))[0] == 405
