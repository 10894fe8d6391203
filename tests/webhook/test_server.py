import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tests.apiserver.admission.attributes import Objects
from tests.webhook.reviews import review, widget

from kubewright.apiserver.webhook_client import LOCAL_PORT, CallFailed, WebhookClient
from kubewright.webhook.app import WebhookApp
from kubewright.webhook.certificates import Certificates
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse
from kubewright.webhook.rotation import rotate
from kubewright.webhook.server import WebhookServer

NOW = datetime.now(UTC)


@pytest.fixture
async def server() -> AsyncIterator[WebhookServer]:
    app = WebhookApp()
    app.add("/allow", lambda request: AdmissionResponse())
    server = WebhookServer(app, host="127.0.0.1", port=0)
    load(server, CERTIFICATES)
    await server.start()
    yield server
    await server.stop()


CERTIFICATES = rotate(None, NOW, ["127.0.0.1", "hook.team.svc"])


def load(server: WebhookServer, certificates: Certificates) -> None:
    server.load_certificate(certificates.certificate, certificates.key)


def config(server: WebhookServer, certificates: Certificates = CERTIFICATES, path: str = "/allow") -> dict[str, str]:
    bundle = base64.b64encode(certificates.ca_bundle).decode()
    return {"url": f"https://127.0.0.1:{server.port}{path}", "caBundle": bundle}


async def test_the_api_servers_client_reaches_the_webhook_over_tls(server: WebhookServer) -> None:
    client = WebhookClient()
    answer = await client.post(config(server), review(obj=widget()), timeout=5, reader=Objects())
    assert b'"allowed":true' in answer
    await client.close()


async def test_a_certificate_of_another_authority_is_refused(server: WebhookServer) -> None:
    client = WebhookClient()
    with pytest.raises(CallFailed, match="failed to verify certificate"):
        other = config(server, rotate(None, NOW, ["127.0.0.1"]))
        await client.post(other, review(obj=widget()), timeout=5, reader=Objects())
    await client.close()


async def test_a_new_certificate_is_served_without_a_restart(server: WebhookServer) -> None:
    renewed = rotate(None, NOW, ["127.0.0.1"])
    load(server, renewed)
    client = WebhookClient()
    await client.post(config(server, renewed), review(obj=widget()), timeout=5, reader=Objects())
    await client.close()


async def test_a_bundle_may_hold_several_authorities(server: WebhookServer) -> None:
    other = rotate(None, NOW, ["127.0.0.1"])
    both = Certificates(other.ca_bundle + CERTIFICATES.ca_bundle, b"", b"", b"")
    client = WebhookClient()
    await client.post(config(server, both), review(obj=widget()), timeout=5, reader=Objects())
    await client.close()


async def test_a_service_is_reached_at_a_local_process_under_its_own_name(server: WebhookServer) -> None:
    client = WebhookClient()
    metadata = {"name": "hook", "namespace": "team", "annotations": {LOCAL_PORT: str(server.port)}}
    reader = Objects(services=[{"metadata": metadata, "spec": {"ports": [{"port": 443}]}}])
    service = {"namespace": "team", "name": "hook", "path": "/allow"}
    of = {"service": service, "caBundle": config(server)["caBundle"]}
    assert await client.post(of, review(obj=widget()), timeout=5, reader=reader)
    await client.close()


async def test_errors_say_what_happened(server: WebhookServer) -> None:
    client = WebhookClient()
    for of, why in (
        (config(server, path="/nowhere"), "no webhook is served at /nowhere"),
        ({"url": "https://127.0.0.1:1/x"}, r'Post "https://127.0.0.1:1/x\?timeout=5s": connection refused'),
        ({"service": {"namespace": "team", "name": "gone"}}, 'service "gone" not found'),
        ({"url": "https://127.0.0.1:1", "caBundle": "eA=="}, "unable to load root certificates"),
    ):
        with pytest.raises(CallFailed, match=why):
            await client.post(of, review(obj=widget()), timeout=5, reader=Objects())
    await client.close()


async def test_the_server_checks_that_it_answers(server: WebhookServer) -> None:
    assert await server.check() is None
    await server.stop()
    assert "does not answer on port" in (await server.check() or "")


async def test_a_webhook_that_does_not_answer_in_time_is_given_up(server: WebhookServer) -> None:
    async def never(request: AdmissionRequest) -> AdmissionResponse:
        await asyncio.Event().wait()
        return AdmissionResponse()

    server.app.add("/never", never)
    client = WebhookClient()
    with pytest.raises(CallFailed, match="context deadline exceeded"):
        await client.post(config(server, path="/never"), review(obj=widget()), timeout=0.05, reader=Objects())
    await client.close()


async def test_a_port_that_is_taken_is_named(server: WebhookServer) -> None:
    second = WebhookServer(WebhookApp(), host="127.0.0.1", port=server.port)
    with pytest.raises(OSError, match=rf"127\.0\.0\.1:{server.port} for webhooks: .* choose another --webhook-port"):
        await second.start()
