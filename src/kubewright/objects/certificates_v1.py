"""Typed objects of certificates v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Condition, Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class CertificateSigningRequestSpec(Struct):
    expiration_seconds: int | None = None
    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    request: bytes = b""
    signer_name: str = ""
    uid: str | None = None
    usages: list[str] = []
    username: str | None = None


class CertificateSigningRequestCondition(Struct):
    last_transition_time: Time | None = None
    last_update_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class CertificateSigningRequestStatus(Struct):
    certificate: bytes | None = None
    conditions: list[CertificateSigningRequestCondition] = []


class CertificateSigningRequest(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("certificates.k8s.io", "v1", "CertificateSigningRequest")
    plural: ClassVar[str] = "certificatesigningrequests"
    namespaced: ClassVar[bool] = False

    spec: CertificateSigningRequestSpec = field(default_factory=CertificateSigningRequestSpec)
    status: CertificateSigningRequestStatus = field(default_factory=CertificateSigningRequestStatus)


class ClusterTrustBundleSpec(Struct):
    signer_name: str | None = None
    trust_bundle: str = ""


class ClusterTrustBundle(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("certificates.k8s.io", "v1", "ClusterTrustBundle")
    plural: ClassVar[str] = "clustertrustbundles"
    namespaced: ClassVar[bool] = False

    spec: ClusterTrustBundleSpec = field(default_factory=ClusterTrustBundleSpec)


class PodCertificateRequestSpec(Struct):
    max_expiration_seconds: int | None = None
    node_name: str = ""
    node_uid: str = field(default="", name="nodeUID")
    pod_name: str = ""
    pod_uid: str = field(default="", name="podUID")
    service_account_name: str = ""
    service_account_uid: str = field(default="", name="serviceAccountUID")
    signer_name: str = ""
    stub_pkcs10_request: bytes = field(default=b"", name="stubPKCS10Request")
    unverified_user_annotations: dict[str, str] = {}


class PodCertificateRequestStatus(Struct):
    begin_refresh_at: Time | None = None
    certificate_chain: str | None = None
    conditions: list[Condition] = []
    not_after: Time | None = None
    not_before: Time | None = None


class PodCertificateRequest(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("certificates.k8s.io", "v1", "PodCertificateRequest")
    plural: ClassVar[str] = "podcertificaterequests"

    spec: PodCertificateRequestSpec = field(default_factory=PodCertificateRequestSpec)
    status: PodCertificateRequestStatus = field(default_factory=PodCertificateRequestStatus)
