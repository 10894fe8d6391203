"""One event to 1 000 watchers over TLS: from the write to the moment when the last of them has it, and what that costs.

Arguments: the server's process, and how many watchers.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import yaml

from bench.harness import cpu_seconds, emit, rss_mb
from kubewright.client import load_config
from kubewright.manager.process import run_event_loop

PID, WATCHERS, EVENTS = int(sys.argv[1]), int(sys.argv[2]), 20
PATH = "/api/v1/namespaces/default/configmaps"


class Watchers(asyncio.Protocol):
    """Counts the connections that have seen the current event; reading is all that they do."""

    marker = b"none yet"
    seen = 0
    all_seen = asyncio.Event()

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(self._head)

    def data_received(self, data: bytes) -> None:
        self._rest = (self._rest + data)[-65536:]
        if Watchers.marker in self._rest:
            self._rest = b""
            Watchers.seen += 1
            if Watchers.seen == WATCHERS:
                Watchers.all_seen.set()


def endpoint(kubeconfig: str) -> tuple[str, int, ssl.SSLContext, bytes]:
    """Where the server is, how it is trusted, and the request of a watch."""
    file = yaml.safe_load(Path(kubeconfig).read_text())
    cluster, user = file["clusters"][0]["cluster"], file["users"][0]["user"]
    context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
    address = urlsplit(cluster["server"])
    lines = (f"GET {PATH}?watch=true HTTP/1.1", f"Host: {address.netloc}", f"Authorization: Bearer {user['token']}")
    return str(address.hostname), int(address.port or 443), context, "\r\n".join((*lines, "", "")).encode()


async def main() -> None:
    transport = load_config().transport()
    host, port, context, head = endpoint(os.environ["KUBECONFIG"])
    before = rss_mb(PID)
    loop = asyncio.get_running_loop()
    for _ in range(WATCHERS):
        await loop.create_connection(lambda: Watchers(head), host, port, ssl=context)
    await asyncio.sleep(1)
    memory = (rss_mb(PID) - before) / WATCHERS * 1000
    times = []
    cpu = cpu_seconds(PID)
    for number in range(EVENTS):
        Watchers.marker, Watchers.seen = f'"event-{number:04}"'.encode(), 0
        Watchers.all_seen.clear()
        body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": f"event-{number:04}"}}
        started = time.perf_counter()
        await transport.request(
            "POST", PATH, headers={"content-type": "application/json"}, body=json.dumps(body).encode()
        )
        async with asyncio.timeout(30):
            await Watchers.all_seen.wait()
        times.append((time.perf_counter() - started) * 1000)
    spent = cpu_seconds(PID) - cpu
    times.sort()
    emit(ms=times[EVENTS // 2], worst_ms=times[-1], cpu_ms=spent / EVENTS * 1000, watcher_kb=memory)
    await transport.close()


run_event_loop(main)
