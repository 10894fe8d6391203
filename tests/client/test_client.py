from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.client.scripted import Reply, Request, ScriptedServer, event, pieces, status

from kubewright.client import AsgiTransport, Client, MetadataOnly, NoMatch, Untyped, Write
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.autoscaling_v1 import Scale
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.objects.errors import Conflict, Gone, NotFound
from kubewright.objects.meta import ObjectMeta
from kubewright.objects.names import GroupVersionKind, ObjectKey
from kubewright.objects.unstructured import Unstructured

WIDGET = GroupVersionKind("example.com", "v1", "Widget")
DISCOVERY = {
    "/api": {"kind": "APIGroupDiscoveryList", "items": []},
    "/apis": {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "example.com"},
                "versions": [
                    {
                        "version": "v1",
                        "resources": [
                            {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced"}
                        ],
                    }
                ],
            }
        ],
    },
}


def config_map(name: str = "a", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", **metadata}}


def serving(*replies: Reply) -> tuple[Client, ScriptedServer]:
    """A client of a server that gives these replies in turn, the last one for ever."""
    queue = list(replies)

    def handle(request: Request) -> Reply:
        if request.path in DISCOVERY:
            return Reply(DISCOVERY[request.path])
        return queue.pop(0) if len(queue) > 1 else queue[0]

    server = ScriptedServer(handle)
    return Client(AsgiTransport(server)), server


async def test_get_reads_a_typed_object_of_the_default_namespace() -> None:
    client, server = serving(Reply({**config_map(), "data": {"k": "v"}}))
    found = await client.get(ConfigMap, "a")
    assert found.data == {"k": "v"}
    assert server.requests[0].path == "/api/v1/namespaces/default/configmaps/a"


async def test_cluster_scoped_kinds_have_no_namespace_in_their_path() -> None:
    client, server = serving(Reply({"metadata": {"name": "a"}}))
    await client.get(Namespace, "a", "ignored")
    assert server.requests[0].path == "/api/v1/namespaces/a"


async def test_a_failed_request_raises_the_error_that_its_status_stands_for() -> None:
    client, _ = serving(status(404, "NotFound", 'configmaps "a" not found', name="a", kind="configmaps"))
    with pytest.raises(NotFound, match='configmaps "a" not found') as error:
        await client.get(ConfigMap, "a")
    assert error.value.details["name"] == "a"


async def test_a_missing_name_is_refused_before_anything_is_sent() -> None:
    client, server = serving(Reply({}))
    with pytest.raises(ValueError, match="name is missing"):
        await client.delete(ConfigMap, "")
    assert server.requests == []


async def test_list_means_all_namespaces_unless_one_is_named() -> None:
    body = {"metadata": {"resourceVersion": "7"}, "items": [config_map("a"), config_map("b")]}
    client, server = serving(Reply(body))
    found = await client.list(ConfigMap, label_selector={"app": "web"}, field_selector="metadata.name!=c")
    assert [item.metadata.name for item in found] == ["a", "b"]
    assert found[0].kind == "ConfigMap"
    assert found.resource_version == "7"
    assert server.requests[0].path == "/api/v1/configmaps"
    assert server.requests[0].query == {"labelSelector": "app=web", "fieldSelector": "metadata.name!=c"}


async def test_pages_follow_the_continue_token() -> None:
    first = {"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [config_map("a")]}
    second = {"metadata": {"resourceVersion": "7"}, "items": [config_map("b")]}
    client, server = serving(Reply(first), Reply(second))
    names = [[item.metadata.name for item in page] async for page in client.pages(ConfigMap, page_size=1)]
    assert names == [["a"], ["b"]]
    assert [request.query.get("continue") for request in server.requests] == [None, "more"]


def page(*names: str, more: str = "") -> Reply:
    return Reply(
        {"metadata": {"resourceVersion": "7", "continue": more}, "items": [config_map(name) for name in names]}
    )


@pytest.mark.parametrize(
    ("replies", "pages"),
    [
        ([page()], [[]]),
        ([page("a")], [["a"]]),
        ([page("a", "b")], [["a", "b"]]),
        ([page("a", "b", more="x"), page("c", "d", more="y"), page("e")], [["a", "b"], ["c", "d"], ["e"]]),
    ],
)
async def test_pages_end_with_the_one_that_has_no_token(replies: list[Reply], pages: list[list[str]]) -> None:
    client, server = serving(*replies)
    found = [[item.metadata.name for item in one] async for one in client.pages(ConfigMap, page_size=2)]
    assert found == pages
    assert [request.query["limit"] for request in server.requests] == ["2"] * len(replies)


async def test_a_token_that_has_expired_is_said_after_the_pages_before_it() -> None:
    client, server = serving(page("a", more="x"), status(410, "Expired"))
    seen = []
    with pytest.raises(Gone):
        async for one in client.pages(ConfigMap):
            seen += [item.metadata.name for item in one]
    assert (seen, len(server.requests)) == (["a"], 2)


async def test_pages_are_asked_for_only_as_they_are_read() -> None:
    client, server = serving(page("a", more="x"))
    async for _ in client.pages(ConfigMap):
        break
    assert len(server.requests) == 1


async def test_kinds_without_a_class_are_found_by_discovery() -> None:
    client, server = serving(Reply({"items": [{"metadata": {"name": "w"}, "spec": {"size": 3}}]}))
    (widget,) = await client.list(Untyped(WIDGET), namespace="ns")
    assert isinstance(widget, Unstructured)
    assert (widget.gvk, widget.get("spec", "size")) == (WIDGET, 3)
    assert server.requests[-1].path == "/apis/example.com/v1/namespaces/ns/widgets"


async def test_a_kind_that_is_not_served_is_named() -> None:
    client, _ = serving(Reply({}))
    with pytest.raises(NoMatch, match=r"apps/v1, Kind=Gadget.*CustomResourceDefinition"):
        await client.get(Untyped(GroupVersionKind("apps", "v1", "Gadget")), "x")


async def test_metadata_only_asks_for_partial_objects() -> None:
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}
    client, server = serving(Reply(partial))
    found = await client.get(MetadataOnly(ConfigMap), "a")
    assert (found.kind, found.metadata.name, found.content) == ("ConfigMap", "a", {})
    assert "as=PartialObjectMetadata;" in server.requests[0].headers["accept"]


async def test_create_returns_what_the_server_made_of_the_object() -> None:
    client, server = serving(Reply(config_map(uid="u1"), 201))
    made = await client.create(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "v"}), field_validation="Strict")
    assert made.metadata.uid == "u1"
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/api/v1/namespaces/default/configmaps")
    assert request.query == {"fieldValidation": "Strict"}
    assert msgspec.json.decode(request.body)["data"] == {"k": "v"}


