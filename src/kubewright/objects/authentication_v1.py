"""Typed objects of authentication v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class BoundObjectReference(Struct):
    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None


class UserInfo(Struct):
    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    uid: str | None = None
    username: str | None = None


class SelfSubjectReviewStatus(Struct):
    user_info: UserInfo | None = None


class SelfSubjectReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authentication.k8s.io", "v1", "SelfSubjectReview")
    plural: ClassVar[str] = "selfsubjectreviews"
    namespaced: ClassVar[bool] = False

    status: SelfSubjectReviewStatus = field(default_factory=SelfSubjectReviewStatus)


class TokenRequestSpec(Struct):
    attestations: dict[str, list[str]] = {}
    audiences: list[str] = []
    bound_object_ref: BoundObjectReference | None = None
    expiration_seconds: int | None = None


class TokenRequestStatus(Struct):
    expiration_timestamp: Time | None = None
    token: str | None = None


class TokenRequest(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
    plural: ClassVar[str] = "serviceaccounts/token"

    spec: TokenRequestSpec = field(default_factory=TokenRequestSpec)
    status: TokenRequestStatus = field(default_factory=TokenRequestStatus)


class TokenReviewSpec(Struct):
    audiences: list[str] = []
    token: str = ""


class TokenReviewStatus(Struct):
    audiences: list[str] = []
    authenticated: bool | None = None
    error: str | None = None
    user: UserInfo | None = None


class TokenReview(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("authentication.k8s.io", "v1", "TokenReview")
    plural: ClassVar[str] = "tokenreviews"
    namespaced: ClassVar[bool] = False

    spec: TokenReviewSpec = field(default_factory=TokenReviewSpec)
    status: TokenReviewStatus = field(default_factory=TokenReviewStatus)
