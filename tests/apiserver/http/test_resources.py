from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.protocol import Entry, RevisionMismatch
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.client import AsgiTransport

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/things"
PART = {"type": "object", "properties": {"given": {"type": "integer"}, "filled": {"type": "integer", "default": 1}}}
SPEC = {"type": "object", "properties": {"part": PART}}
THING: dict[str, Any] = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}


class Contended(SqliteStorage):
    """Somebody else is faster than the first updates."""

    faster = 0

    async def update(self, current: Entry, value: bytes) -> int:
        if self.faster:
            self.faster -= 1
            raise RevisionMismatch(current)
        return await super().update(current, value)


@pytest.fixture
async def storage() -> Contended:
    return Contended()


@pytest.fixture
async def server(storage: Contended) -> AsyncIterator[ApiServer]:
    server = ApiServer(storage, tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def apply(server: ApiServer, **spec: Any) -> Any:
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}
    path = f"{THINGS}/a?fieldManager=me"
    return (await ask(server, "PATCH", path, body, content_type="application/apply-patch+yaml"))[1]


async def test_an_apply_that_has_to_try_again_owns_no_more_than_it_applies(
    server: ApiServer, storage: Contended
) -> None:
    assert (await ask(server, "POST", CRDS, THING))[0] == 201
    async with asyncio.timeout(5):
        while (await ask(server, "GET", THINGS))[0] != 200:  # noqa: ASYNC110  served when the definition is established
            await asyncio.sleep(0)
    await apply(server)
    storage.faster = 2
    applied = await apply(server, part={"given": 2})
    assert applied["spec"] == {"part": {"given": 2, "filled": 1}}
    [entry] = applied["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {"f:spec": {"f:part": {"f:given": {}}}}
    assert storage.faster == 0


@pytest.mark.parametrize(
    ("api_version", "kind", "why"),
    [
        ("autoscaling/v1", "HorizontalPodAutoscaler", "in the data (autoscaling/v1) does not match the expected"),
        (
            "autoscaling/v9",
            "HorizontalPodAutoscaler",
            'in version "v9" cannot be handled as a HorizontalPodAutoscaler: no',
        ),
        ("apps/v1", "Deployment", "converting (v1.Deployment) to (autoscaling.HorizontalPodAutoscaler): unknown"),
        ("autoscaling/v2", "Pod", 'no kind "Pod" is registered for version "autoscaling/v2"'),
    ],
)
async def test_an_object_of_another_type_is_refused(server: ApiServer, api_version: str, kind: str, why: str) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    code, answer = await ask(server, "POST", path, body)
    assert code == 400
    assert why in answer["message"]


async def test_what_can_only_be_listed_says_that_it_cannot_be_watched(server: ApiServer) -> None:
    code, answer = await ask(server, "GET", "/api/v1/componentstatuses?watch=true")
    assert (code, answer["details"]) == (405, {"kind": "componentstatuses"})
    assert answer["message"] == 'watch is not supported on resources of kind "componentstatuses"'


async def test_pods_are_selected_by_their_first_address_only(server: ApiServer) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    path = "/api/v1/namespaces/default/pods"
    assert (await ask(server, "POST", path, pod))[0] == 201
    status = {"status": {"podIP": "10.0.0.1"}}
    patch = "application/merge-patch+json"
    assert (await ask(server, "PATCH", f"{path}/p/status", status, content_type=patch))[0] == 200
    for field, count in (("podIP", 1), ("podIPs", 0)):
        _, found = await ask(server, "GET", f"{path}?fieldSelector=status.{field}=10.0.0.1")
        assert len(found["items"]) == count


@pytest.mark.parametrize(
    ("media_type", "body", "text"),
    [
        ("json", b"", "(must be of type ConfigMap): couldn't get version/kind; json parse error: .* (<empty>)"),
        ("json", b'{"kind":', """(must be of type ConfigMap): .* ({"kind":)"""),
        ("json", b'{"kind":"a text that goes on', """: .* ({"kind":"a text that goes on)"""),
        ("json", b'{"kind":"a text that goes on and on', """: .* ({"kind":"a text that goes on a ...)"""),
        ("json", b"[]", "json: cannot unmarshal array into Go value of type struct (5b5d)"),
        ("yaml", b"a: [", "(must be of type ConfigMap): error converting YAML to JSON: .* (613a205b)"),
        ("vnd.kubernetes.protobuf", b"xyz", "(must be of type ConfigMap): .* (78797a)"),
    ],
)
async def test_a_body_that_cannot_be_read_is_shown_by_its_beginning(
    server: ApiServer, media_type: str, body: bytes, text: str
) -> None:
    transport = AsgiTransport(server.app, headers={"authorization": "Bearer admin"})
    path, headers = "/api/v1/namespaces/default/configmaps", {"content-type": f"application/{media_type}"}
    answer = await transport.request("POST", path, headers=headers, body=body)
    message = json.loads(answer.body)["message"]
    assert answer.status == 400
    assert message.startswith("the object provided is unrecognized ")
    assert re.search(re.escape(text).replace(r"\.\*", ".*") + r"\Z", message, re.DOTALL), message


async def test_metadata_that_comes_twice_is_that_of_both(server: ApiServer) -> None:
    transport = AsgiTransport(server.app, headers={"authorization": "Bearer admin"})
    body = b'{"metadata":{"name":"a"},"metadata":{"labels":{"b":"c"}}}'
    path, headers = "/api/v1/namespaces/default/configmaps", {"content-type": "application/json"}
    answer = await transport.request("POST", path, headers=headers, body=body)
    metadata = json.loads(answer.body)["metadata"]
    assert (metadata["name"], metadata["labels"]) == ("a", {"b": "c"})
    assert 'duplicate field \\"metadata\\"' in answer.headers["warning"]
