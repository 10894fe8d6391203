"""Makes widgets and changes them: the load of T1 to T3, in a process of its own, over 32 keep-alive connections.

``fill N`` makes N widgets, ``touch N`` changes an annotation of each, ``clear N`` deletes them; ``ready N PID`` makes
them, waits until each says that it is ready, and reports what the operator PID used meanwhile.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable

import msgspec

from bench.harness import cpu_seconds, emit, peak_rss_mb
from bench.widgets import CRD, GROUP, PLURAL, widget
from kubewright.client import load_config
from kubewright.manager.process import run_event_loop

ROOT = f"/apis/{GROUP}/v1/namespaces/default/{PLURAL}"
CHILDREN = "/api/v1/namespaces/default/configmaps"
JSON = {"content-type": "application/json"}
MERGE = {"content-type": "application/merge-patch+json"}
CONNECTIONS = 32
_READS = re.compile('verb="(GET|LIST|WATCH)"')


async def each(count: int, write: Callable[[int], Awaitable[object]]) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await write(number)

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


async def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    transport = load_config().transport()

    async def send(method: str, path: str, value: object = None, headers: dict[str, str] = JSON) -> bytes:
        body = None if value is None else json.dumps(value).encode()
        response = await transport.request(method, path, headers=headers, body=body)
        if response.status >= 300 and response.status not in (404, 409):
            raise RuntimeError(f"{method} {path}: {response.status} {response.body[:300]!r}")
        return response.body

    async def fill(number: int) -> None:
        await send("POST", ROOT, widget(number))

    async def touch(number: int) -> None:
        change = {"metadata": {"annotations": {"bench.example.com/touched": str(time.time())}}}
        await send("PATCH", f"{ROOT}/widget-{number:05}", change, MERGE)

    async def clear(number: int) -> None:
        await send("DELETE", f"{CHILDREN}/widget-{number:05}")
        await send("DELETE", f"{ROOT}/widget-{number:05}")

    async def all_ready() -> None:
        waiting = {f"widget-{number:05}" for number in range(count)}
        async with transport.stream("GET", f"{ROOT}?watch=true") as events:
            rest = b""
            async for chunk in events:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    obj = msgspec.json.decode(line)["object"]
                    if (obj.get("status") or {}).get("ready"):
                        waiting.discard(obj["metadata"]["name"])
                if not waiting:
                    return

    async def written() -> float:
        """Writes that the server has answered."""
        lines = (await send("GET", "/metrics")).decode().splitlines()
        answered = [line for line in lines if line.startswith("apiserver_request_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in answered if not _READS.search(line))

    if what == "ready":
        pid = int(sys.argv[3])
        before, cpu, started = await written(), cpu_seconds(pid), time.perf_counter()
        async with asyncio.timeout(300), asyncio.TaskGroup() as group:
            group.create_task(all_ready())
            group.create_task(each(count, fill))
        wall, spent = time.perf_counter() - started, cpu_seconds(pid) - cpu
        await asyncio.sleep(2)  # What comes after the last one, as an operator's own bookkeeping.
        requests = (await written() - before) / count - 1  # Each widget was written once by us.
        emit(wall=wall, cpu_ms=spent / count * 1000, requests=requests, peak_mb=peak_rss_mb(pid))
    else:
        if what == "fill":
            await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
            async with asyncio.timeout(10):
                while (await transport.request("GET", f"{ROOT}?limit=1")).status != 200:  # noqa: ASYNC110 -- the server is asked, not told
                    await asyncio.sleep(0.01)
        await each(count, {"fill": fill, "touch": touch, "clear": clear}[what])
        emit(count=count)
    await transport.close()


run_event_loop(main)
