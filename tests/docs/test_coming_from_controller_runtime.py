from __future__ import annotations

import asyncio
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tests.docs.blocks import DOCS, run_blocks
from tests.serving import api_server

from kubewright import ObjectMeta
from kubewright.client import Client

PAGE = "coming-from-controller-runtime.md"


async def until_ready(user: Client, code: dict[str, Any], name: str) -> None:
    website, spec = code["Website"], code["WebsiteSpec"]()
    await user.create(website(metadata=ObjectMeta(name=name, namespace="default"), spec=spec))
    async with asyncio.timeout(10), user.watch(website, field_selector={"metadata.name": name}) as events:
        async for event in events:
            if event.object.status.ready:
                return


async def test_both_operators_of_the_page_run() -> None:
    code: dict[str, Any] = {"__name__": "website_operator"}
    assert run_blocks(PAGE, "kubewright", code) == 2
    async with api_server() as server:
        user = server.client()
        async with code["op"].running(server.client(), install=True):
            await until_ready(user, code, "a")
        stop = asyncio.Event()
        running = asyncio.create_task(code["assembled"](server.client()).run(stop))
        await until_ready(user, code, "b")
        stop.set()
        await running


def test_every_name_that_the_page_mentions_exists() -> None:
    names = set(re.findall(r"`(kubewright(?:\.\w+)+)", (DOCS / PAGE).read_text()))
    assert len(names) > 15
    for name in names:
        room, _, last = name.rpartition(".")
        assert hasattr(import_module(room), last) or find_spec(name), name
