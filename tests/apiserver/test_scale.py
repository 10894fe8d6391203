"""The scale subresource of a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask
from tests.apiserver.test_server import CRDS, WIDGETS, Api, widget, widgets_crd

from kubewright.apiserver.server import ADMIN, ApiServer

SETS = "/apis/apps/v1/namespaces/default/replicasets"
MERGE = "application/merge-patch+json"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    assert (await ask(server, "POST", f"{SETS}?fieldManager=maker", {"metadata": {"name": "r"}, "spec": spec}))[
        0
    ] == 201
    yield server
    await server.stop()


async def scale(server: ApiServer, replicas: Any, path: str = f"{SETS}/r/scale") -> tuple[int, Any]:
    return await ask(server, "PATCH", path, {"spec": {"replicas": replicas}}, content_type=MERGE)


async def test_a_scale_shows_counts_and_selector(server: ApiServer) -> None:
    code, answer = await ask(server, "GET", f"{SETS}/r/scale")
    assert (code, answer["kind"], answer["spec"]) == (200, "Scale", {"replicas": 2})
    assert answer["status"] == {"replicas": 0, "selector": "a=b"}


async def test_writing_the_scale_changes_the_object_and_who_owns_its_count(server: ApiServer) -> None:
    code, answer = await scale(server, 5, f"{SETS}/r/scale?fieldManager=scaler")
    assert (code, answer["spec"]) == (200, {"replicas": 5})
    _, changed = await ask(server, "GET", f"{SETS}/r")
    assert (changed["spec"]["replicas"], changed["metadata"]["generation"]) == (5, 2)
    owners = {entry["manager"]: entry for entry in changed["metadata"]["managedFields"]}
    assert owners["scaler"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners["maker"]["fieldsV1"]["f:spec"]


async def test_a_stale_scale_is_a_conflict(server: ApiServer) -> None:
    _, stale = await ask(server, "GET", f"{SETS}/r/scale")
    assert (await scale(server, 5))[0] == 200
    code, answer = await ask(server, "PUT", f"{SETS}/r/scale", stale)
    assert (code, answer["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(("replicas", "field"), [(-1, "spec.replicas"), ("x", "patch")])
async def test_bad_counts_are_invalid(server: ApiServer, replicas: Any, field: str) -> None:
    code, answer = await scale(server, replicas)
    assert (code, answer["details"]["causes"][0]["field"]) == (422, field)


async def test_a_scale_of_another_object_of_the_name_is_a_conflict(server: ApiServer) -> None:
    body = {"metadata": {"name": "r", "uid": "other"}, "spec": {"replicas": 5}}
    code, answer = await ask(server, "PUT", f"{SETS}/r/scale", body)
    assert (code, answer["details"]["kind"]) == (409, "replicasets")
    assert "Key: /registry/replicasets/default/r," in answer["message"]


async def test_scaling_to_zero_and_by_apply(server: ApiServer) -> None:
    code, answer = await scale(server, 0)
    assert (code, answer["spec"]) == (200, {})
    config = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "r"}, "spec": {"replicas": 3}}
    path, media_type = f"{SETS}/r/scale?fieldManager=x&force=true", "application/apply-patch+yaml"
    code, answer = await ask(server, "PATCH", path, config, content_type=media_type)
    assert (code, answer["spec"]) == (200, {"replicas": 3})


async def test_a_custom_object_without_a_count_has_no_scale_but_can_be_given_one(server: ApiServer) -> None:
    path = await custom(server)
    code, answer = await ask(server, "GET", f"{path}/w/scale")
    assert (code, answer["message"]) == (
        500,
        'Internal error occurred: the spec replicas field ".spec.size" does not exist',
    )
    body = {"status": {"replicas": 1}}
    code, answer = await ask(server, "PATCH", f"{path}/w/scale", body, content_type=MERGE)
    assert (code, answer["message"]) == (400, 'the spec replicas field ".spec.size" cannot be empty')
    code, answer = await scale(server, 2, f"{path}/w/scale")
    assert (code, answer["spec"]) == (200, {"replicas": 2})


async def test_a_custom_object_has_to_be_valid_with_its_new_count(server: ApiServer) -> None:
    path = await custom(server, maximum=3)
    assert (await scale(server, 3, f"{path}/w/scale"))[0] == 200
    code, answer = await scale(server, 4, f"{path}/w/scale")
    assert (code, [cause["field"] for cause in answer["details"]["causes"]]) == (422, ["spec.size"])
    code, answer = await scale(server, -1, f"{path}/w/scale")
    assert (code, [cause["field"] for cause in answer["details"]["causes"]]) == (422, [".spec.size"])


async def custom(server: ApiServer, **size: int) -> str:
    """An object of a custom resource with a scale, that has none of what it shows; gives the path of the resource."""
    crd = widgets_crd()
    crd["spec"]["versions"][0]["subresources"] = {
        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    }
    members = {"size": {"type": "integer", **size}}
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": members}
    crd["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    api = Api(server)
    await api("POST", CRDS, crd)
    await api.served(WIDGETS)
    assert (await api("POST", WIDGETS, widget("w")))[0] == 201
    return WIDGETS


async def test_a_scale_as_a_table_shows_counts(server: ApiServer) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    code, answer = await ask(server, "GET", f"{SETS}/r/scale", accept=accept)
    assert (code, [one["name"] for one in answer["columnDefinitions"]]) == (
        200,
        ["Name", "Desired", "Available", "Age"],
    )
    assert answer["rows"][0]["cells"][:3] == ["r", 2, 0]
    code, answer = await ask(
        server, "PATCH", f"{SETS}/r/scale", {"spec": {"replicas": 4}}, content_type=MERGE, accept=accept
    )
    assert answer["rows"][0]["cells"][1] == 4
