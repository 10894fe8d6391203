from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.serving import api_server
from tests.unknown_fields import SITE, Page, Site, install_sites, site

from kubewright.cache import Cache
from kubewright.client import Client, Untyped
from kubewright.controller.status import StatusWriter
from kubewright.manager import install
from kubewright.objects import ObjectMeta
from kubewright.objects.errors import Conflict
from kubewright.schema import Resource, Spec, Status, custom_resource
from kubewright.schema.crd import crd

STATUS: dict[str, Any] = {"ready": 1, "pages": [{"name": "one", "x": 1}, {"name": "two", "x": 2}], "since": "today"}


@asynccontextmanager
async def world(status: dict[str, Any]) -> AsyncIterator[tuple[Client, Cache]]:
    """A server with one Site of that status, and a cache that has seen it."""
    async with api_server() as server:
        client = server.client()
        await install_sites(client)
        await client.patch(await client.create(site({})), merge={"status": status}, subresource="status")
        cache = Cache(client)
        cache.informer(Site)
        running = asyncio.ensure_future(cache.run())
        await cache.wait_for_sync(5)
        yield client, cache
        running.cancel()
        await asyncio.wait({running})


async def status_of(client: Client) -> Any:
    return (await client.get(Untyped(SITE), "a")).to_plain()["status"]


def pages(*names: str) -> Sequence[Page]:
    return [Page(name=name) for name in names]


async def test_items_of_lists_keep_what_the_class_does_not_know() -> None:
    async with world(STATUS) as (client, cache):
        obj = await cache.get(Site, "a")
        writer = StatusWriter(client, cache, obj, field_manager="test")
        obj.status.pages = [*pages("three"), *reversed(obj.status.pages)]
        obj.status.pages[2].title = "first"
        await writer.write()
        kept = [{"name": "three"}, {"name": "two", "x": 2}, {"name": "one", "title": "first", "x": 1}]
        assert await status_of(client) == {**STATUS, "pages": kept}
        obj.status.pages.pop(0)
        await writer.write()
        assert await status_of(client) == {**STATUS, "pages": kept[1:]}


async def test_an_object_that_the_cache_has_not_seen_yet_is_looked_up() -> None:
    async with world(STATUS) as (client, cache):
        cache.close()
        newer = await client.patch(Site, "a", merge={"status": {"more": True}}, subresource="status")
        writer = StatusWriter(client, cache, newer, field_manager="test")
        newer.status.pages += pages("three")
        await writer.write()
        assert await status_of(client) == {
            **STATUS, "more": True, "pages": [*STATUS["pages"], {"name": "three"}],
        }  # fmt: skip


async def test_a_list_is_not_written_onto_what_others_have_written() -> None:
    async with world(STATUS) as (client, cache):
        obj = await cache.get(Site, "a")
        writer = StatusWriter(client, cache, obj, field_manager="test")
        await client.patch(Site, "a", merge={"status": {"pages": []}}, subresource="status")
        obj.status.pages += pages("three")
        with pytest.raises(Conflict):
            await writer.write()


async def test_only_what_has_changed_is_written() -> None:
    async with world(STATUS) as (client, cache):
        writes: list[str] = []
        client.write_observers.append(lambda write: writes.append(write.verb))
        obj = await cache.get(Site, "a")
        writer = StatusWriter(client, cache, obj, field_manager="test")
        await writer.write()
        assert writes == []
        obj.status.ready = 2
        await client.patch(Site, "a", merge={"status": {"since": "yesterday"}}, subresource="status")
        await writer.write()
        assert await status_of(client) == {**STATUS, "ready": 2, "since": "yesterday"}


class JobSpec(Spec):
    steps: int = 1


class JobStatus(Status):
    done: int = 0


@custom_resource(group="example.com", version="v1", kind="Job", status_subresource=False)
class Job(Resource[JobSpec, JobStatus]): ...


async def test_a_status_that_is_no_subresource_is_written_with_the_object() -> None:
    async with api_server() as server:
        client = server.client()
        await install(client, [crd(Job)], field_manager="test")
        job = await client.create(Job(metadata=ObjectMeta(name="a", namespace="default"), spec=JobSpec()))
        writer = StatusWriter(client, Cache(client), job, field_manager="test")
        job.status.done = 1
        await writer.write()
        assert (await client.get(Job, "a", "default")).status.done == 1
