"""What admission makes of an object is checked like what a client sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.registry import store
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
MERGE = "application/merge-patch+json"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def replace(server: ApiServer, path: str, value: str) -> None:
    """Let a policy put a value into every ConfigMap that is made."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    operation = f"[JSONPatch{{op: 'replace', path: '{path}', value: '{value}'}}]"
    mutation = {"patchType": "JSONPatch", "jsonPatch": {"expression": operation}}
    spec: dict[str, Any] = {"matchConstraints": {"resourceRules": [rule]}, "mutations": [mutation]}
    policy = {"metadata": {"name": "p"}, "spec": {**spec, "reinvocationPolicy": "Never"}}
    assert (await ask(server, "POST", f"{ADMISSION}/mutatingadmissionpolicies", policy))[0] == 201
    binding = {"metadata": {"name": "p"}, "spec": {"policyName": "p"}}
    assert (await ask(server, "POST", f"{ADMISSION}/mutatingadmissionpolicybindings", binding))[0] == 201


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("/metadata/namespace", "kube-system", 400),
        ("/kind", "Secret", 500),
        ("/metadata/name", "Not A Name", 422),
    ],
)
async def test_admission_cannot_make_another_object(server: ApiServer, path: str, value: str, code: int) -> None:
    await replace(server, path, value)
    assert (await ask(server, "POST", MAPS, {"metadata": {"name": "a"}}))[0] == code


async def test_admission_may_rename_what_is_made(server: ApiServer) -> None:
    await replace(server, "/metadata/name", "b")
    code, made = await ask(server, "POST", MAPS, {"metadata": {"name": "a"}})
    assert (code, made["metadata"]["name"]) == (201, "b")
    assert (await ask(server, "GET", f"{MAPS}/b"))[0] == 200


@pytest.mark.parametrize(
    "path", [f"{MAPS}/a", "/api/v1/namespaces/default/endpoints/a", "/api/v1/namespaces/default/pods/a/status"]
)
async def test_an_update_of_an_object_that_is_gone_is_a_conflict_where_it_means_that_very_one(
    server: ApiServer, path: str
) -> None:
    body = {"metadata": {"name": "a", "uid": "gone"}}
    code, answer = await ask(server, "PUT", path, body)
    assert code == 409
    assert answer["message"].endswith("UID in precondition: gone, UID in object meta: ")
    assert "/default/a, ResourceVersion: 0, " in answer["message"]


