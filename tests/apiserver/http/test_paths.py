"""URLs are understood in RBAC's terms."""

from __future__ import annotations

import pytest

from kubewright.apiserver.http.paths import request_info, split_cluster


@pytest.mark.parametrize(
    ("request_line", "query", "expected"),
    [
        ("GET /api/v1/namespaces/x/pods/p", {}, ("get", "", "pods", "", "x", "p")),
        ("GET /api/v1/namespaces/x/pods", {}, ("list", "", "pods", "", "x", "")),
        ("GET /api/v1/pods", {"watch": ["true"]}, ("watch", "", "pods", "", "", "")),
        ("GET /api/v1/watch/namespaces/x/pods", {}, ("watch", "", "pods", "", "x", "")),
        ("DELETE /api/v1/namespaces/x/pods", {}, ("deletecollection", "", "pods", "", "x", "")),
        (
            "PATCH /apis/apps/v1/namespaces/x/deployments/d/scale",
            {},
            ("patch", "apps", "deployments", "scale", "x", "d"),
        ),
        ("GET /api/v1/namespaces/x", {}, ("get", "", "namespaces", "", "x", "x")),
        ("PUT /api/v1/namespaces/x/finalize", {}, ("update", "", "namespaces", "finalize", "x", "x")),
        ("GET /api/v1/pods", {"fieldSelector": ["metadata.name=p"]}, ("list", "", "pods", "", "", "p")),
        ("DELETE /api/v1/pods", {"fieldSelector": ["metadata.name=p"]}, ("deletecollection", "", "pods", "", "", "")),
        ("GET /api/v1/namespaces/x/services/s:80/proxy/a/b", {}, ("get", "", "services", "proxy", "x", "s:80")),
        ("GET /apis/example.com/v1/widgets/w", {}, ("get", "example.com", "widgets", "", "", "w")),
    ],
)
def test_a_resource_request(request_line: str, query: dict[str, list[str]], expected: tuple[str, ...]) -> None:
    method, _, path = request_line.partition(" ")
    info = request_info(method, path, query)
    assert info.is_resource
    assert (info.verb, info.group, info.resource, info.subresource, info.namespace, info.name) == expected


@pytest.mark.parametrize("path", ["/healthz", "/api", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/"])
def test_other_paths_are_named_by_method(path: str) -> None:
    info = request_info("GET", path, {})
    assert (info.is_resource, info.verb, info.path) == (False, "get", path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/clusters/a/api/v1", ("a", "/api/v1")),
        ("/clusters/a", ("a", "/")),
        ("/clusters/", ("", "/clusters/")),
        ("/api/v1", ("", "/api/v1")),
    ],
)
def test_a_logical_cluster_is_cut_off(path: str, expected: tuple[str, str]) -> None:
    assert split_cluster(path) == expected
