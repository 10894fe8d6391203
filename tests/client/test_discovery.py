from __future__ import annotations

from typing import Any

import pytest
from tests.client.scripted import Reply, Request, ScriptedServer, status

from kubewright.client import AsgiTransport, NoMatch, RestClient, RestMapper
from kubewright.objects.names import GroupKind, GroupVersionKind, GroupVersionResource

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
AGGREGATED: dict[str, Any] = {
    "/api": {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "versions": [
                    {
                        "version": "v1",
                        "resources": [
                            {
                                "resource": "pods",
                                "singularResource": "pod",
                                "responseKind": {"group": "", "version": "v1", "kind": "Pod"},
                                "scope": "Namespaced",
                                "verbs": ["get", "list"],
                                "shortNames": ["po"],
                                "categories": ["all"],
                                "subresources": [{"subresource": "status"}],
                            }
                        ],
                    }
                ]
            }
        ],
    },
    "/apis": {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "apps"},
                "versions": [
                    {
                        "version": version,
                        "resources": [
                            {
                                "resource": "deployments",
                                "responseKind": {"group": "apps", "version": version, "kind": "Deployment"},
                                "scope": "Namespaced",
                                "shortNames": ["deploy"],
                            }
                        ],
                    }
                    for version in ("v1", "v1beta1")
                ],
            }
        ],
    },
}
LEGACY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [{"groupVersion": "apps/v1beta1"}, {"groupVersion": "apps/v1"}],
                "preferredVersion": {"groupVersion": "apps/v1"},
            },
            {"name": "down", "versions": [{"groupVersion": "down/v1"}]},
        ],
    },
    "/api/v1": {
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "singularName": "pod", "kind": "Pod", "namespaced": True, "shortNames": ["po"]},
            {"name": "pods/status", "kind": "Pod", "namespaced": True},
        ],
    },
    **{
        f"/apis/apps/{version}": {
            "groupVersion": f"apps/{version}",
            "resources": [
                {"name": "deployments", "kind": "Deployment", "namespaced": True, "shortNames": ["deploy"]},
                {"name": "deployments/scale", "group": "autoscaling", "version": "v1", "kind": "Scale"},
            ],
        }
        for version in ("v1", "v1beta1")
    },
}


def mapper(documents: dict[str, Any]) -> tuple[RestMapper, ScriptedServer]:
    def handle(request: Request) -> Reply:
        document = documents.get(request.path)
        return Reply(document) if document else status(503, "ServiceUnavailable")

    server = ScriptedServer(handle)
    return RestMapper(RestClient(AsgiTransport(server))), server


@pytest.mark.parametrize("documents", [AGGREGATED, LEGACY])
async def test_both_forms_of_discovery_give_the_same_mappings(documents: dict[str, Any]) -> None:
    found, _ = mapper(documents)
    mapping = await found.mapping(DEPLOYMENT)
    assert (mapping.resource, mapping.namespaced) == (GroupVersionResource("apps", "v1", "deployments"), True)
    assert (await found.mapping(GroupKind("apps", "Deployment"))).kind.version == "v1"
    assert (await found.mapping(GroupVersionKind("", "v1", "Pod"))).subresources == {"status"}


@pytest.mark.parametrize("name", ["deploy", "deployments", "Deployment", "deployments.apps", "deploy.v1.apps"])
async def test_users_may_say_short_names_plurals_kinds_and_groups(name: str) -> None:
    found, _ = mapper(AGGREGATED)
    assert (await found.resource(name)).kind == DEPLOYMENT


async def test_the_server_is_asked_once_and_again_when_something_is_missing() -> None:
    documents = {"/api": AGGREGATED["/api"], "/apis": {"kind": "APIGroupDiscoveryList", "items": []}}
    found, server = mapper(documents)
    await found.mapping(GroupVersionKind("", "v1", "Pod"))
    await found.mapping(GroupVersionKind("", "v1", "Pod"))
    assert len(server.requests) == 2
    with pytest.raises(NoMatch, match="CustomResourceDefinition"):
        await found.mapping(DEPLOYMENT)
    documents["/apis"] = AGGREGATED["/apis"]
    assert (await found.mapping(DEPLOYMENT)).kind == DEPLOYMENT
    with pytest.raises(NoMatch, match='no resource type "gadgets"'):
        await found.resource("gadgets")
