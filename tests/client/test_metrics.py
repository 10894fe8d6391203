from __future__ import annotations

from prometheus_client import CollectorRegistry
from tests.client.scripted import Reply, ScriptedServer

from kubewright.client import AsgiTransport, Client
from kubewright.client.metrics import RequestMetrics
from kubewright.objects.core_v1 import Pod


async def test_requests_are_counted_by_code_method_and_host() -> None:
    registry = CollectorRegistry()
    client = Client(AsgiTransport(ScriptedServer(lambda _: Reply({"items": []}))), observe=RequestMetrics(registry))
    await client.list(Pod)
    labels = {"code": "200", "method": "GET", "host": "in-process"}
    assert registry.get_sample_value("rest_client_requests_total", labels) == 1
