from __future__ import annotations

import pytest

from kubewright.objects import GroupVersionKind
from kubewright.objects.rbac_v1 import Role
from kubewright.schema.builtin_kinds import ServedKind, builtin_class, served_kind


def test_a_class_is_found_by_its_whole_name_only() -> None:
    assert builtin_class(GroupVersionKind("rbac.authorization.k8s.io", "v1", "Role")) is Role
    assert builtin_class(GroupVersionKind("rbac.example.com", "v1", "Role")) is None
    assert builtin_class(GroupVersionKind("rbac.authorization.k8s.io", "v9", "Role")) is None
    assert builtin_class(GroupVersionKind("rbac.authorization.k8s.io", "v1", "PolicyRule")) is None


@pytest.mark.parametrize(
    ("gvk", "served"),
    [
        (GroupVersionKind("", "v1", "Namespace"), ServedKind("namespaces", namespaced=False)),
        (GroupVersionKind("", "v1", "Endpoints"), ServedKind("endpoints", namespaced=True)),
        (GroupVersionKind("example.com", "v1", "Mouse"), ServedKind("mice", namespaced=True)),
        (GroupVersionKind("cert-manager.io", "v1", "ClusterIssuer"), ServedKind("clusterissuers", namespaced=False)),
        (GroupVersionKind("example.com", "v1", "Cluster"), ServedKind("clusters", namespaced=True)),
    ],
)
def test_what_is_not_built_in_is_guessed(gvk: GroupVersionKind, served: ServedKind) -> None:
    assert served_kind(gvk) == served
