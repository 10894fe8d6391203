"""Typed objects of rbac v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import LabelSelector, Object
from kubewright.objects.names import GroupVersionKind


class AggregationRule(Struct):
    cluster_role_selectors: list[LabelSelector] = []


class PolicyRule(Struct):
    api_groups: list[str] = []
    non_resource_urls: list[str] = field(default_factory=list, name="nonResourceURLs")
    resource_names: list[str] = []
    resources: list[str] = []
    verbs: list[str] = []


class ClusterRole(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("rbac.authorization.k8s.io", "v1", "ClusterRole")
    plural: ClassVar[str] = "clusterroles"
    namespaced: ClassVar[bool] = False

    aggregation_rule: AggregationRule | None = None
    rules: list[PolicyRule] = []


class RoleRef(Struct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class Subject(Struct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""
    namespace: str | None = None


class ClusterRoleBinding(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding")
    plural: ClassVar[str] = "clusterrolebindings"
    namespaced: ClassVar[bool] = False

    role_ref: RoleRef = field(default_factory=RoleRef)
    subjects: list[Subject] = []


class Role(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("rbac.authorization.k8s.io", "v1", "Role")
    plural: ClassVar[str] = "roles"

    rules: list[PolicyRule] = []


class RoleBinding(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("rbac.authorization.k8s.io", "v1", "RoleBinding")
    plural: ClassVar[str] = "rolebindings"

    role_ref: RoleRef = field(default_factory=RoleRef)
    subjects: list[Subject] = []
