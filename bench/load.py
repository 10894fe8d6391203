"""T6: what requests cost the server: a fixed number of each sort over a few keep-alive connections.

Runs in a process of its own, so that the server's CPU time can be read off apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from bench.harness import cpu_seconds, emit, rss_mb
from bench.widgets import CRD, GROUP, PLURAL, widget
from kubewright.client import Response, load_config

ROOT = f"/apis/{GROUP}/v1/namespaces/default/{PLURAL}"
JSON = {"content-type": "application/json"}
MERGE = {"content-type": "application/merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig")
    parser.add_argument("pid", type=int)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    transport = load_config(options.kubeconfig).transport()

    async def send(
        method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        response = await transport.request(method, path, headers=headers, body=body)
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {response.body[:300]!r}")
        return response

    async def phase(name: str, one: Callable[[int], Awaitable[object]], count: int) -> None:
        numbers = iter(range(count))
        latencies: list[float] = []

        async def worker() -> None:
            for number in numbers:
                started = time.perf_counter()
                await one(number)
                latencies.append(time.perf_counter() - started)

        cpu, started = cpu_seconds(options.pid), time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(options.connections)))
        used, wall = cpu_seconds(options.pid) - cpu, time.perf_counter() - started
        latencies.sort()
        figures[f"{name}_cpu_ms"] = used / count * 1000
        figures[f"{name}_per_second"] = count / wall
        figures[f"{name}_p99_ms"] = latencies[int(len(latencies) * 0.99)] * 1000

    figures: dict[str, float] = {"empty_rss_mb": rss_mb(options.pid)}
    started = time.perf_counter()
    await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json.dumps(CRD).encode(), JSON)
    async with asyncio.timeout(10):
        while (await transport.request("GET", ROOT)).status != 200:  # noqa: ASYNC110 -- the server is asked, not told
            await asyncio.sleep(0.001)
    figures["crd_served_ms"] = (time.perf_counter() - started) * 1000
    count = options.requests
    bodies = [json.dumps(widget(number)).encode() for number in range(count)]
    status = json.dumps({"status": {"ready": True, "observedGeneration": 1, "message": "all is well"}}).encode()
    await phase("create", lambda n: send("POST", ROOT, bodies[n], JSON), count)
    await phase("get", lambda n: send("GET", f"{ROOT}/widget-{n:05}"), count)
    await phase("status_patch", lambda n: send("PATCH", f"{ROOT}/widget-{n:05}/status", status, MERGE), count)
    applied = [json.dumps({**widget(n), "spec": {**widget(n)["spec"], "size": 7}}).encode() for n in range(count)]
    query = "?fieldManager=bench&force=true"
    await phase("apply", lambda n: send("PATCH", f"{ROOT}/widget-{n:05}{query}", applied[n], APPLY), count)
    cpu, started = cpu_seconds(options.pid), time.perf_counter()
    size = 0
    for _ in range(5):
        size += len((await transport.request("GET", ROOT, headers={"accept-encoding": "identity"})).body)
    figures["list_mb_per_second"] = size / 1e6 / (time.perf_counter() - started)
    figures["list_mb_per_cpu_second"] = size / 1e6 / max(cpu_seconds(options.pid) - cpu, 0.001)
    figures["object_bytes"] = size / 5 / count
    await phase("delete", lambda n: send("DELETE", f"{ROOT}/widget-{n:05}"), count)
    figures["full_rss_mb"] = rss_mb(options.pid)
    # Nothing of that name is there: what it costs is the cluster, and a request that is answered with 404.
    await phase("logical_cluster", lambda n: transport.request("GET", f"/clusters/c{n}/api/v1/nodes/none"), 200)
    await transport.close()
    emit(**figures)


asyncio.run(main())
