"""T4: kopf's webhook server with the same default; says its port and path.  Arguments: certificate and key."""

import asyncio
import sys
from collections.abc import AsyncIterator

import kopf

from bench.harness import free_port
from bench.widgets import GROUP, PLURAL

PORT = free_port()


class Server(kopf.WebhookServer):
    """Says when it serves: whatever it yields is meant for the API server, which we leave alone."""

    async def __call__(self, fn: kopf.WebhookFn) -> AsyncIterator[kopf.WebhookClientConfig]:
        async for config in super().__call__(fn):
            print("begin", PORT, "/storage", flush=True)
            yield config


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    settings.admission.server = Server(
        addr="127.0.0.1", port=PORT, certfile=sys.argv[1], pkeyfile=sys.argv[2], cafile=sys.argv[1]
    )


@kopf.on.mutate(GROUP, "v1", PLURAL, id="storage")
async def storage(spec: kopf.Spec, patch: kopf.Patch, **_: object) -> None:
    if "storage" not in spec["settings"]:
        patch.spec["settings"] = {"storage": "10Gi"}


asyncio.run(kopf.operator(clusterwide=True, standalone=True))
