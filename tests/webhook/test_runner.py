import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.webhook.reviews import Widget

from kubewright.client import Client
from kubewright.objects.admissionregistration_v1 import ValidatingWebhookConfiguration
from kubewright.objects.core_v1 import Secret
from kubewright.webhook.certificate_store import DirectoryStore, SecretStore
from kubewright.webhook.certificates import Certificates
from kubewright.webhook.declaration import URLEndpoint, app_of, validator
from kubewright.webhook.registration import LocalRegistration
from kubewright.webhook.rotation import rotate
from kubewright.webhook.runner import Webhooks
from kubewright.webhook.server import WebhookServer


class Turning:
    """A store that has new certificates at every look."""

    def __init__(self) -> None:
        self.looked = asyncio.Event()
        self.made: list[Certificates] = []

    async def current(self, names: Sequence[str], now: datetime) -> Certificates:
        self.made.append(rotate(None, now, names))
        if len(self.made) > 1:
            self.looked.set()
        return self.made[-1]


async def test_webhooks_are_registered_while_they_run(client: Client, tmp_path: Path) -> None:
    declared = [validator(Widget, lambda new: None)]
    server = WebhookServer(app_of(declared), host="127.0.0.1", port=0)
    endpoint = URLEndpoint("127.0.0.1", 9443)
    registration = LocalRegistration(client, "widgets", declared, endpoint)
    webhooks = Webhooks(server, DirectoryStore(tmp_path), endpoint.hosts, registration)
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(webhooks.run(stop, ready.set))
    await ready.wait()
    assert await webhooks.check() is None
    assert (await client.get(ValidatingWebhookConfiguration, "widgets")).webhooks
    stop.set()
    await running
    assert await client.list(ValidatingWebhookConfiguration) == []


async def test_a_new_certificate_is_taken_up(client: Client) -> None:
    store, stop = Turning(), asyncio.Event()
    server = WebhookServer(app_of([]), host="127.0.0.1", port=0)
    webhooks = Webhooks(server, store, ["127.0.0.1"], interval=0.01)
    running = asyncio.create_task(webhooks.run(stop, lambda: None))
    await asyncio.wait_for(store.looked.wait(), 10)
    stop.set()
    await running
    assert len(store.made) > 1


async def test_reads_of_certificates_are_counted_failed_ones_too(client: Client) -> None:
    class Broken(Turning):
        async def current(self, names: Sequence[str], now: datetime) -> Certificates:
            certificates = await super().current(names, now)
            if len(self.made) == 2:
                raise OSError("the volume is gone")
            return certificates

    store, stop = Broken(), asyncio.Event()
    app = app_of([])
    webhooks = Webhooks(WebhookServer(app, host="127.0.0.1", port=0), store, ["127.0.0.1"], interval=0.01)
    running = asyncio.create_task(webhooks.run(stop, lambda: None))
    await asyncio.wait_for(store.looked.wait(), 10)
    stop.set()
    await running
    samples = {sample.name: sample.value for family in app.metrics.collect() for sample in family.samples}
    assert samples["certwatcher_read_certificate_total"] == len(store.made)
    assert samples["certwatcher_read_certificate_errors_total"] == 1


async def test_replicas_share_one_secret(client: Client) -> None:
    now = datetime.now(UTC)
    stores = [SecretStore(client, "default", "certificates") for _ in range(3)]
    found = await asyncio.gather(*(store.current(["hook.system.svc"], now) for store in stores))
    assert found[0] == found[1] == found[2]
    secret = await client.get(Secret, "certificates", "default")
    assert (secret.type, set(secret.data)) == ("kubernetes.io/tls", {"ca.crt", "ca.key", "tls.crt", "tls.key"})


async def test_a_taken_port_is_named(client: Client, tmp_path: Path) -> None:
    first = WebhookServer(app_of([]), host="127.0.0.1", port=0)
    first.load_certificate(*_pair())
    await first.start()
    second = Webhooks(
        WebhookServer(app_of([]), host="127.0.0.1", port=first.port), DirectoryStore(tmp_path), ["127.0.0.1"]
    )
    with pytest.raises(OSError, match="ddress already in use"):
        await second.run(asyncio.Event(), lambda: None)
    await first.stop()


def _pair() -> tuple[bytes, bytes]:
    made = rotate(None, datetime.now(UTC), ["127.0.0.1"])
    return made.certificate, made.key
