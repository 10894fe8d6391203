"""Keys are laid out as kube-apiserver does."""

from __future__ import annotations

import pytest

from kubewright.apiserver.registry import storage_keys
from kubewright.apiserver.registry.builtin import builtin_resources


@pytest.mark.parametrize(
    ("group", "plural", "wanted"),
    [
        ("", "pods", "/registry/pods/"),
        ("", "services", "/registry/services/specs/"),
        ("", "endpoints", "/registry/services/endpoints/"),
        ("", "nodes", "/registry/minions/"),
        ("", "replicationcontrollers", "/registry/controllers/"),
        ("networking.k8s.io", "ingresses", "/registry/ingress/"),
        ("coordination.k8s.io", "leases", "/registry/leases/"),
        ("events.k8s.io", "events", "/registry/events/"),
        (
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "/registry/apiextensions.k8s.io/customresourcedefinitions/",
        ),
        ("apiregistration.k8s.io", "apiservices", "/registry/apiregistration.k8s.io/apiservices/"),
    ],
)
def test_built_in_resources_have_their_places(group: str, plural: str, wanted: str) -> None:
    assert storage_keys.prefix(group, plural, custom=False) == wanted


def test_custom_resources_have_their_group() -> None:
    assert storage_keys.prefix("example.com", "services", custom=True) == "/registry/example.com/services/"


def test_the_prefix_is_found_in_every_key() -> None:
    prefixes = {resource.storage_prefix for resource in builtin_resources()} | {"/registry/example.com/services/"}
    for prefix in prefixes:
        assert storage_keys.prefix_of(f"{prefix}name") == prefix
        assert storage_keys.prefix_of(f"{prefix}namespace/a.name") == prefix