async def test_update_puts_the_object_or_its_status() -> None:
    client, server = serving(Reply(config_map()))
    obj = ConfigMap(metadata=ObjectMeta(name="a", namespace="ns"))
    await client.update(obj)
    await client.update(obj, subresource="status")
    assert [(r.method, r.path) for r in server.requests] == [
        ("GET", "/api/v1/namespaces/ns/configmaps/a"),
        ("PUT", "/api/v1/namespaces/ns/configmaps/a"),
        ("GET", "/api/v1/namespaces/ns/configmaps/a"),
        ("PUT", "/api/v1/namespaces/ns/configmaps/a/status"),
    ]


async def test_an_update_may_make_an_object_where_the_server_lets_it() -> None:
    client, server = serving(status(404, "NotFound"), Reply(config_map()))
    await client.update(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "v"}))
    assert msgspec.json.decode(server.requests[1].body)["data"] == {"k": "v"}


async def test_an_unstructured_object_is_put_as_it_is() -> None:
    client, server = serving(Reply(config_map()))
    obj = Unstructured({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "x": 1})
    await client.update(obj)
    assert [r.method for r in server.requests] == ["GET", "GET", "PUT"]  # the first two to discover the kind
    assert msgspec.json.decode(server.requests[2].body)["x"] == 1


@pytest.mark.parametrize(
    ("patch", "content_type"),
    [
        ({"merge": {"data": {"k": None}}}, "application/merge-patch+json"),
        ({"strategic": {"data": {"k": None}}}, "application/strategic-merge-patch+json"),
        ({"json": [{"op": "remove", "path": "/data/k"}]}, "application/json-patch+json"),
    ],
)
async def test_patch_sends_the_kind_of_patch_that_its_keyword_names(patch: dict[str, Any], content_type: str) -> None:
    client, server = serving(Reply(config_map()))
    await client.patch(ConfigMap, "a", "ns", **patch)
    await client.patch(ConfigMap(metadata=ObjectMeta(name="a", namespace="ns")), **patch)
    assert server.requests[0] == server.requests[1]
    assert server.requests[0].headers["content-type"] == content_type
    assert msgspec.json.decode(server.requests[0].body) == next(iter(patch.values()))


async def test_patch_takes_exactly_one_patch() -> None:
    client, _ = serving(Reply({}))
    with pytest.raises(TypeError, match="exactly one"):
        await client.patch(ConfigMap, "a", merge={}, json=[])


async def test_apply_names_a_manager_and_leaves_managed_fields_out() -> None:
    client, server = serving(Reply(config_map()))
    obj = ConfigMap(metadata=ObjectMeta(name="a"))
    obj.metadata.managed_fields = await _managed_fields()
    await client.apply(obj, force=True)
    request = server.requests[0]
    assert (request.method, request.headers["content-type"]) == ("PATCH", "application/apply-patch+yaml")
    assert request.query == {"fieldManager": "kubewright", "force": "true"}
    assert "managedFields" not in msgspec.json.decode(request.body)["metadata"]
    assert obj.metadata.managed_fields


