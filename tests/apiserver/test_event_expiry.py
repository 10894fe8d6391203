"""Events go some time after they were last written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.apiserver.test_access import ask

from kubewright.apiserver.event_expiry import remove_older
from kubewright.apiserver.server import ADMIN, ApiServer

EVENTS = "/api/v1/namespaces/default/events"


def event(name: str) -> dict[str, Any]:
    involved = {"kind": "Pod", "namespace": "default", "name": "p"}
    return {"metadata": {"name": name}, "involvedObject": involved, "reason": "Tested", "type": "Normal"}


async def names(server: ApiServer) -> list[str]:
    return [one["metadata"]["name"] for one in (await ask(server, "GET", EVENTS))[1]["items"]]


async def test_events_are_removed_by_the_age_of_their_last_write() -> None:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    assert (await ask(server, "POST", EVENTS, event("e")))[0] == 201
    cluster, now = await server.clusters.get(""), datetime.now(UTC)
    await remove_older(cluster, now - timedelta(minutes=1))
    assert await names(server) == ["e"]
    await remove_older(cluster, now + timedelta(minutes=1))
    assert await names(server) == []
    await server.stop()


async def test_a_server_removes_them_by_itself_in_every_logical_cluster() -> None:
    server = ApiServer(tokens={"admin": ADMIN}, event_ttl=timedelta(milliseconds=10))
    await server.start()
    for prefix in ("", "/clusters/a"):
        assert (await ask(server, "POST", prefix + EVENTS, event("e")))[0] == 201
    async with asyncio.timeout(10):
        for prefix in ("", "/clusters/a"):
            while (await ask(server, "GET", f"{prefix}{EVENTS}/e"))[0] != 404:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await server.stop()
