from __future__ import annotations

import pytest

from kubewright.ansible.request_target import RequestTarget, parse_target
from kubewright.objects.names import GroupVersionResource

PODS = GroupVersionResource("", "v1", "pods")
DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")
NAMESPACES = GroupVersionResource("", "v1", "namespaces")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", RequestTarget(PODS)),
        ("/api/v1/namespaces/a/pods", RequestTarget(PODS, "a")),
        ("/api/v1/namespaces/a/pods/b", RequestTarget(PODS, "a", "b")),
        ("/api/v1/namespaces/a/pods/b/log", RequestTarget(PODS, "a", "b", "log")),
        ("/api/v1/watch/namespaces/a/pods/b", RequestTarget(PODS, "a", "b")),
        ("/apis/apps/v1/namespaces/a/deployments/b/status", RequestTarget(DEPLOYMENTS, "a", "b", "status")),
        ("/apis/apps/v1/deployments", RequestTarget(DEPLOYMENTS)),
        ("/api/v1/namespaces", RequestTarget(NAMESPACES)),
        ("/api/v1/namespaces/a", RequestTarget(NAMESPACES, "a", "a")),
        ("/api/v1/namespaces/a/status", RequestTarget(NAMESPACES, "a", "a", "status")),
        ("/api/v1/namespaces/a/finalize", RequestTarget(NAMESPACES, "a", "a", "finalize")),
        ("/api/v1/namespaces/a/pods/b/proxy/x/y", RequestTarget(PODS, "a", "b", "proxy/x/y")),
    ],
)
def test_a_path_names_a_resource(path: str, target: RequestTarget) -> None:
    assert parse_target(path) == target


@pytest.mark.parametrize(
    "path", ["/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version", "/healthz"]
)
def test_other_paths_name_none(path: str) -> None:
    assert parse_target(path) is None
