from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.docs.blocks import run_blocks
from tests.serving import api_server

from kubewright import ObjectMeta

PAGE = "coming-from-kopf.md"


async def test_our_side_runs() -> None:
    code: dict[str, Any] = {"__name__": "website_operator"}
    assert run_blocks(PAGE, "kubewright", code) >= 8
    op, website, spec = code["op"], code["Website"], code["WebsiteSpec"]
    async with api_server() as server:
        user = server.client()
        async with asyncio.timeout(20), op.running(server.client(), install=True):
            await user.create(website(metadata=ObjectMeta(name="a", namespace="default"), spec=spec(host="a.example")))
            async with user.watch(website) as events:
                async for event in events:
                    if event.object.status.host == "a.example" and event.object.metadata.annotations:
                        break
            async with user.watch(website) as events:
                await user.delete(website, "a", "default")
                async for event in events:
                    if event.type == "DELETED":
                        break
        await code["my_program"](server.client())


def test_kopfs_side_is_kopf() -> None:
    kopf = pytest.importorskip("kopf")
    assert run_blocks(PAGE, "kopf", {"__name__": "website_operator"}) >= 5
    kopf.set_default_registry(kopf.OperatorRegistry())
