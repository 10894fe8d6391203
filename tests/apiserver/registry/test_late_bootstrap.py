"""What a cluster gets when its server serves already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.registry.test_crd_controller import CRDS, IN_DEFAULT, answers, crd
from tests.apiserver.test_access import ask

from kubewright.apiserver.registry.late_bootstrap import complete
from kubewright.apiserver.server import ADMIN, ApiServer

API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def names(server: ApiServer, path: str) -> set[str]:
    _, found = await ask(server, "GET", path)
    return {item["metadata"]["name"] for item in found["items"]}


async def test_controllers_have_their_roles_and_bindings(server: ApiServer) -> None:
    await complete(await server.clusters.get(""))
    roles = await names(server, f"{RBAC}/clusterroles")
    assert {"system:controller:job-controller", "system:controller:generic-garbage-collector"} <= roles
    _, binding = await ask(server, "GET", f"{RBAC}/clusterrolebindings/system:controller:job-controller")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "job-controller", "namespace": "kube-system"}]
    assert "extension-apiserver-authentication-reader" in await names(server, f"{RBAC}/namespaces/kube-system/roles")
    assert await names(server, f"{RBAC}/namespaces/kube-public/rolebindings") == {"system:controller:bootstrap-signer"}


async def test_api_servers_of_others_find_whom_to_believe(server: ApiServer) -> None:
    await complete(await server.clusters.get(""), client_ca="PEM")
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    assert (await ask(server, "GET", path))[1]["data"] == {"client-ca-file": "PEM"}


async def test_every_group_version_has_an_api_service_that_is_available(server: ApiServer) -> None:
    await complete(await server.clusters.get(""))
    _, found = await ask(server, "GET", API_SERVICES)
    versions = {f"{one['spec']['version']}.{one['spec'].get('group', '')}" for one in found["items"]}
    _, groups = await ask(server, "GET", "/apis")
    served = {f"{one['version']}.{group['name']}" for group in groups["groups"] for one in group["versions"]}
    assert versions == (served | {"v1."}) - {"v1.apiregistration.k8s.io"}
    conditions = [one["status"]["conditions"][0] for one in found["items"]]
    assert {(one["type"], one["status"], one["reason"]) for one in conditions} == {("Available", "True", "Local")}


async def test_what_is_there_stays_as_it_is(server: ApiServer) -> None:
    cluster = await server.clusters.get("")
    await complete(cluster)
    revision = cluster.caches.revision
    await complete(cluster)
    assert cluster.caches.revision == revision


async def test_custom_versions_have_an_api_service_while_they_are_served(server: ApiServer) -> None:
    await ask(server, "POST", CRDS, crd())
    await answers(server, IN_DEFAULT, 200)
    for version in ("v1", "v2"):
        await answers(server, f"{API_SERVICES}/{version}.example.com", 200)
    changed: dict[str, Any] = (await ask(server, "GET", f"{CRDS}/widgets.example.com"))[1]
    changed["spec"]["versions"][1]["served"] = False
    await ask(server, "PUT", f"{CRDS}/widgets.example.com", changed)
    await answers(server, f"{API_SERVICES}/v2.example.com", 404)
    assert (await ask(server, "GET", f"{API_SERVICES}/v1.example.com"))[0] == 200
    await ask(server, "DELETE", f"{CRDS}/widgets.example.com")
    await answers(server, f"{API_SERVICES}/v1.example.com", 404)
