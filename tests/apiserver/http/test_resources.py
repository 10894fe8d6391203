from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.protocol import Entry, RevisionMismatch
from kubewright.apiserver.storage.sqlite import SqliteStorage

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/things"
PART = {"type": "object", "properties": {"given": {"type": "integer"}, "filled": {"type": "integer", "default": 1}}}
SPEC = {"type": "object", "properties": {"part": PART}}
THING: dict[str, Any] = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}


class Contended(SqliteStorage):
    """Somebody else is faster than the first updates."""

    faster = 0

    async def update(self, current: Entry, value: bytes) -> int:
        if self.faster:
            self.faster -= 1
            raise RevisionMismatch(current)
        return await super().update(current, value)


@pytest.fixture
async def storage() -> Contended:
    return Contended()


@pytest.fixture
async def server(storage: Contended) -> AsyncIterator[ApiServer]:
    server = ApiServer(storage, tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def apply(server: ApiServer, **spec: Any) -> Any:
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}
    path = f"{THINGS}/a?fieldManager=me"
    return (await ask(server, "PATCH", path, body, content_type="application/apply-patch+yaml"))[1]


async def test_an_apply_that_has_to_try_again_owns_no_more_than_it_applies(
    server: ApiServer, storage: Contended
) -> None:
    assert (await ask(server, "POST", CRDS, THING))[0] == 201
    async with asyncio.timeout(5):
        while (await ask(server, "GET", THINGS))[0] != 200:  # noqa: ASYNC110  served when the definition is established
            await asyncio.sleep(0)
    await apply(server)
    storage.faster = 2
    applied = await apply(server, part={"given": 2})
    assert applied["spec"] == {"part": {"given": 2, "filled": 1}}
    [entry] = applied["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {"f:spec": {"f:part": {"f:given": {}}}}
    assert storage.faster == 0