async def _managed_fields() -> list[Any]:
    client, _ = serving(Reply(config_map(managedFields=[{"manager": "x", "operation": "Apply"}])))
    return (await client.get(ConfigMap, "a")).metadata.managed_fields


async def test_an_apply_conflict_carries_its_causes() -> None:
    causes = [{"reason": "FieldManagerConflict", "message": "conflict with x", "field": ".data"}]
    client, _ = serving(status(409, "Conflict", causes=causes))
    with pytest.raises(Conflict) as error:
        await client.apply(ConfigMap(metadata=ObjectMeta(name="a")))
    assert error.value.causes[0].field == ".data"


async def test_delete_sends_options_only_where_there_are_some() -> None:
    client, server = serving(Reply({"kind": "Status", "status": "Success"}))
    await client.delete(ConfigMap, "a")
    await client.delete(ConfigMap, "a", propagation="Foreground", grace_period_seconds=0, uid="u1")
    assert server.requests[0].body == b""
    assert msgspec.json.decode(server.requests[1].body) == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Foreground",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u1"},
    }


async def test_delete_collection_stays_in_one_namespace() -> None:
    client, server = serving(Reply({"kind": "Status"}))
    await client.delete_collection(ConfigMap, label_selector="app=web")
    assert server.requests[0].path == "/api/v1/namespaces/default/configmaps"
    assert server.requests[0].query == {"labelSelector": "app=web"}


async def test_subresources_with_a_kind_of_their_own() -> None:
    client, server = serving(Reply({"spec": {"replicas": 3}, "metadata": {"name": "web"}}))
    scale = await client.get_subresource(Deployment, "web", "shop", "scale", Scale)
    await client.update_subresource(Deployment, "web", "shop", "scale", scale)
    patched = await client.patch_subresource(
        Deployment, "web", "shop", "scale", Scale, merge={"spec": {"replicas": 3}}, field_manager="me"
    )
    assert scale.spec.replicas == patched.spec.replicas == 3
    assert (server.requests[-1].method, server.requests[-1].query) == ("PATCH", {"fieldManager": "me"})
    assert {request.path for request in server.requests} == {"/apis/apps/v1/namespaces/shop/deployments/web/scale"}


async def test_a_subresource_of_another_kind_is_not_taken_for_the_object() -> None:
    client, server = serving(Reply({}))
    with pytest.raises(ValueError, match=r"scale has a kind of its own: use client\.patch_subresource"):
        await client.patch(Deployment, "web", "shop", merge={"spec": {"replicas": 3}}, subresource="scale")
    assert not server.requests


async def test_a_dry_run_client_stores_nothing() -> None:
    client, server = serving(Reply(config_map()))
    dry = client.with_defaults(dry_run=True)
    await dry.create(ConfigMap(metadata=ObjectMeta(name="a")))
    await dry.delete(ConfigMap, "a")
    assert [request.query for request in server.requests] == [{"dryRun": "All"}, {"dryRun": "All"}]


async def test_a_client_confined_to_a_namespace_refuses_others() -> None:
    client, server = serving(Reply({"items": []}))
    confined = client.with_defaults(namespace="shop")
    await confined.list(ConfigMap)
    assert server.requests[0].path == "/api/v1/namespaces/shop/configmaps"
    with pytest.raises(ValueError, match="confined to namespace 'shop'"):
        await confined.get(ConfigMap, "a", "kitchen")


async def test_accepted_writes_are_told_to_observers_but_dry_runs_are_not() -> None:
    client, _ = serving(Reply(config_map(resourceVersion="9")))
    seen: list[Write] = []
    client.write_observers.append(seen.append)
    await client.with_defaults(dry_run=True).patch(ConfigMap, "a", merge={})
    await client.patch(ConfigMap, "a", merge={})
    assert [(write.verb, write.key) for write in seen] == [("patch", ObjectKey("default", "a"))]
    assert b'"resourceVersion":"9"' in seen[0].answer


async def test_watch_yields_events_that_decode_when_asked() -> None:
    lines = event("ADDED", config_map("a")) + event("DELETED", config_map("b"))
    client, server = serving(Reply(pieces(lines[:50], lines[50:])))
    async with client.watch(ConfigMap, resource_version="5") as events:
        seen = [(event.type, event.object.metadata.name) async for event in events]
    assert seen == [("ADDED", "a"), ("DELETED", "b")]
    assert server.requests[0].query == {"watch": "true", "resourceVersion": "5"}


async def test_an_error_event_is_raised() -> None:
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    client, _ = serving(Reply(pieces(event("ERROR", expired))))
    with pytest.raises(Gone, match="too old"):
        async with client.watch(ConfigMap, resource_version="5") as events:
            async for _ in events:
                pass


async def test_leaving_a_watch_ends_it_on_the_server() -> None:
    client, _ = serving(Reply(pieces(event("ADDED", config_map("a")), stay_open=True)))
    async with client.watch(ConfigMap) as events:
        assert (await anext(events)).object.metadata.name == "a"
