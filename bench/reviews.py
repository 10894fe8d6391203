"""T4's load: admission reviews of widgets over keep-alive TLS connections.  Arguments: process, port, path."""

import asyncio
import json
import ssl
import sys
import time

from bench.harness import cpu_seconds, emit, rss_mb
from bench.widgets import GROUP, PLURAL, widget
from kubewright.manager.process import run_event_loop

PID, PORT, PATH = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
WARM_UP, SECONDS = 1.0, 4.0


def review() -> bytes:
    resource = {"group": GROUP, "version": "v1", "resource": PLURAL}
    kind = {"group": GROUP, "version": "v1", "kind": "Widget"}
    obj = widget(1)
    obj["metadata"] |= {"uid": "0a1b", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource, "requestKind": kind,
        "requestResource": resource, "name": obj["metadata"]["name"], "namespace": "default", "operation": "CREATE",
        "userInfo": {"username": "admin", "groups": ["system:masters"]}, "object": obj, "oldObject": None,
        "dryRun": False, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }  # fmt: skip
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect() -> Connection:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection("127.0.0.1", PORT, ssl=context)


async def ask(connection: Connection, request: bytes, latencies: list[float], until: float) -> None:
    reader, writer = connection
    while (started := time.perf_counter()) < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode())
        answer = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        latencies.append(time.perf_counter() - started)
        if b'"patch"' not in answer:
            raise RuntimeError(answer.decode())
    writer.close()


async def phase(connections: int, seconds: float) -> dict[str, float]:
    body = review()
    head = f"POST {PATH}?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    latencies: list[float] = []
    opened = [await connect() for _ in range(connections)]
    cpu, started = cpu_seconds(PID), time.perf_counter()
    await asyncio.gather(*(ask(connection, request, latencies, started + seconds) for connection in opened))
    spent, wall = cpu_seconds(PID) - cpu, time.perf_counter() - started
    latencies.sort()
    return {
        f"cpu_us_{connections}": spent / len(latencies) * 1e6,
        f"per_second_{connections}": len(latencies) / wall,
        f"p50_ms_{connections}": latencies[len(latencies) // 2] * 1000,
        f"p99_ms_{connections}": latencies[int(len(latencies) * 0.99)] * 1000,
    }


async def main() -> None:
    await phase(8, WARM_UP)
    emit(**await phase(1, SECONDS), **await phase(64, SECONDS), rss_mb=rss_mb(PID))


run_event_loop(main)
