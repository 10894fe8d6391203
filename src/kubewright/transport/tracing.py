"""A transport that puts a span around each request, and tells the server which trace it belongs to.

Only requests made within a trace are traced: those that nobody waits for (watches, lease renewals) make none.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from importlib.util import find_spec

from kubewright.transport.protocol import Response, Stream, Transport


@cache
def is_installed() -> bool:
    """Whether OpenTelemetry's API is there (extra ``otel``)."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.trace") is not None


def traced(transport: Transport) -> Transport:
    """``transport`` with traces, where OpenTelemetry's API is installed."""
    if not is_installed() or isinstance(transport, TracingTransport):
        return transport
    return TracingTransport(transport)


class TracingTransport:
    """Names and attributes are those of OpenTelemetry's conventions for HTTP clients."""

    def __init__(self, transport: Transport) -> None:
        from opentelemetry import trace

        self._transport = transport
        self._tracer = trace.get_tracer("kubewright")

    @property
    def host(self) -> str:
        return self._transport.host

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        from opentelemetry import propagate, trace

        if not trace.get_current_span().is_recording():
            return await self._transport.request(method, path, headers=headers, body=body, timeout=timeout)
        route, _, query = path.partition("?")
        attributes = {"http.request.method": method, "server.address": self.host, "url.path": route, "url.query": query}
        with self._tracer.start_as_current_span(method, kind=trace.SpanKind.CLIENT, attributes=attributes) as span:
            sent = dict(headers or {})
            propagate.inject(sent)
            response = await self._transport.request(method, path, headers=sent, body=body, timeout=timeout)
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 400:
                span.set_status(trace.StatusCode.ERROR)
            return response

    def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        return self._transport.stream(method, path, headers=headers, idle_timeout=idle_timeout)

    async def close(self) -> None:
        await self._transport.close()
