"""The built-in admission plug-ins in the order in which kube-apiserver runs them.

Webhooks and policies come after these among the mutating stages, and before ResourceQuota among the validating ones:
`registry/cluster.py` puts them there.
"""

from __future__ import annotations

from kubewright.apiserver.admission.attributes import Mutating, Validating
from kubewright.apiserver.admission.certificates import (
    CertificateApproval,
    CertificateRequester,
    CertificateSubjectRestriction,
)
from kubewright.apiserver.admission.cluster_defaults import (
    DefaultIngressClass,
    DefaultStorageClass,
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
    TaintNodesByCondition,
)
from kubewright.apiserver.admission.limit_ranger import LimitRanger
from kubewright.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from kubewright.apiserver.admission.pod_scheduling import DefaultTolerationSeconds, Priority, RuntimeClass
from kubewright.apiserver.admission.pod_security import PodSecurity
from kubewright.apiserver.admission.service_account import ServiceAccount
from kubewright.apiserver.auth.authorizer import Authorizer


def mutating_plugins(*, service_accounts: bool = False) -> list[Mutating]:
    """Those that run before mutating policies and webhooks.

    :param service_accounts: whether pods get service accounts; needs a controller that makes them.
    """
    found: list[Mutating] = [NamespaceLifecycle(), LimitRanger()]
    if service_accounts:
        found.append(ServiceAccount())
    return [
        *found,
        TaintNodesByCondition(),
        Priority(),
        DefaultTolerationSeconds(),
        StorageObjectInUseProtection(),
        RuntimeClass(),
        CertificateRequester(),
        DefaultIngressClass(),
        DefaultStorageClass(),
    ]


def validating_plugins(authorizer: Authorizer) -> list[Validating]:
    """Those that run before validating policies and webhooks; `ResourceQuota` comes after those.

    :param authorizer: decides about the signers of certificate requests.
    """
    return [
        LimitRanger(),
        PodSecurity(),
        Priority(),
        CertificateApproval(authorizer),
        CertificateSubjectRestriction(),
        PersistentVolumeClaimResize(),
    ]
