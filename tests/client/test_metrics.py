from __future__ import annotations

from prometheus_client import CollectorRegistry
from tests.client.scripted import Reply, ScriptedServer, status

from kubewright import ObjectMeta
from kubewright.client import AsgiTransport, Client
from kubewright.client.metrics import RequestMetrics
from kubewright.objects.core_v1 import Pod


async def test_bytes_and_retries_are_counted_too() -> None:
    registry = CollectorRegistry()
    busy = status(429, "TooManyRequests")._replace(headers={"retry-after": "0"})
    replies = [busy, busy, Reply({"metadata": {"name": "a"}})]
    server = ScriptedServer(lambda _: replies.pop(0))
    client = Client(AsgiTransport(server), observe=RequestMetrics(registry))
    await client.create(Pod(metadata=ObjectMeta(name="a", namespace="default")))
    host = {"host": "in-process", "verb": "POST"}
    again = {code: registry.get_sample_value("rest_client_request_retries_total", host | {"code": code}) for code in (
        "429", "200"
    )}  # fmt: skip
    assert again == {"429": 1, "200": 1}
    assert registry.get_sample_value("rest_client_request_size_bytes_count", host) == 3
    assert registry.get_sample_value("rest_client_response_size_bytes_count", host) == 3
    assert registry.get_sample_value("rest_client_request_duration_seconds_count", host) == 3


async def test_requests_are_counted_by_code_method_and_host() -> None:
    registry = CollectorRegistry()
    client = Client(AsgiTransport(ScriptedServer(lambda _: Reply({"items": []}))), observe=RequestMetrics(registry))
    await client.list(Pod)
    labels = {"code": "200", "method": "GET", "host": "in-process"}
    assert registry.get_sample_value("rest_client_requests_total", labels) == 1
