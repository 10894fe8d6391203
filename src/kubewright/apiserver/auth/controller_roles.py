"""What kube-controller-manager's controllers may do: a ClusterRole ``system:controller:NAME`` and a binding for each.

Pure data, from plugin/pkg/auth/authorizer/rbac/bootstrappolicy with the feature gates of 1.36, and with what that has
in the namespaces ``kube-*``.  Nobody here acts under these roles; who runs such a controller or an API server of his
own binds them, and reads the settings that ``extension-apiserver-authentication-reader`` opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kubewright.apiserver.auth.bootstrap import cluster_role, cluster_role_binding, default_metadata, subject_of
from kubewright.apiserver.auth.rbac import GROUP
from kubewright.apiserver.registry.strategy import Object

_CORE: Final = "-"
"""The core group, in lists of groups."""
_EVENTS: Final = ("create patch update", "- events.k8s.io", "events")
_READ: Final = "get list watch"
_SIGNERS: Final = (
    "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving "
    "kubernetes.io/legacy-unknown"
)

_CONTROLLERS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "attachdetach-controller": (
        ("list watch", _CORE, "persistentvolumeclaims persistentvolumes"),
        (_READ, _CORE, "nodes"),
        ("patch update", _CORE, "nodes/status"),
        ("list watch", _CORE, "pods"),
        _EVENTS,
        ("create delete get list watch", "storage.k8s.io", "volumeattachments"),
        (_READ, "storage.k8s.io", "csidrivers"),
        (_READ, "storage.k8s.io", "csinodes"),
    ),
    "certificate-controller": (
        ("delete get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        (
            "update",
            "certificates.k8s.io",
            "certificatesigningrequests/approval certificatesigningrequests/status",
        ),
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
        ("sign", "certificates.k8s.io", "signers", _SIGNERS),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        _EVENTS,
    ),
    "clusterrole-aggregation-controller": (
        ("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles"),
    ),
    "cronjob-controller": (
        ("get list update watch", "batch", "cronjobs"),
        ("create delete get list patch update watch", "batch", "jobs"),
        ("update", "batch", "cronjobs/status"),
        ("update", "batch", "cronjobs/finalizers"),
        ("delete list watch", _CORE, "pods"),
        _EVENTS,
    ),
    "daemon-set-controller": (
        (_READ, "apps extensions", "daemonsets"),
        ("update", "apps extensions", "daemonsets/status"),
        ("update", "apps extensions", "daemonsets/finalizers"),
        ("list watch", _CORE, "nodes"),
        ("create delete list patch watch", _CORE, "pods"),
        ("create", _CORE, "pods/binding"),
        ("create delete get list patch update watch", "apps", "controllerrevisions"),
        _EVENTS,
    ),
    "deployment-controller": (
        ("get list update watch", "apps extensions", "deployments"),
        ("update", "apps extensions", "deployments/status"),
        ("update", "apps extensions", "deployments/finalizers"),
        ("create delete get list patch update watch", "apps extensions", "replicasets"),
        ("get list update watch", _CORE, "pods"),
        _EVENTS,
    ),
    "device-taint-eviction-controller": (
        ("delete get list watch", _CORE, "pods"),
        ("patch update", _CORE, "pods/status"),
        (_READ, "resource.k8s.io", "resourceclaims"),
        (_READ, "resource.k8s.io", "resourceslices"),
        (_READ, "resource.k8s.io", "deviceclasses"),
        (_READ, "resource.k8s.io", "devicetaintrules"),
        _EVENTS,
    ),
    "disruption-controller": (
        (_READ, "apps extensions", "deployments"),
        (_READ, "apps extensions", "replicasets"),
        (_READ, _CORE, "replicationcontrollers"),
        (_READ, "policy", "poddisruptionbudgets"),
        (_READ, "apps", "statefulsets"),
        ("update", "policy", "poddisruptionbudgets/status"),
        ("patch update", _CORE, "pods/status"),
        ("get", "*", "*/scale"),
        _EVENTS,
    ),
    "endpoint-controller": (
        (_READ, _CORE, "pods services"),
        ("create delete get list update watch", _CORE, "endpoints"),
        ("create", _CORE, "endpoints/restricted"),
        _EVENTS,
    ),
    "endpointslice-controller": (
        (_READ, _CORE, "nodes pods services"),
        ("update", _CORE, "services/finalizers"),
        ("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
        _EVENTS,
    ),
    "endpointslicemirroring-controller": (
        (_READ, _CORE, "endpoints services"),
        ("update", _CORE, "services/finalizers"),
        ("update", _CORE, "endpoints/finalizers"),
        ("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
        _EVENTS,
    ),
    "ephemeral-volume-controller": (
        (_READ, _CORE, "pods"),
        ("update", _CORE, "pods/finalizers"),
        ("create get list watch", _CORE, "persistentvolumeclaims"),
        _EVENTS,
    ),
    "expand-controller": (
        ("get list patch update watch", _CORE, "persistentvolumes"),
        ("patch update", _CORE, "persistentvolumeclaims/status"),
        (_READ, _CORE, "persistentvolumeclaims"),
        _EVENTS,
        ("get", _CORE, "services"),
    ),
    "generic-garbage-collector": (("delete get list patch update watch", "*", "*"), _EVENTS),
    "horizontal-pod-autoscaler": (
        (_READ, "autoscaling", "horizontalpodautoscalers"),
        ("update", "autoscaling", "horizontalpodautoscalers/status"),
        ("get update", "*", "*/scale"),
        ("list watch", _CORE, "pods"),
        ("list watch", "metrics.k8s.io", "pods"),
        (_READ, "custom.metrics.k8s.io", "*"),
        (_READ, "external.metrics.k8s.io", "*"),
        _EVENTS,
    ),
    "job-controller": (
        ("get list patch update watch", "batch", "jobs"),
        ("update", "batch", "jobs/status"),
        ("update", "batch", "jobs/finalizers"),
        ("create delete list patch watch", _CORE, "pods"),
        _EVENTS,
    ),
    "legacy-service-account-token-cleaner": (
        ("get", _CORE, "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
        ("delete patch", _CORE, "secrets"),
    ),
    "namespace-controller": (
        ("delete get list watch", _CORE, "namespaces"),
        ("update", _CORE, "namespaces/finalize namespaces/status"),
        ("delete deletecollection get list watch", "*", "*"),
    ),
    "node-controller": (
        ("delete get list patch update watch", _CORE, "nodes"),
        ("patch update", _CORE, "nodes/status"),
        ("patch update", _CORE, "pods/status"),
        ("delete get list watch", _CORE, "pods"),
        _EVENTS,
    ),
    "persistent-volume-binder": (
        ("create delete get list update watch", _CORE, "persistentvolumes"),
        ("update", _CORE, "persistentvolumes/status"),
        ("get list update watch", _CORE, "persistentvolumeclaims"),
        ("update", _CORE, "persistentvolumeclaims/status"),
        ("create delete get list watch", _CORE, "pods"),
        (_READ, "storage.k8s.io", "storageclasses"),
        ("list watch", _CORE, "nodes"),
        _EVENTS,
        ("watch", _CORE, "events"),
        ("get", _CORE, "services"),
    ),
    "pod-garbage-collector": (
        ("delete list watch", _CORE, "pods"),
        (_READ, _CORE, "nodes"),
        ("patch", _CORE, "pods/status"),
    ),
    "pv-protection-controller": (("get list update watch", _CORE, "persistentvolumes"), _EVENTS),
    "pvc-protection-controller": (
        ("get list update watch", _CORE, "persistentvolumeclaims"),
        (_READ, _CORE, "pods"),
        _EVENTS,
    ),
    "replicaset-controller": (
        ("get list update watch", "apps extensions", "replicasets"),
        ("update", "apps extensions", "replicasets/status"),
        ("update", "apps extensions", "replicasets/finalizers"),
        ("create delete list patch watch", _CORE, "pods"),
        _EVENTS,
    ),
    "replication-controller": (
        ("get list update watch", _CORE, "replicationcontrollers"),
        ("update", _CORE, "replicationcontrollers/status"),
        ("update", _CORE, "replicationcontrollers/finalizers"),
        ("create delete list patch watch", _CORE, "pods"),
        _EVENTS,
    ),
    "resource-claim-controller": (
        (_READ, _CORE, "pods"),
        ("update", _CORE, "pods/finalizers"),
        ("create delete get list watch", "resource.k8s.io", "resourceclaims"),
        ("patch update", "resource.k8s.io", "resourceclaims resourceclaims/status"),
        ("patch update", _CORE, "pods/status"),
        _EVENTS,
    ),
    "resourcequota-controller": (
        ("list watch", "*", "*"),
        ("update", _CORE, "resourcequotas/status"),
        _EVENTS,
    ),
    "root-ca-cert-publisher": (("create update", _CORE, "configmaps"), _EVENTS),
    "route-controller": (("list watch", _CORE, "nodes"), ("patch", _CORE, "nodes/status"), _EVENTS),
    "selinux-warning-controller": (
        _EVENTS,
        (_READ, _CORE, "persistentvolumes"),
        (_READ, _CORE, "persistentvolumeclaims"),
        (_READ, _CORE, "pods"),
        (_READ, "storage.k8s.io", "csidrivers"),
    ),
    "service-account-controller": (("create", _CORE, "serviceaccounts"), _EVENTS),
    "service-cidrs-controller": (
        ("get list patch update watch", "networking.k8s.io", "servicecidrs"),
        ("patch update", "networking.k8s.io", "servicecidrs/finalizers"),
        ("patch update", "networking.k8s.io", "servicecidrs/status"),
        (_READ, "networking.k8s.io", "ipaddresses"),
        _EVENTS,
    ),
    "service-controller": (
        (_READ, _CORE, "services"),
        ("patch update", _CORE, "services/status"),
        ("list watch", _CORE, "nodes"),
        _EVENTS,
    ),
    "statefulset-controller": (
        ("list watch", _CORE, "pods"),
        (_READ, "apps", "statefulsets"),
        ("update", "apps", "statefulsets/status"),
        ("update", "apps", "statefulsets/finalizers"),
        ("create delete get patch update", _CORE, "pods"),
        ("create delete get list patch update watch", "apps", "controllerrevisions"),
        ("create get list watch", _CORE, "persistentvolumeclaims"),
        ("delete update", _CORE, "persistentvolumeclaims"),
        ("update", _CORE, "pods/finalizers"),
        _EVENTS,
    ),
    "ttl-after-finished-controller": (("delete get list watch", "batch", "jobs"), _EVENTS),
    "ttl-controller": (("list patch update watch", _CORE, "nodes"), _EVENTS),
    "validatingadmissionpolicy-status-controller": (
        (_READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
        _EVENTS,
    ),
    "volumeattributesclass-protection-controller": (
        (_READ, _CORE, "persistentvolumeclaims"),
        (_READ, _CORE, "persistentvolumes"),
        ("get list update watch", "storage.k8s.io", "volumeattributesclasses"),
        _EVENTS,
    ),
}
"""Verbs, groups, resources and names of each rule: lists separated by blanks."""


class _Role(NamedTuple):
    """A role in a namespace, who has it, and the name of the binding where that is another."""

    namespace: str
    name: str
    rules: tuple[tuple[str, ...], ...]
    subjects: tuple[str, ...]
    binding: str = ""


_NAMESPACED: Final = (
    _Role(
        "kube-system",
        "extension-apiserver-authentication-reader",
        ((_READ, _CORE, "configmaps", "extension-apiserver-authentication"),),
        ("User:system:kube-controller-manager", "User:system:kube-scheduler"),
        binding="system::extension-apiserver-authentication-reader",
    ),
    _Role(
        "kube-system",
        "system:controller:bootstrap-signer",
        ((_READ, _CORE, "secrets"),),
        ("ServiceAccount:kube-system/bootstrap-signer",),
    ),
    _Role(
        "kube-public",
        "system:controller:bootstrap-signer",
        ((_READ, _CORE, "configmaps"), ("update", _CORE, "configmaps", "cluster-info"), _EVENTS),
        ("ServiceAccount:kube-system/bootstrap-signer",),
    ),
    _Role(
        "kube-system",
        "system:controller:cloud-provider",
        (("create get list watch", _CORE, "configmaps"),),
        ("ServiceAccount:kube-system/cloud-provider",),
    ),
    _Role(
        "kube-system",
        "system:controller:token-cleaner",
        (("delete get list watch", _CORE, "secrets"), _EVENTS),
        ("ServiceAccount:kube-system/token-cleaner",),
    ),
    _Role(
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        (
            ("watch", _CORE, "configmaps"),
            ("get update", _CORE, "configmaps", "kube-controller-manager"),
            ("create get list update watch", "coordination.k8s.io", "leases"),
        ),
        (
            "User:system:kube-controller-manager",
            "ServiceAccount:kube-system/kube-controller-manager",
            "ServiceAccount:kube-system/leader-election-controller",
        ),
    ),
    _Role(
        "kube-system",
        "system::leader-locking-kube-scheduler",
        (("watch", _CORE, "configmaps"), ("get update", _CORE, "configmaps", "kube-scheduler")),
        ("User:system:kube-scheduler", "ServiceAccount:kube-system/kube-scheduler"),
    ),
)


def controller_objects() -> Iterator[tuple[str, str, Object]]:
    """Resource, namespace and object of all these roles and their bindings; fresh copies."""
    for controller, rules in _CONTROLLERS.items():
        name = f"system:controller:{controller}"
        yield "clusterroles", "", cluster_role(name, [_rule(*rule) for rule in rules])
        yield "clusterrolebindings", "", cluster_role_binding(name, [f"ServiceAccount:kube-system/{controller}"])
    for role in _NAMESPACED:
        yield (
            "roles",
            role.namespace,
            _in_namespace(role, "Role", role.name) | {"rules": [_rule(*r) for r in role.rules]},
        )
        binding = _in_namespace(role, "RoleBinding", role.binding or role.name)
        binding["roleRef"] = {"apiGroup": GROUP, "kind": "Role", "name": role.name}
        binding["subjects"] = [subject_of(subject) for subject in role.subjects]
        yield "rolebindings", role.namespace, binding


def _in_namespace(role: _Role, kind: str, name: str) -> Object:
    metadata = default_metadata(name) | {"namespace": role.namespace}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata}


def _rule(verbs: str, groups: str, resources: str, names: str = "") -> dict[str, list[str]]:
    rule = {
        "apiGroups": ["" if group == _CORE else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
    return rule | {"resourceNames": names.split()} if names else rule