async def test_owner_references_that_say_the_same_are_one(server: ApiServer) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    body = {"metadata": {"name": "a", "ownerReferences": [owner, owner]}}
    code, made = await ask(server, "POST", MAPS, body)
    assert (code, made["metadata"]["ownerReferences"]) == (201, [owner])
    assert "f:ownerReferences" in made["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]
    kind = "application/merge-patch+json"
    code, patched = await ask(server, "PATCH", f"{MAPS}/a", body, content_type=kind)
    assert (code, patched["metadata"]["resourceVersion"]) == (200, made["metadata"]["resourceVersion"])


async def test_what_is_in_no_namespace_may_name_any(server: ApiServer) -> None:
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    code, made = await ask(server, "POST", roles, {"metadata": {"name": "a", "namespace": "b"}})
    assert (code, "namespace" in made["metadata"]) == (201, False)
    assert (await ask(server, "POST", MAPS, {"metadata": {"name": "a", "namespace": "b"}}))[0] == 400


async def test_who_wants_the_dependents_gone_is_told_that_the_object_is_not_yet(server: ApiServer) -> None:
    body = {"metadata": {"name": "a", "finalizers": ["a.b/c"]}}
    assert (await ask(server, "POST", MAPS, body))[0] == 201
    assert (await ask(server, "DELETE", f"{MAPS}/a", {"orphanDependents": False}))[0] == 202
    assert (await ask(server, "DELETE", f"{MAPS}/a", {"propagationPolicy": "Background"}))[0] == 200


async def test_an_object_must_not_be_larger_than_etcd_takes(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_VALUE", 1000)
    body = {"metadata": {"name": "a"}, "data": {"k": "v" * 1000}}
    code, answer = await ask(server, "POST", MAPS, body)
    assert (code, answer["message"]) == (500, "etcdserver: request is too large")
    assert (await ask(server, "POST", f"{MAPS}?dryRun=All", body))[0] == 201


async def test_who_owns_what_is_forgotten_for_an_object_that_is_too_large_with_it(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_VALUE", 1000)
    body = {"metadata": {"name": "a"}, "data": {f"{number:050}": "" for number in range(12)}}
    code, made = await ask(server, "POST", MAPS, body)
    assert (code, len(made["data"]), "managedFields" in made["metadata"]) == (201, 12, False)


@pytest.mark.parametrize("entries", [[], [{}]])
async def test_an_empty_record_of_managers_forgets_them(server: ApiServer, entries: list[Any]) -> None:
    body = {"metadata": {"name": "a"}, "data": {"k": "v"}}
    code, made = await ask(server, "POST", MAPS, body)
    assert (code, len(made["metadata"]["managedFields"])) == (201, 1)
    code, changed = await ask(server, "PUT", f"{MAPS}/a", {**body, "metadata": {"name": "a", "managedFields": entries}})
    assert (code, "managedFields" in changed["metadata"]) == (200, False)
    kind = "application/merge-patch+json"
    assert (await ask(server, "PATCH", f"{MAPS}/a", {"data": {"k": "w"}}, content_type=kind))[0] == 200
    assert "managedFields" not in (await ask(server, "GET", f"{MAPS}/a"))[1]["metadata"]


async def test_who_applied_in_one_version_of_a_built_in_kind_is_known_in_the_other(server: ApiServer) -> None:
    name, apply = "namespaces/default/horizontalpodautoscalers/h", "application/apply-patch+yaml"
    target = {"kind": "Deployment", "name": "d"}

    async def applied(version: str, manager: str, **spec: Any) -> tuple[int, Any]:
        config = {"apiVersion": f"autoscaling/{version}", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        path = f"/apis/autoscaling/{version}/{name}?fieldManager={manager}"
        return await ask(server, "PATCH", path, {**config, "spec": spec}, content_type=apply)

    assert (await applied("v2", "one", maxReplicas=3, scaleTargetRef=target))[0] == 201
    code, answer = await applied("v1", "two", maxReplicas=4)
    assert (code, answer["details"]["causes"][0]["field"]) == (409, ".spec.maxReplicas")
    code, shared = await applied("v1", "two", maxReplicas=3)
    assert (code, {one["manager"] for one in shared["metadata"]["managedFields"]}) == (200, {"one", "two"})
    code, left = await applied("v1", "one", scaleTargetRef=target)
    assert (code, left["spec"]["maxReplicas"]) == (200, 3)


async def test_nonsense_that_admission_makes_of_the_managers_is_taken_back(server: ApiServer) -> None:
    await replace(server, "/metadata/managedFields/0/operation", "Guess")
    code, made = await ask(server, "POST", MAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    assert (code, made["metadata"]["managedFields"][0]["operation"]) == (201, "Update")


SPACES = "/api/v1/namespaces"


async def test_namespaces_word_preconditions_their_own_way(server: ApiServer) -> None:
    assert (await ask(server, "POST", SPACES, {"metadata": {"name": "a"}}))[0] == 201
    code, answer = await ask(server, "DELETE", f"{SPACES}/a", {"preconditions": {"uid": "other"}})
    text = 'Operation cannot be fulfilled on namespaces "a": Precondition failed: UID in precondition: other, UID in '
    assert (code, answer["message"][: len(text)]) == (409, text)
    code, answer = await ask(server, "DELETE", f"{SPACES}/a", {"preconditions": {"resourceVersion": "1"}})
    assert (code, "ResourceVersion in precondition: 1, ResourceVersion in object meta:" in answer["message"]) == (
        409,
        True,
    )


async def test_a_second_deletion_of_a_namespace_waits_for_its_content(server: ApiServer) -> None:
    assert (await ask(server, "POST", SPACES, {"metadata": {"name": "a", "finalizers": ["a.b/c"]}}))[0] == 201
    code, first = await ask(server, "DELETE", f"{SPACES}/a")
    assert (code, first["status"]["phase"]) == (200, "Terminating")
    code, second = await ask(server, "DELETE", f"{SPACES}/a?propagationPolicy=Foreground")
    assert (code, second) == (200, first)
    assert (await ask(server, "PUT", f"{SPACES}/a/finalize", {**first, "spec": {}}))[0] == 200
    code, third = await ask(server, "DELETE", f"{SPACES}/a")
    assert (code, third["metadata"]["deletionGracePeriodSeconds"]) == (200, 0)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/nodes?fieldSelector=metadata.name%3Da", 200),
        ("/api/v1/nodes?fieldSelector=metadata.namespace%3Da", 400),
        ("/api/v1/namespaces?fieldSelector=metadata.namespace%3Da", 400),
        ("/api/v1/persistentvolumes?fieldSelector=metadata.namespace%3Da", 200),
        ("/api/v1/pods?fieldSelector=metadata.namespace%3Da,spec.host%3Db", 200),
    ],
)
async def test_what_lies_in_no_namespace_is_not_selected_by_one(server: ApiServer, path: str, code: int) -> None:
    assert (await ask(server, "GET", path))[0] == code


async def test_ephemeral_containers_stay_and_come_alone(server: ApiServer) -> None:
    pods, containers = "/api/v1/namespaces/default/pods", [{"name": "c", "image": "i"}]
    assert (await ask(server, "POST", pods, {"metadata": {"name": "p"}, "spec": {"containers": containers}}))[0] == 201
    path, patch = f"{pods}/p/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "i"}]}}
    kind = "application/strategic-merge-patch+json"
    assert (await ask(server, "PATCH", path, patch, content_type=kind))[0] == 200
    more = {"metadata": {"labels": {"a": "b"}}, "spec": {"ephemeralContainers": [{"name": "f", "image": "i"}]}}
    code, changed = await ask(server, "PATCH", f"{path}?fieldManager=debug", more, content_type=kind)
    owned = {entry["manager"]: entry["fieldsV1"] for entry in changed["metadata"]["managedFields"]}
    assert (code, changed["metadata"].get("labels"), owned["debug"].keys()) == (200, None, {"f:spec"})
    removal = [{"op": "remove", "path": "/spec/ephemeralContainers/0"}]
    code, answer = await ask(server, "PATCH", path, removal, content_type="application/json-patch+json")
    assert (code, answer["details"]["causes"][0]["field"]) == (422, "spec.ephemeralContainers")


async def test_who_writes_a_status_is_not_warned_of_the_rest(server: ApiServer) -> None:
    api = AsgiTransport(server.app, headers={"authorization": "Bearer admin", "content-type": MERGE})
    path = "/api/v1/namespaces/default/services"
    spec = {"ports": [{"port": 80}], "trafficDistribution": "PreferClose"}
    assert (await ask(server, "POST", path, {"metadata": {"name": "s"}, "spec": spec}))[0] == 201
    for target, warned in (("s", True), ("s/status", False)):
        answer = await api.request("PATCH", f"{path}/{target}", body=b'{"metadata": {"labels": {"a": "b"}}}')
        assert answer.status == 200
        assert ("warning" in answer.headers) is warned


async def test_what_lies_in_no_namespace_may_name_any(server: ApiServer) -> None:
    code, made = await ask(server, "POST", "/api/v1/nodes", {"metadata": {"name": "n", "namespace": "default"}})
    assert (code, "namespace" in made["metadata"]) == (201, False)
    code, answer = await ask(server, "POST", MAPS, {"metadata": {"name": "n", "namespace": "other"}})
    assert (code, answer["message"]) == (
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
    )
