"""The proxy in front of an embedded API server: who may pass, what is written into objects, what is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from tests.serving import api_server

from kubewright.ansible.dependents import Dependents, changed_by_others
from kubewright.ansible.metrics import AnsibleMetrics
from kubewright.ansible.ownership import Owner
from kubewright.ansible.proxy import Proxy, Run
from kubewright.ansible.watches import Play, Watch
from kubewright.cache import Cache, Event
from kubewright.client import AsgiTransport, Untyped
from kubewright.controller import Controller, Requeue
from kubewright.objects import GroupVersionKind, ObjectKey
from kubewright.transport import Response
from kubewright.workqueue import Item

SITE = GroupVersionKind("web.example.com", "v1", "Site")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
OWNER = Owner(SITE, ObjectKey("default", "a"), "6b4f3c9e-0000-4000-8000-000000000001")
REFERENCE = {"apiVersion": "web.example.com/v1", "kind": "Site", "name": "a", "uid": OWNER.uid}
ANNOTATIONS = {
    "operator-sdk/primary-resource": "default/a",
    "operator-sdk/primary-resource-type": "Site.web.example.com",
}
MAPS = "/api/v1/namespaces/default/configmaps"


async def never(item: Item[ObjectKey]) -> Requeue | None:
    return None


class Followed(Dependents):
    """Remembers the kinds instead of watching them."""

    def __init__(self, cache: Cache, **fields: Any) -> None:
        watch = Watch(kind=SITE, play=Play(role="/r"), **fields)
        self.controller: Controller[ObjectKey] = Controller("test", never)
        super().__init__(watch, self.controller, cache)

    @property
    def kinds(self) -> set[str]:
        return {source.name for source in self.controller._watches}


class World:
    def __init__(self, transport: Any, client: Any) -> None:
        self.client = client
        self.cache = Cache(client)
        self.registry = CollectorRegistry()
        self.proxy = Proxy(client, self.cache, AnsibleMetrics(self.registry))
        self.followed = Followed(self.cache)
        self.run = Run(OWNER, self.followed, injects=True)

    async def send(self, method: str, path: str, body: Any = None, *, type: str = "application/json") -> Response:
        with self.proxy.admit(self.run) as token:
            headers = {"authorization": f"Bearer {token}", "content-type": type}
            content = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else None
            return await AsgiTransport(self.proxy, headers=headers).request(method, path, body=content)

    async def made(self, method: str, path: str, body: Any, *, type: str = "application/json") -> dict[str, Any]:
        response = await self.send(method, path, body, type=type)
        assert response.status < 300, response.body
        metadata: dict[str, Any] = msgspec.json.decode(response.body)["metadata"]
        return metadata


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with api_server() as server:
        client = server.client()
        world = World(client.rest.transport, client)
        running = asyncio.create_task(world.cache.run())
        await asyncio.sleep(0)
        yield world
        running.cancel()
        await asyncio.wait({running})


def config_map(name: str = "m", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_only_the_token_of_a_run_that_goes_on_opens(world: World) -> None:
    with world.proxy.admit(world.run) as token:
        pass
    headers = {"authorization": f"Bearer {token}"}
    response = await AsgiTransport(world.proxy, headers=headers).request("GET", "/api/v1/namespaces")
    assert response.status == 401 and b"no token of a run" in response.body


async def test_a_created_object_refers_to_its_owner(world: World) -> None:
    metadata = await world.made("POST", MAPS, config_map())
    assert metadata["ownerReferences"] == [REFERENCE]
    assert world.followed.kinds == {"ConfigMap"}


async def test_an_applied_object_refers_to_its_owner_whatever_its_syntax(world: World) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"
    apply = "application/apply-patch+yaml"
    metadata = await world.made("PATCH", f"{MAPS}/m?fieldManager=x&force=true", body, type=apply)
    assert metadata["ownerReferences"] == [REFERENCE] and world.followed.kinds == {"ConfigMap"}


async def test_a_replaced_object_keeps_its_owner(world: World) -> None:
    await world.made("POST", MAPS, config_map())
    assert (await world.made("PUT", f"{MAPS}/m", config_map(a="b")))["ownerReferences"] == [REFERENCE]


async def test_what_cannot_refer_gets_annotations(world: World) -> None:
    await world.made("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    metadata = await world.made("POST", "/api/v1/namespaces/other/configmaps", config_map())
    assert metadata["annotations"] == ANNOTATIONS and "ownerReferences" not in metadata
    assert world.followed.kinds == {"ConfigMap"}  # namespaces are cluster-scoped: only where a watch asks for that


async def test_cluster_scoped_kinds_are_watched_where_asked_for(world: World) -> None:
    world.followed = Followed(world.cache, watch_cluster_scoped=True)
    world.run = world.run._replace(dependents=world.followed)
    await world.made("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    assert world.followed.kinds == {"Namespace"}


@pytest.mark.parametrize("fields", [{"watch_dependents": False}, {"blacklist": frozenset({CONFIG_MAP})}])
async def test_kinds_can_be_left_out(world: World, fields: dict[str, Any]) -> None:
    world.followed = Followed(world.cache, **fields)
    world.run = world.run._replace(dependents=world.followed)
    assert (await world.made("POST", MAPS, config_map()))["ownerReferences"] == [REFERENCE]
    assert not world.followed.kinds


async def test_injection_can_be_switched_off(world: World) -> None:
    world.run = world.run._replace(injects=False)
    assert "ownerReferences" not in await world.made("POST", MAPS, config_map())
    assert not world.followed.kinds


async def test_patches_and_virtual_resources_pass_as_they_are(world: World) -> None:
    world.run = world.run._replace(injects=False)
    await world.made("POST", MAPS, config_map())
    world.run = world.run._replace(injects=True)
    merge = "application/merge-patch+json"
    assert "ownerReferences" not in await world.made("PATCH", f"{MAPS}/m", {"data": {"a": "b"}}, type=merge)
    review = {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}
    response = await world.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert response.status == 201 and b"ownerReferences" not in response.body


async def test_watches_are_found_again_by_reading_what_is_owned(world: World) -> None:
    await world.made("POST", MAPS, config_map())
    world.followed = Followed(world.cache)  # as after a restart
    world.run = world.run._replace(dependents=world.followed)
    await world.send("GET", f"{MAPS}/m")
    assert world.followed.kinds == {"ConfigMap"}


async def test_objects_of_followed_kinds_come_from_the_cache_with_ones_own_writes(world: World) -> None:
    await world.made("POST", MAPS, config_map())
    assert "x-cache" not in (await world.send("GET", f"{MAPS}/m")).headers
    await world.cache.list(Untyped(CONFIG_MAP))
    merge = "application/merge-patch+json"
    await world.made("PATCH", f"{MAPS}/m", {"data": {"a": "new"}}, type=merge)
    response = await world.send("GET", f"{MAPS}/m")
    assert response.headers["x-cache"] == "HIT"
    obj = msgspec.json.decode(response.body)
    assert (obj["kind"], obj["apiVersion"], obj["data"]) == ("ConfigMap", "v1", {"a": "new"})
    assert (await world.send("GET", f"{MAPS}/other")).status == 404


async def test_a_watch_is_passed_on_until_it_is_left(world: World) -> None:
    with world.proxy.admit(world.run) as token:
        transport = AsgiTransport(world.proxy, headers={"authorization": f"Bearer {token}"})
        async with asyncio.timeout(5), transport.stream("GET", f"{MAPS}?watch=true") as stream:
            await world.send("POST", MAPS, config_map())
            piece = await anext(aiter(stream))
    assert msgspec.json.decode(piece.splitlines()[0])["object"]["metadata"]["name"] == "m"


async def test_errors_of_the_server_come_through(world: World) -> None:
    response = await world.send("POST", MAPS, {"metadata": {"name": "Not A Name"}})
    assert response.status == 422 and msgspec.json.decode(response.body)["reason"] == "Invalid"
    assert (await world.send("POST", MAPS, b"[1]")).status == 400


async def test_metrics_are_changed_through_it(world: World) -> None:
    order = {"name": "sizes", "description": "d", "gauge": {"set": 3}}
    assert (await world.send("POST", "/kubewright/metrics", order)).status == 200
    assert world.registry.get_sample_value("sizes") == 3
    assert (await world.send("POST", "/kubewright/metrics", {})).status == 400


async def test_kinds_are_looked_up_for_modules(world: World) -> None:
    response = await world.send("GET", "/kubewright/kinds?apiVersion=apps/v1&kind=Deployment")
    assert msgspec.json.decode(response.body) == {
        "root": "/apis/apps/v1",
        "resource": "deployments",
        "namespaced": True,
    }
    assert (await world.send("GET", "/kubewright/kinds?apiVersion=v1&kind=Unknown")).status == 404


async def test_only_changes_beside_the_status_and_deletions_wake_an_owner(world: World) -> None:
    informer = world.cache.informer(Untyped(CONFIG_MAP))
    seen: list[Event[Any]] = []
    gone = asyncio.Event()

    def on_events(events: Iterable[Event[Any]]) -> None:
        for event in events:
            seen.append(event)
            if event.type == "delete":
                gone.set()

    following = asyncio.create_task(informer.subscribe(on_events))
    await informer.wait_for_sync()
    await world.made("POST", MAPS, config_map())
    merge = "application/merge-patch+json"
    await world.made("PATCH", f"{MAPS}/m", {"data": {"a": "b"}}, type=merge)
    await world.send("DELETE", f"{MAPS}/m")
    async with asyncio.timeout(5):
        await gone.wait()
    following.cancel()
    told = [event for event in seen if (event.new or event.old).key.name == "m"]  # type: ignore[union-attr]
    assert [(event.type, changed_by_others(event)) for event in told if event.type != "update"] == [
        ("create", False),
        ("delete", True),
    ]
    assert all(changed_by_others(event) for event in told if event.type == "update")
