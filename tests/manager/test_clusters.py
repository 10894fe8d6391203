from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Never

import pytest
from tests.lifecycle.running import Calls, operator
from tests.lifecycle.site import Site, SiteStatus, site
from tests.serving import api_server

from kubewright import Context
from kubewright.client import Client
from kubewright.controller import current_reconcile
from kubewright.transport import ConnectError, Response

op = operator()
calls = Calls()


@op.reconcile(Site)
async def reconcile(found: Site, ctx: Context) -> None:
    scope = current_reconcile()
    assert scope is not None
    found.status.message = scope.controller


@op.on_create(Site)
async def created(name: str, status: SiteStatus) -> None:
    calls.append(name)


async def message_of(user: Client, name: str) -> str:
    async with asyncio.timeout(5), user.watch(Site, field_selector={"metadata.name": name}) as events:
        async for event in events:
            if event.object.status.message:
                return event.object.status.message
    raise AssertionError


async def test_clusters_come_and_go_while_the_manager_runs() -> None:
    async with AsyncExitStack() as stack:
        home, west, east = [await stack.enter_async_context(api_server()) for _ in range(3)]
        for server in (west, east):
            await op.install(server.client())
        await west.client().create(site("old"))
        manager = await stack.enter_async_context(op.running(home.client(), install=True))
        clusters = op.clusters(manager)
        for name, server in (("west", west), ("east", east)):
            async with asyncio.timeout(5):
                await clusters.add(name, server.client()).wait()
        assert await message_of(west.client(), "old") == "site@west"
        for server, expected in ((home, "site"), (west, "site@west"), (east, "site@east")):
            await server.client().create(site())
            assert await message_of(server.client(), "blog") == expected

        described = json.loads(json.dumps(manager.describe()))
        assert {"site", "site@west", "site@east"} <= set(described["controllers"])
        assert set(described["clusters"]) == {"west", "east"}

        await clusters.remove("west")
        assert clusters.names == ["east"]
        assert "site@west" not in {task.get_name().partition("/")[0] for task in asyncio.all_tasks()}
        async with asyncio.timeout(5):
            await clusters.add("west", west.client()).wait()
        with pytest.raises(ValueError, match="a cluster west already"):
            clusters.add("west", west.client())
        await calls.reach(4)


async def test_a_cluster_that_is_down_disturbs_nobody_and_can_be_removed() -> None:
    class Down:
        host = "down"

        async def request(self, *args: object, **options: object) -> Response:
            raise ConnectError("connection refused")

        def stream(self, *args: object, **options: object) -> Never:
            raise ConnectError("connection refused")

    async with api_server() as server, op.running(server.client(), install=True) as manager:
        clusters = op.clusters(manager)
        ready = clusters.add("down", Client(Down()))  # type: ignore[arg-type]
        await server.client().create(site())
        assert await message_of(server.client(), "blog") == "site"
        assert not ready.is_set()
        errors = {"code": "<error>", "method": "GET", "host": "down"}
        assert (manager.metrics.registry.get_sample_value("rest_client_requests_total", errors) or 0) > 0
        async with asyncio.timeout(5):
            await clusters.remove("down")
