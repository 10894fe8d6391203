"""Whatever a client sends, it gets a Status that blames the client, soon; the server never shows its insides."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.apiserver.http.messages import MAX_BODY
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.transport import Message

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
PATCHES = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
BILLION_LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12)
)
Header = tuple[bytes, bytes]
Object = dict[str, Any]


class Answer(NamedTuple):
    status: int
    body: bytes


class Attacker:
    """Sends requests that no client library would, straight into the application."""

    def __init__(self, server: ApiServer) -> None:
        self._app = server.app

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: bytes = b"",
        type: str = "",
        more: Sequence[Header] = (),
    ) -> Answer:
        headers = [(b"authorization", b"Bearer admin"), *more]
        if type:
            headers.append((b"content-type", type.encode()))
        messages: list[Message] = [{"type": "http.request", "body": body}]
        sent: list[Message] = []

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
        async with asyncio.timeout(10):
            await self._app(scope, receive, send)
        return Answer(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))

    async def refused(self, *arguments: Any, **keywords: Any) -> int:
        """The status of a refusal, which has to be a proper one."""
        status, body = await self.send(*arguments, **keywords)
        told = json.loads(body)
        assert (told["kind"], told["status"], told["code"]) == ("Status", "Failure", status)
        assert 400 <= status < 500, told
        return status


@pytest.fixture
async def attacker() -> AsyncIterator[Attacker]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield Attacker(server)
    await server.stop()


@pytest.fixture(autouse=True)
def _no_panic(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]


def config_map(**fields: Any) -> bytes:
    metadata = {"name": "a", **fields.pop("metadata", {})}
    return json.dumps({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, **fields}).encode()


BODIES = {
    "nothing": b"", "a word": b"x", "null": b"null", "a number": b"1", "a text": b'"x"', "a list": b"[]",
    "cut": b'{"kind":',
    "no UTF-8": b'{"kind":"ConfigMap","metadata":{"name":"\xff"}}', "half a surrogate": b'{"kind":"\\ud800"}',
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deeper than we go": b'{"a":' * 101 + b"1" + b"}" * 101,
    "metadata is a list": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":[]}',
    "name is a number": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":1}}',
    "version is a number": b'{"kind":"ConfigMap","apiVersion":1,"metadata":{"name":"a"}}',
    "kind is a list": b'{"kind":["ConfigMap"],"apiVersion":"v1","metadata":{"name":"a"}}',
    "another kind": b'{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}',
    "a number without end": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"generation":' + b"9" * 9999 + b"}}",
}  # fmt: skip
YAMLS = {
    "deep flow": b"[" * 200_000, "deep blocks": b"- " * 200_000, "billion laughs": BILLION_LAUGHS,
    "contains itself": b"a: &a [*a]\n", "merges itself": b"<<: &x {<<: *x}\n",
    "an object tag": b"!!python/object:os.x {}",
    "a list as a name": b"? [a]\n: b\n", "several documents": b"a: 1\n---\nb: 2\n", "a null byte": b"a: \x00\n",
    "an odd number": b"a: !!int x\n", "a long number": b"a: " + b"9" * 9999, "an unknown alias": b"a: *b\n",
    "tabs": b"a:\n\tb: c\n",
}  # fmt: skip
PROTOBUFS = {
    "no envelope": b"x", "only the magic": b"k8s\x00", "an endless length": b"k8s\x00\x0a\xff\xff\xff\xff\x0f",
    "an endless number": b"k8s\x00" + b"\xff" * 99, "nothing but tags": b"k8s\x00" + b"\x12\x80" * 5000,
    "a field that is cut": b"k8s\x00\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x05\x0a\x03\x0a\x09\xff",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_object_of_the_kind(attacker: Attacker, body: bytes) -> None:
    for media_type in (JSON, YAML):
        await attacker.refused("POST", CONFIG_MAPS, body, type=media_type)


@pytest.mark.parametrize("body", YAMLS.values(), ids=YAMLS)
async def test_yaml_that_would_harm(attacker: Attacker, body: bytes) -> None:
    assert await attacker.refused("POST", CONFIG_MAPS, body, type=YAML) in (400, 422)


@pytest.mark.parametrize("body", PROTOBUFS.values(), ids=PROTOBUFS)
async def test_protobuf_that_is_none(attacker: Attacker, body: bytes) -> None:
    assert await attacker.refused("POST", CONFIG_MAPS, body, type=PROTOBUF) == 400


@pytest.mark.parametrize("media_type", PATCHES)
async def test_patches_that_are_none(attacker: Attacker, media_type: str) -> None:
    await attacker.send("POST", CONFIG_MAPS, config_map(), type=JSON)
    texts = [b"1", b"{", b"\xff", b'{"metadata":1}', b'{"metadata":{"labels":[]}}', b'{"data":{"a":{}}}']
    texts.append(b'[{"op":"replace","path":"","value":[1]}]')
    for patch in (*texts, BODIES["deep objects"], BODIES["deep lists"], BODIES["deeper than we go"], BILLION_LAUGHS):
        query = b"fieldManager=x" if "apply" in media_type else b""
        await attacker.refused("PATCH", f"{CONFIG_MAPS}/a", patch, type=media_type, query=query)


async def test_bodies_that_are_too_big_packed_or_not(attacker: Attacker) -> None:
    assert await attacker.refused("POST", CONFIG_MAPS, b" " * (MAX_BODY + 1), type=JSON) == 413
    packed = [(b"content-encoding", b"gzip")]
    bomb = gzip.compress(b" " * (64 * MAX_BODY), compresslevel=1)
    assert await attacker.refused("POST", CONFIG_MAPS, bomb, type=JSON, more=packed) == 413
    for broken in (b"x", b"\x1f\x8b\x08" + bytes(7) + b"\xff\xff\xff", gzip.compress(config_map())[:-9]):
        assert await attacker.refused("POST", CONFIG_MAPS, broken, type=JSON, more=packed) == 400


@pytest.mark.parametrize(
    "query",
    [
        b"labelSelector=a+in+(", b"labelSelector=" + b"(" * 10_000, b"labelSelector=%ff", b"fieldSelector=x%3Dy",
        b"limit=x", b"limit=" + b"9" * 9999, b"resourceVersion=x", b"resourceVersion=%c2%b2", b"resourceVersion=-1",
        b"resourceVersion=" + b"9" * 9999, b"continue=x", b"continue=%ff", b"continue=bnVsbA",
        b"resourceVersionMatch=x", b"sendInitialEvents=true",
    ],
)  # fmt: skip
async def test_absurd_queries(attacker: Attacker, query: bytes) -> None:
    await attacker.refused("GET", CONFIG_MAPS, query=query)


async def test_selectors_may_be_long(attacker: Attacker) -> None:
    query = b"labelSelector=" + b",".join(b"a%d" % number for number in range(20_000))
    assert (await attacker.send("GET", CONFIG_MAPS, query=query)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        f"{CONFIG_MAPS}/..", f"{CONFIG_MAPS}/a\0b", f"{CONFIG_MAPS}/" + "a" * 9999, f"{CONFIG_MAPS}/a/b/c/d",
        "/api/v1/namespaces/a\0b/configmaps/x", "/apis/" + "x/" * 9999, "//api//v1//x", "*", "", "/\ufffd",
        "/clusters/", "/clusters/../api", "/clusters/A B/api", "/clusters/\0/api", "/clusters/" + "x" * 64 + "/api",
    ],
)  # fmt: skip
async def test_hostile_paths_lead_nowhere(attacker: Attacker, path: str) -> None:
    for method in ("GET", "DELETE", "HEAD", "TRACE", "X"):
        assert (await attacker.send(method, path)).status in (401, 404, 405)


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "a%2fb", "A", "a b", "a\0", "-a", "a" * 254, "\u202e", "a\n", "\ud7ff"]
)
async def test_hostile_names_are_invalid(attacker: Attacker, name: str) -> None:
    body = config_map(metadata={"name": name})
    assert await attacker.refused("POST", CONFIG_MAPS, body, type=JSON) == 422


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"\xff"), (b"authorization", b"Bearer a.b.c"), (b"accept", b"\xff"),
        (b"accept", b",,;;;q=x"), (b"accept", b"a/b;" * 9999), (b"impersonate-group", b"x"),
        (b"authorization", b"Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."), (b"content-type", b"\xff/\xff"),
    ],
)  # fmt: skip
async def test_headers_that_make_no_sense(attacker: Attacker, header: Header) -> None:
    assert (await attacker.send("POST", CONFIG_MAPS, config_map(), more=[header])).status < 500


async def test_a_thousand_creates_of_one_name_make_one_object(attacker: Attacker) -> None:
    creates = (attacker.send("POST", CONFIG_MAPS, config_map(), type=JSON) for _ in range(1000))
    statuses = [answer.status for answer in await asyncio.gather(*creates)]
    assert (statuses.count(201), statuses.count(409)) == (1, 999)


# Random objects and patches through the whole pipeline

FIELDS = st.sampled_from(
    ["metadata", "spec", "status", "name", "labels", "annotations", "finalizers", "ownerReferences", "managedFields",
     "data", "template", "containers", "env", "ports", "selector", "matchLabels", "replicas", "strategy", "image",
     "resourceVersion", "deletionTimestamp", "generateName", "uid", "namespace", "$patch", "apiVersion", "kind"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "v1", "apps/v1", "ConfigMap", "replace", "delete", "2020-01-01T00:00:00Z", "50%"])
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
OBJECTS = st.dictionaries(FIELDS, VALUES, max_size=6)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "value": VALUES},
        optional={
            name: st.lists(FIELDS, max_size=4).map(lambda steps: "".join(f"/{s}" for s in steps))
            for name in ("path", "from")
        },
    ),
    max_size=4,
)
KINDS = {
    ("v1", "ConfigMap"): CONFIG_MAPS,
    ("v1", "Pod"): "/api/v1/namespaces/default/pods",
    ("v1", "Service"): "/api/v1/namespaces/default/services",
    ("apps/v1", "Deployment"): "/apis/apps/v1/namespaces/default/deployments",
    ("batch/v1", "CronJob"): "/apis/batch/v1/namespaces/default/cronjobs",
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
}


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(sorted(KINDS)), obj=OBJECTS, patch=OBJECTS, operations=OPERATIONS)
def test_random_objects_and_patches_never_break_the_server(
    kind: tuple[str, str], obj: Object, patch: Object, operations: list[Object]
) -> None:
    identity = dict(zip(("apiVersion", "kind"), kind, strict=True))
    named = obj.get("metadata")
    name = named.get("name") if isinstance(named, dict) else None
    where = f"{KINDS[kind]}/{name or 'a'}"
    applied = {**patch, **identity, "metadata": {"name": "a"}}
    bodies: tuple[Any, ...] = (patch, operations, patch, applied)
    asyncio.run(_write_and_patch(KINDS[kind], {**obj, **identity}, where, bodies))


async def _write_and_patch(path: str, obj: Object, where: str, patches: Sequence[Any]) -> None:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    try:
        attacker = Attacker(server)
        answers = [await attacker.send("POST", path, json.dumps(obj).encode(), type=JSON)]
        for media_type, patch in zip(PATCHES, patches, strict=True):
            query = b"fieldManager=f&force=true" if "apply" in media_type else b""
            body = json.dumps(patch).encode()
            answers.append(await attacker.send("PATCH", where, body, type=media_type, query=query))
        for answer in answers:
            assert b"panic" not in answer.body, answer
    finally:
        await server.stop()
