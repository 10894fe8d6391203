from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    """With the ConfigMaps a, b and c, of which b is blue."""
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    for name in "abc":
        metadata = {"name": name, "labels": {"colour": "blue" if name == "b" else "red"}}
        assert (await ask(server, "POST", MAPS, {"metadata": metadata}))[0] == 201
    yield server
    await server.stop()


def names(page: dict[str, Any]) -> list[str]:
    return [one["metadata"]["name"] for one in page["items"]]


async def page_of(server: ApiServer, query: str) -> dict[str, Any]:
    code, page = await ask(server, "GET", f"{MAPS}?{query}")
    assert code == 200, page
    return dict(page)


async def test_a_page_says_how_much_is_left(server: ApiServer) -> None:
    page = await page_of(server, "limit=2")
    assert (names(page), page["metadata"]["remainingItemCount"]) == (["a", "b"], 1)


async def test_what_a_selector_leaves_is_not_counted(server: ApiServer) -> None:
    page = await page_of(server, f"limit=1&labelSelector={quote('colour=red')}")
    assert names(page) == ["a"]
    assert "remainingItemCount" not in page["metadata"]


async def test_later_pages_show_the_version_of_the_first(server: ApiServer) -> None:
    first = await page_of(server, "limit=2")
    assert (await ask(server, "DELETE", f"{MAPS}/c"))[0] == 200
    rest = await page_of(server, f"limit=2&continue={first['metadata']['continue']}")
    assert names(rest) == ["c"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_an_exact_version_is_read_as_it_was(server: ApiServer) -> None:
    before = (await page_of(server, ""))["metadata"]["resourceVersion"]
    assert (await ask(server, "DELETE", f"{MAPS}/a"))[0] == 200
    assert names(await page_of(server, f"resourceVersion={before}&resourceVersionMatch=Exact")) == ["a", "b", "c"]
    assert names(await page_of(server, "")) == ["b", "c"]


def token(**parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        token(v="meta.k8s.io/v2", rv=1, start="a"),
        token(v="meta.k8s.io/v1", rv=0, start="a"),
        token(v="meta.k8s.io/v1", rv=1, start=""),
    ],
)
async def test_a_token_that_the_server_has_not_given_is_refused(server: ApiServer, bad: str) -> None:
    code, status = await ask(server, "GET", f"{MAPS}?continue={bad}")
    assert code == 400
    assert "continue key is not valid" in status["message"]


async def test_whatever_there_is_comes_as_a_whole(server: ApiServer) -> None:
    page = await page_of(server, "limit=1&resourceVersion=0")
    assert names(page) == ["a", "b", "c"]
    assert "continue" not in page["metadata"]


@pytest.mark.parametrize(("resource", "count"), [("configmaps", 3), ("events", 1)])
async def test_only_what_kubernetes_caches_ignores_the_limit_of_a_list_of_any_version(
    server: ApiServer, resource: str, count: int
) -> None:
    for name in "ab":
        event = {"metadata": {"name": name}, "involvedObject": {"namespace": "default"}}
        assert (await ask(server, "POST", "/api/v1/namespaces/default/events", event))[0] == 201
    path = f"/api/v1/namespaces/default/{resource}?limit=1&resourceVersion=0"
    assert len((await ask(server, "GET", path))[1]["items"]) == count
