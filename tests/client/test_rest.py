from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.client.scripted import Reply, ScriptedServer, status

from kubewright.client import AsgiTransport, ConnectError, Response, RestClient, TransportError
from kubewright.client.rest import resource_path, with_query
from kubewright.client.retry import retry_delay
from kubewright.objects.errors import APIError, TooManyRequests
from kubewright.objects.names import GroupVersionResource

SLOW_DOWN = {"retry-after": "3"}


def answered(code: int, headers: Mapping[str, str] = {}) -> Response:
    return Response(code, headers, b"")


@pytest.mark.parametrize(
    ("method", "outcome", "delay"),
    [
        ("POST", answered(200, SLOW_DOWN), None),
        ("POST", answered(429, SLOW_DOWN), 3.0),
        ("POST", answered(503, SLOW_DOWN), 3.0),
        ("POST", answered(503), None),
        ("POST", answered(409, SLOW_DOWN), None),
        ("POST", answered(429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        ("GET", TransportError("reset"), 0.1),
        ("POST", TransportError("reset"), None),
        ("GET", ConnectError("refused"), None),
    ],
)
def test_what_is_tried_again(method: str, outcome: Response | TransportError, delay: float | None) -> None:
    assert retry_delay(method, outcome, retries=0) == delay
    assert retry_delay(method, outcome, retries=10) is None


async def test_a_busy_server_is_asked_again_when_it_said_so() -> None:
    replies = [status(429, "TooManyRequests")._replace(headers=SLOW_DOWN), Reply({"fine": True})]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    rest = RestClient(AsgiTransport(ScriptedServer(lambda _: replies.pop(0))), sleep=sleep)
    assert (await rest.request("GET", "/")).body == b'{"fine":true}'
    assert slept == [3.0]


async def test_an_error_tells_when_to_come_back() -> None:
    busy = status(429, "TooManyRequests")._replace(headers=SLOW_DOWN)
    rest = RestClient(AsgiTransport(ScriptedServer(lambda _: busy)), max_retries=0)
    with pytest.raises(TooManyRequests) as error:
        await rest.request("GET", "/")
    assert error.value.retry_after == 3


async def test_an_error_that_is_no_status_shows_its_text() -> None:
    rest = RestClient(AsgiTransport(ScriptedServer(lambda _: Reply(b"bad gateway\n", 502))))
    with pytest.raises(APIError, match="bad gateway") as error:
        await rest.request("GET", "/")
    assert error.value.status_code == 502


async def test_each_distinct_warning_is_handed_on_once() -> None:
    warning = r'299 - "it is \"old\"", 299 - "unknown field"'
    server = ScriptedServer(lambda _: Reply({}, headers={"warning": warning}))
    seen: list[str] = []
    rest = RestClient(AsgiTransport(server), on_warning=seen.append)
    await rest.request("GET", "/")
    await rest.request("GET", "/")
    assert seen == ['it is "old"', "unknown field"]


async def test_the_user_agent_is_sent() -> None:
    server = ScriptedServer(lambda _: Reply({}))
    await RestClient(AsgiTransport(server), user_agent="me/1").request("GET", "/")
    await RestClient(AsgiTransport(server)).request("GET", "/")
    assert [request.headers["user-agent"][:11] for request in server.requests] == ["me/1", "kubewright/"]


def test_paths_are_quoted() -> None:
    deployments = GroupVersionResource("apps", "v1", "deployments")
    assert resource_path(deployments) == "/apis/apps/v1/deployments"
    assert resource_path(deployments, "a b", "../c", "status") == (
        "/apis/apps/v1/namespaces/a%20b/deployments/..%2Fc/status"
    )


def test_queries_leave_out_what_is_not_given() -> None:
    query = {"limit": 0, "watch": True, "force": False, "continue": None, "labelSelector": "", "fieldSelector": "a=b"}
    assert with_query("/x", query) == "/x?limit=0&watch=true&fieldSelector=a%3Db"
    assert with_query("/x", {"force": False}) == "/x"
