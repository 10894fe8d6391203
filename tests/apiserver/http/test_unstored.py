"""Bindings, evictions, scales and reviews pass admission as what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer

NAMESPACE = "/api/v1/namespaces/default"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
CONTAINERS = {"containers": [{"name": "c", "image": "i"}]}


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def make(server: ApiServer, path: str, name: str, **rest: Any) -> None:
    code, answer = await ask(server, "POST", path, {"metadata": {"name": name, "labels": {"a": "b"}}, **rest})
    assert code == 201, answer


async def forbid(server: ApiServer, groups: str, resources: str, expression: str) -> None:
    """Let a policy be in force."""
    rule = {"apiGroups": [groups], "apiVersions": ["*"], "operations": ["*"], "resources": [resources]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": expression}]}
    await make(server, f"{ADMISSION}/validatingadmissionpolicies", "p", spec=spec)
    binding = {"policyName": "p", "validationActions": ["Deny"]}
    await make(server, f"{ADMISSION}/validatingadmissionpolicybindings", "p", spec=binding)


def binding(name: str, node: str = "n", **metadata: Any) -> dict[str, Any]:
    kind = {"apiVersion": "v1", "kind": "Binding"}
    return {**kind, "metadata": {"name": name, **metadata}, "target": {"kind": "Node", "name": node}}


@pytest.mark.parametrize("path", ["bindings", "pods/p/binding"])
async def test_a_binding_gives_a_pod_its_node_and_the_labels_of_its_place(server: ApiServer, path: str) -> None:
    zone = {"topology.kubernetes.io/zone": "z", "other": "x"}
    assert (await ask(server, "POST", "/api/v1/nodes", {"metadata": {"name": "n", "labels": zone}}))[0] == 201
    await make(server, f"{NAMESPACE}/pods", "p", spec=CONTAINERS)
    code, answer = await ask(server, "POST", f"{NAMESPACE}/{path}", binding("p", annotations={"k": "v"}))
    assert (code, answer["kind"], answer["status"]) == (201, "Status", "Success")
    _, pod = await ask(server, "GET", f"{NAMESPACE}/pods/p")
    assert (pod["spec"]["nodeName"], pod["metadata"]["annotations"]) == ("n", {"k": "v"})
    assert [one.get("subresource") for one in pod["metadata"]["managedFields"]] == [None]
    assert pod["metadata"]["labels"] == {"a": "b", "topology.kubernetes.io/zone": "z"}
    assert (await ask(server, "POST", f"{NAMESPACE}/{path}", binding("p")))[0] == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (binding("other"), 400),
        (binding("p", uid="u"), 409),
        (binding("p", node=""), 500),
        ({**binding("p"), "target": {"kind": "Pod", "name": "x"}}, 500),
        ({**binding("p"), "kind": "Pod"}, 400),
    ],
)
async def test_bindings_that_do_not_fit(server: ApiServer, body: dict[str, Any], code: int) -> None:
    await make(server, f"{NAMESPACE}/pods", "p", spec=CONTAINERS)
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/binding", body))[0] == code


async def test_policies_see_the_binding(server: ApiServer) -> None:
    await forbid(server, "", "pods/binding", "object.target.name != 'n'")
    await make(server, f"{NAMESPACE}/pods", "p", spec=CONTAINERS)
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/binding", binding("p")))[0] == 422
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/binding", binding("p", node="m")))[0] == 201


async def test_policies_see_the_scale(server: ApiServer) -> None:
    await forbid(server, "*", "*/scale", "object.kind == 'Scale' && object.spec.replicas <= oldObject.spec.replicas")
    selector = {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}
    await make(server, DEPLOYMENTS, "d", spec={"replicas": 2, "selector": selector, "template": template})
    _, scale = await ask(server, "GET", f"{DEPLOYMENTS}/d/scale")
    assert (await ask(server, "PUT", f"{DEPLOYMENTS}/d/scale", {**scale, "spec": {"replicas": 3}}))[0] == 422
    assert (await ask(server, "PUT", f"{DEPLOYMENTS}/d/scale", {**scale, "spec": {"replicas": 1}}))[0] == 200


async def test_policies_see_the_eviction_and_not_the_deletion_that_follows(server: ApiServer) -> None:
    await forbid(server, "", "pods", "request.operation != 'DELETE'")
    await make(server, f"{NAMESPACE}/pods", "p", spec=CONTAINERS)
    assert (await ask(server, "DELETE", f"{NAMESPACE}/pods/p"))[0] == 422
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/eviction", {**eviction, "metadata": {}}))[0] == 400
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/eviction", eviction))[0] == 201
    assert (await ask(server, "GET", f"{NAMESPACE}/pods/p"))[0] == 404


async def test_an_eviction_may_come_in_a_version_that_is_no_longer_served(server: ApiServer) -> None:
    await forbid(server, "", "pods/eviction", "object.apiVersion == 'policy/v1'")
    await make(server, f"{NAMESPACE}/pods", "p", spec=CONTAINERS)
    eviction = {"apiVersion": "policy/v1alpha1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/eviction", eviction))[0] == 400
    eviction["apiVersion"] = "policy/v1beta1"
    assert (await ask(server, "POST", f"{NAMESPACE}/pods/p/eviction", eviction))[0] == 201


async def test_policies_see_reviews(server: ApiServer) -> None:
    await forbid(server, "authorization.k8s.io", "subjectaccessreviews", "object.spec.user != 'root'")
    review = {"spec": {"user": "root", "resourceAttributes": {"verb": "get", "resource": "pods"}}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert (await ask(server, "POST", path, review))[0] == 422
    review["spec"]["user"] = "jane"
    assert (await ask(server, "POST", path, review))[0] == 201


async def test_fields_that_a_scale_does_not_have_are_told_of(server: ApiServer) -> None:
    selector = {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}
    await make(server, DEPLOYMENTS, "d", spec={"selector": selector, "template": template})
    path = f"{DEPLOYMENTS}/d/scale?fieldValidation=Strict"
    patch = {"spec": {"count": 5}}
    code, answer = await ask(server, "PATCH", path, patch, content_type="application/merge-patch+json")
    assert (code, answer["details"]["causes"][0]["field"]) == (422, "patch")
