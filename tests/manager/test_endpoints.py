from __future__ import annotations

import json

from kubewright.client import AsgiTransport
from kubewright.manager.endpoints import Endpoints, health_route, json_route
from kubewright.manager.health import HealthChecks
from kubewright.manager.metrics import Metrics

APP = Endpoints(
    {
        "healthz": health_route(HealthChecks("healthz")),
        "metrics": Metrics().route,
        "debug": json_route(lambda: {"queues": []}),
    }
)
TRANSPORT = AsgiTransport(APP)


async def test_health_is_plain_text() -> None:
    response = await TRANSPORT.request("GET", "/healthz")
    assert (response.status, response.body) == (200, b"ok")
    assert response.headers["content-type"].startswith("text/plain")
    assert (await TRANSPORT.request("GET", "/healthz/ping")).body == b"ok"
    assert b"[+]ping ok" in (await TRANSPORT.request("GET", "/healthz?verbose")).body


async def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    response = await TRANSPORT.request("GET", "/metrics")
    assert b"process_cpu_seconds_total" in response.body
    openmetrics = await TRANSPORT.request("GET", "/metrics", headers={"accept": "application/openmetrics-text"})
    assert openmetrics.body.endswith(b"# EOF\n")


async def test_a_look_inside_is_json() -> None:
    assert json.loads((await TRANSPORT.request("GET", "/debug")).body) == {"queues": []}


async def test_other_paths_and_methods_are_refused_and_the_root_lists_the_paths() -> None:
    assert (await TRANSPORT.request("GET", "/")).body == b"/debug\n/healthz\n/metrics\n"
    assert (await TRANSPORT.request("GET", "/secret")).status == 404
    assert (await TRANSPORT.request("POST", "/healthz")).status == 405
    assert (await TRANSPORT.request("HEAD", "/healthz")).body == b""
