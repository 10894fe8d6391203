"""Typed objects of authorization v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import FieldSelectorRequirement, LabelSelectorRequirement, Object
from kubewright.objects.names import GroupVersionKind


class FieldSelectorAttributes(Struct):
    raw_selector: str | None = None
    requirements: list[FieldSelectorRequirement] = []


class LabelSelectorAttributes(Struct):
    raw_selector: str | None = None
    requirements: list[LabelSelectorRequirement] = []


class NonResourceAttributes(Struct):
    path: str | None = None
    verb: str | None = None


class ResourceAttributes(Struct):
    field_selector: FieldSelectorAttributes | None = None
    group: str | None = None
    label_selector: LabelSelectorAttributes | None = None
    name: str | None = None
    namespace: str | None = None
    resource: str | None = None
    subresource: str | None = None
    verb: str | None = None
    version: str | None = None


class SubjectAccessReviewSpec(Struct):
    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    non_resource_attributes: NonResourceAttributes | None = None
    resource_attributes: ResourceAttributes | None = None
    uid: str | None = None
    user: str | None = None


class SubjectAccessReviewStatus(Struct):
    allowed: bool = False
    denied: bool | None = None
    evaluation_error: str | None = None
    reason: str | None = None


class LocalSubjectAccessReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authorization.k8s.io", "v1", "LocalSubjectAccessReview")
    plural: ClassVar[str] = "localsubjectaccessreviews"

    spec: SubjectAccessReviewSpec = field(default_factory=SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = field(default_factory=SubjectAccessReviewStatus)


class NonResourceRule(Struct):
    non_resource_urls: list[str] = field(default_factory=list, name="nonResourceURLs")
    verbs: list[str] = []


class ResourceRule(Struct):
    api_groups: list[str] = []
    resource_names: list[str] = []
    resources: list[str] = []
    verbs: list[str] = []


class SelfSubjectAccessReviewSpec(Struct):
    non_resource_attributes: NonResourceAttributes | None = None
    resource_attributes: ResourceAttributes | None = None


class SelfSubjectAccessReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authorization.k8s.io", "v1", "SelfSubjectAccessReview")
    plural: ClassVar[str] = "selfsubjectaccessreviews"
    namespaced: ClassVar[bool] = False

    spec: SelfSubjectAccessReviewSpec = field(default_factory=SelfSubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = field(default_factory=SubjectAccessReviewStatus)


class SelfSubjectRulesReviewSpec(Struct):
    namespace: str | None = None


class SubjectRulesReviewStatus(Struct):
    evaluation_error: str | None = None
    incomplete: bool = False
    non_resource_rules: list[NonResourceRule] = []
    resource_rules: list[ResourceRule] = []


class SelfSubjectRulesReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authorization.k8s.io", "v1", "SelfSubjectRulesReview")
    plural: ClassVar[str] = "selfsubjectrulesreviews"
    namespaced: ClassVar[bool] = False

    spec: SelfSubjectRulesReviewSpec = field(default_factory=SelfSubjectRulesReviewSpec)
    status: SubjectRulesReviewStatus = field(default_factory=SubjectRulesReviewStatus)


class SubjectAccessReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authorization.k8s.io", "v1", "SubjectAccessReview")
    plural: ClassVar[str] = "subjectaccessreviews"
    namespaced: ClassVar[bool] = False

    spec: SubjectAccessReviewSpec = field(default_factory=SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = field(default_factory=SubjectAccessReviewStatus)
