from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.serving import api_server

from kubewright.client import Client
from kubewright.controller import Controller, Requeue, Retry
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap
from kubewright.transport import Response, traced
from kubewright.workqueue import Cause, Item

_exporter = InMemorySpanExporter()
_provider = TracerProvider()
_provider.add_span_processor(SimpleSpanProcessor(_exporter))
trace.set_tracer_provider(_provider)  # once a process: OpenTelemetry's own rule


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    _exporter.clear()
    yield _exporter


async def reconcile_once(reconcile: Callable[[], Awaitable[None]]) -> None:
    stop = asyncio.Event()

    async def last(item: Item[str]) -> Requeue | None:
        stop.set()
        await reconcile()
        return None

    controller = Controller("website", last)
    controller.queue.add("default/blog", cause=Cause("update", "Website", "default/blog", "7"))
    await controller.run(stop, lambda: None)


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


async def test_a_trace_leads_from_the_event_to_the_write(spans: InMemorySpanExporter) -> None:
    async with api_server() as server:
        client = server.client()
        client.rest.transport = traced(client.rest.transport)

        async def reconcile() -> None:
            await client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default")))

        await reconcile_once(reconcile)
    found = named(spans)
    whole, queue, work, write = (found[name] for name in ("website", "queue", "reconcile", "POST"))
    assert [event.attributes for event in whole.events] == [{"event": "update Website default/blog@7"}]
    assert queue.parent == work.parent == whole.context and write.parent == work.context
    assert write.attributes is not None and write.attributes["http.response.status_code"] == 201
    assert write.attributes["url.path"] == "/api/v1/namespaces/default/configmaps"
    assert whole.start_time == queue.start_time


@pytest.mark.parametrize(("error", "status"), [(ValueError("boom"), "ERROR"), (Retry("soon", after=60), "UNSET")])
async def test_only_failures_look_like_failures(spans: InMemorySpanExporter, error: Exception, status: str) -> None:
    async def reconcile() -> None:
        raise error

    await reconcile_once(reconcile)
    assert named(spans)["reconcile"].status.status_code.name == status


async def test_the_server_is_told_of_the_trace_and_nothing_is_traced_outside_one(spans: InMemorySpanExporter) -> None:
    class Recorder:
        host = "server"
        sent: list[dict[str, str]] = []

        async def request(self, method: str, path: str, **options: object) -> Response:
            headers = options["headers"]
            assert isinstance(headers, dict)
            self.sent.append(headers)
            return Response(200, {}, b"{}")

    client = Client(traced(Recorder()))  # type: ignore[arg-type]
    await client.rest.request("GET", "/version")
    with trace.get_tracer("test").start_as_current_span("work"):
        await client.rest.request("GET", "/version")
    assert ["traceparent" in headers for headers in Recorder.sent] == [False, True]
    assert sorted(named(spans)) == ["GET", "work"]
