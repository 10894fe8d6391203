"""The built-in admission plug-ins in the order in which kube-apiserver runs them.

Webhooks and policies come after these among the mutating stages, and before ResourceQuota among the validating ones:
`registry/cluster.py` puts them there.
"""

from __future__ import annotations

from collections.abc import Collection

from kubewright.apiserver.admission.attributes import Mutating, Validating
from kubewright.apiserver.admission.by_resource import MutatingByResource, Names, ValidatingByResource
from kubewright.apiserver.admission.certificates import (
    REQUESTS,
    CertificateApproval,
    CertificateRequester,
    CertificateSubjectRestriction,
)
from kubewright.apiserver.admission.cluster_defaults import (
    PROTECTED,
    DefaultIngressClass,
    DefaultStorageClass,
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
    TaintNodesByCondition,
)
from kubewright.apiserver.admission.limit_ranger import LimitRanger
from kubewright.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from kubewright.apiserver.admission.pod_scheduling import CLASSES, DefaultTolerationSeconds, Priority, RuntimeClass
from kubewright.apiserver.admission.pod_security import TEMPLATED, PodSecurity
from kubewright.apiserver.admission.service_account import ServiceAccount
from kubewright.apiserver.auth.authorizer import Authorizer

_NAMESPACES = ("", "namespaces")
_PODS = ("", "pods")
_CLAIMS = ("", "persistentvolumeclaims")


def mutating_plugins(*, service_accounts: bool = False) -> list[Mutating]:
    """Those that run before mutating policies and webhooks.

    :param service_accounts: whether pods get service accounts; needs a controller that makes them.
    """
    of_resources: list[tuple[Collection[Names], Mutating]] = [([_PODS], LimitRanger())]
    if service_accounts:
        of_resources.append(([_PODS], ServiceAccount()))
    of_resources += [
        ([("", "nodes")], TaintNodesByCondition()),
        ([_PODS], Priority()),
        ([_PODS], DefaultTolerationSeconds()),
        (PROTECTED, StorageObjectInUseProtection()),
        ([_PODS], RuntimeClass()),
        ([REQUESTS], CertificateRequester()),
        ([("networking.k8s.io", "ingresses")], DefaultIngressClass()),
        ([_CLAIMS], DefaultStorageClass()),
    ]
    return [NamespaceLifecycle(), MutatingByResource(of_resources)]


def validating_plugins(authorizer: Authorizer) -> list[Validating]:
    """Those that run before validating policies and webhooks; `ResourceQuota` comes after those.

    :param authorizer: decides about the signers of certificate requests.
    """
    of_resources: list[tuple[Collection[Names], Validating]] = [
        ([_PODS, _CLAIMS], LimitRanger()),
        ([_PODS, _NAMESPACES, *TEMPLATED], PodSecurity()),
        ([CLASSES], Priority()),
        ([REQUESTS], CertificateApproval(authorizer)),
        ([REQUESTS], CertificateSubjectRestriction()),
        ([_CLAIMS], PersistentVolumeClaimResize()),
    ]
    return [ValidatingByResource(of_resources)]
