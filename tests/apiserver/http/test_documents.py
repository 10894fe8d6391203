"""Health, discovery and OpenAPI: what is said beside the documents themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec
import pytest

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.fixture
async def transport() -> AsyncIterator[AsgiTransport]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield AsgiTransport(server.app, headers={"authorization": "Bearer admin"})
    await server.stop()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/readyz", "ok"),
        ("/livez/etcd", "ok"),
        ("/livez?verbose", "[+]ping ok\n[+]etcd ok\nlivez check passed\n"),
        ("/readyz?verbose&exclude=etcd", "[+]ping ok\n[+]etcd excluded: ok\nreadyz check passed\n"),
    ],
)
async def test_health(transport: AsgiTransport, path: str, text: str) -> None:
    answer = await transport.request("GET", path)
    assert (answer.status, answer.body.decode()) == (200, text)


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"])
@pytest.mark.parametrize("media_type", ["application/yaml", "application/vnd.kubernetes.protobuf"])
async def test_discovery_comes_in_every_media_type(transport: AsgiTransport, path: str, media_type: str) -> None:
    answer = await transport.request("GET", path, headers={"accept": media_type})
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("path", ["/apis", "/openapi/v2", "/openapi/v3/apis/apps/v1"])
@pytest.mark.parametrize("known", ["%s", '"old", W/%s', "*"])
async def test_what_the_client_has_is_not_sent_again(transport: AsgiTransport, path: str, known: str) -> None:
    answer = await transport.request("GET", path, headers={"accept": AGGREGATED, "if-none-match": '"old"'})
    assert (answer.status, answer.headers["vary"]) == (200, "Accept")
    known = known.replace("%s", answer.headers["etag"])
    again = await transport.request("GET", path, headers={"accept": AGGREGATED, "if-none-match": known})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/openapi/v2", "/openapi/v3/api/v1"])
@pytest.mark.parametrize(
    ("accept", "code"), [("application/xml", 406), ("application/xml, */*;q=0.1", 200), ("application/json", 200)]
)
async def test_schemas_come_as_what_the_client_takes_or_not_at_all(
    transport: AsgiTransport, path: str, accept: str, code: int
) -> None:
    answer = await transport.request("GET", path, headers={"accept": accept})
    assert (answer.status, bool(answer.body)) == (code, code == 200)


async def test_a_hash_names_one_state_of_a_document(transport: AsgiTransport) -> None:
    index = msgspec.json.decode((await transport.request("GET", "/openapi/v3")).body)
    url = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    answer = await transport.request("GET", url)
    assert (answer.status, answer.headers["cache-control"]) == (200, "public, immutable")
    assert parsedate_to_datetime(answer.headers["expires"]) > datetime.now(UTC) + timedelta(days=300)
    stale = await transport.request("GET", "/openapi/v3/apis/apps/v1?hash=OLD")
    assert (stale.status, stale.headers["location"]) == (301, url)


@pytest.mark.parametrize(("agent", "lines"), [("curl/8.0", True), ("kubectl/v1.36.0", False)])
async def test_people_are_given_lines(transport: AsgiTransport, agent: str, lines: bool) -> None:
    answer = await transport.request("GET", "/api/v1/namespaces/default", headers={"user-agent": agent})
    assert (b'\n  "kind"' in answer.body) is lines
