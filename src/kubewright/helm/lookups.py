"""What templates learn of the cluster: ``.Capabilities``, and the objects that ``lookup`` reads.

Helm's engine wants to reach an API server by itself for ``lookup``.  For as long as a chart that uses it is rendered,
a loopback listener passes reads on over the operator's own client, so that they are made as the operator, under its
permissions, whatever the client's way to the cluster is.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from kubewright.client import Client
from kubewright.helm.engine import Capabilities, Chart, Values
from kubewright.manager import BindAddress, HTTPServer
from kubewright.transport import Application, Receive, Response, Scope, Send

_DROPPED = ("content-length", "transfer-encoding", "connection")


class Lookups:
    """What one chart asks of the cluster, told by its templates' words."""

    def __init__(self, chart: Chart) -> None:
        self.asks_capabilities = chart.mentions(".Capabilities")
        self.asks_objects = chart.mentions("lookup")

    async def capabilities(self, client: Client) -> Capabilities:
        """Nothing for a chart that doesn't ask."""
        return await capabilities_of(client) if self.asks_capabilities else Capabilities()

    @asynccontextmanager
    async def serving(self, client: Client) -> AsyncIterator[Values | None]:
        """The parameters by which the engine reaches the cluster; None for a chart that doesn't look anything up."""
        if not self.asks_objects:
            yield None
            return
        token, stop, serves = secrets.token_urlsafe(), asyncio.Event(), asyncio.Event()
        server = HTTPServer("lookup", _reads(client, token), BindAddress("127.0.0.1", 0))
        running = asyncio.create_task(server.run(stop, serves.set))
        try:
            await serves.wait()
            # client-go sends no credentials without TLS, so the secret is part of the path.
            yield {"kubeconfig_content": _kubeconfig(f"http://{server.address}/{token}")}
        finally:
            stop.set()
            await running


async def capabilities_of(client: Client) -> Capabilities:
    """The cluster's version, and every version and kind that it serves."""
    answer = await client.rest.request("GET", "/version")
    kinds = [mapping.kind for mapping in await client.mapper.mappings()]
    versions = {kind.api_version for kind in kinds} | {f"{kind.api_version}/{kind.kind}" for kind in kinds}
    return Capabilities(str(msgspec.json.decode(answer.body)["gitVersion"]), tuple(sorted(versions)))


def _reads(client: Client, token: str) -> Application:
    """An ASGI application that answers reads with what the cluster answers."""
    prefix = f"/{token}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        path, query = scope["raw_path"], scope["query_string"]
        answer = Response(405, {}, b"")
        if not hmac.compare_digest(path[: len(prefix)], prefix):
            answer = Response(401, {}, b"")
        elif scope["method"] == "GET":
            target = (path[len(prefix) :] + (b"?" + query if query else b"")).decode()
            accept = {"accept": headers.get(b"accept", b"application/json").decode()}
            answer = await client.rest.transport.request("GET", target, headers=accept)
        kept = [(name.encode(), value.encode()) for name, value in answer.headers.items() if name not in _DROPPED]
        await send({"type": "http.response.start", "status": answer.status, "headers": kept})
        await send({"type": "http.response.body", "body": answer.body})

    return app


def _kubeconfig(server: str) -> str:
    entries = {
        "clusters": [{"name": "lookup", "cluster": {"server": server}}],
        "contexts": [{"name": "lookup", "context": {"cluster": "lookup"}}],
    }
    return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "lookup", **entries})
