"""Which built-in resources a default kube-apiserver 1.36 serves, and under which names.

One line a resource: names, scope, verbs and subresources as discovery lists them.  `builtin/__init__.py` joins these
rows with the schemas and the strategies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubewright.apiserver.registry.resource import ALL_VERBS, Subresource
from kubewright.objects.names import GroupVersion, GroupVersionKind

CREATE = ("create",)
CONNECT = ("create", "get")
PROXY = ("create", "delete", "get", "patch", "update")
READ = ("get", "list")
NO_COLLECTION_DELETE = ("create", "delete", "get", "list", "patch", "update", "watch")

ALL = ("all",)
API_EXTENSIONS = ("api-extensions",)


class Row(NamedTuple):
    """One resource; subresources other than status and scale are given as they are."""

    kind: str
    plural: str
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    namespaced: bool = True
    status: bool = False
    scale: bool = False
    verbs: Sequence[str] = ALL_VERBS
    more: Sequence[Subresource] = ()


def _sub(name: str, api_version: str, kind: str, verbs: Sequence[str]) -> Subresource:
    return Subresource(name, GroupVersionKind.parse(api_version, kind), verbs)


_SAME = ("get", "patch", "update")

CORE = (
    Row("Binding", "bindings", verbs=CREATE),
    Row("ComponentStatus", "componentstatuses", ("cs",), namespaced=False, verbs=READ),
    Row("ConfigMap", "configmaps", ("cm",)),
    Row("Endpoints", "endpoints", ("ep",)),
    Row("Event", "events", ("ev",)),
    Row("LimitRange", "limitranges", ("limits",)),
    Row(
        "Namespace", "namespaces", ("ns",), namespaced=False, status=True, verbs=NO_COLLECTION_DELETE,
        more=(_sub("finalize", "v1", "Namespace", ("update",)),),
    ),
    Row(
        "Node", "nodes", ("no",), namespaced=False, status=True,
        more=(_sub("proxy", "v1", "NodeProxyOptions", PROXY),),
    ),
    Row("PersistentVolumeClaim", "persistentvolumeclaims", ("pvc",), status=True),
    Row("PersistentVolume", "persistentvolumes", ("pv",), namespaced=False, status=True),
    Row(
        "Pod", "pods", ("po",), ALL, status=True,
        more=(
            _sub("attach", "v1", "PodAttachOptions", CONNECT),
            _sub("binding", "v1", "Binding", CREATE),
            _sub("ephemeralcontainers", "v1", "Pod", _SAME),
            _sub("eviction", "policy/v1", "Eviction", CREATE),
            _sub("exec", "v1", "PodExecOptions", CONNECT),
            _sub("log", "v1", "Pod", ("get",)),
            _sub("portforward", "v1", "PodPortForwardOptions", CONNECT),
            _sub("proxy", "v1", "PodProxyOptions", PROXY),
            _sub("resize", "v1", "Pod", _SAME),
        ),
    ),
    Row("PodTemplate", "podtemplates"),
    Row("ReplicationController", "replicationcontrollers", ("rc",), ALL, status=True, scale=True),
    Row("ResourceQuota", "resourcequotas", ("quota",), status=True),
    Row("Secret", "secrets"),
    Row(
        "ServiceAccount", "serviceaccounts", ("sa",),
        more=(_sub("token", "authentication.k8s.io/v1", "TokenRequest", CREATE),),
    ),
    Row(
        "Service", "services", ("svc",), ALL, status=True,
        more=(_sub("proxy", "v1", "ServiceProxyOptions", PROXY),),
    ),
)  # fmt: skip

CATALOG: Sequence[tuple[str, Sequence[Row]]] = (
    ("v1", CORE),
    (
        "admissionregistration.k8s.io/v1",
        (
            Row(
                "MutatingAdmissionPolicy", "mutatingadmissionpolicies", categories=API_EXTENSIONS, namespaced=False,
            ),
            Row(
                "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings",
                categories=API_EXTENSIONS, namespaced=False,
            ),
            Row(
                "MutatingWebhookConfiguration", "mutatingwebhookconfigurations",
                categories=API_EXTENSIONS, namespaced=False,
            ),
            Row(
                "ValidatingAdmissionPolicy", "validatingadmissionpolicies",
                categories=API_EXTENSIONS, namespaced=False, status=True,
            ),
            Row(
                "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings",
                categories=API_EXTENSIONS, namespaced=False,
            ),
            Row(
                "ValidatingWebhookConfiguration", "validatingwebhookconfigurations",
                categories=API_EXTENSIONS, namespaced=False,
            ),
        ),
    ),
    (
        "apiextensions.k8s.io/v1",
        (
            Row(
                "CustomResourceDefinition", "customresourcedefinitions", ("crd", "crds"), API_EXTENSIONS,
                namespaced=False, status=True,
            ),
        ),
    ),
    (
        "apiregistration.k8s.io/v1",
        (Row("APIService", "apiservices", categories=API_EXTENSIONS, namespaced=False, status=True),),
    ),
    (
        "apps/v1",
        (
            Row("ControllerRevision", "controllerrevisions"),
            Row("DaemonSet", "daemonsets", ("ds",), ALL, status=True),
            Row("Deployment", "deployments", ("deploy",), ALL, status=True, scale=True),
            Row("ReplicaSet", "replicasets", ("rs",), ALL, status=True, scale=True),
            Row("StatefulSet", "statefulsets", ("sts",), ALL, status=True, scale=True),
        ),
    ),
    (
        "authentication.k8s.io/v1",
        (
            Row("SelfSubjectReview", "selfsubjectreviews", namespaced=False, verbs=CREATE),
            Row("TokenReview", "tokenreviews", namespaced=False, verbs=CREATE),
        ),
    ),
    (
        "authorization.k8s.io/v1",
        (
            Row("LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=CREATE),
            Row("SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False, verbs=CREATE),
            Row("SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False, verbs=CREATE),
            Row("SubjectAccessReview", "subjectaccessreviews", namespaced=False, verbs=CREATE),
        ),
    ),
    ("autoscaling/v2", (Row("HorizontalPodAutoscaler", "horizontalpodautoscalers", ("hpa",), ALL, status=True),)),
    ("autoscaling/v1", (Row("HorizontalPodAutoscaler", "horizontalpodautoscalers", ("hpa",), ALL, status=True),)),
    (
        "batch/v1",
        (
            Row("CronJob", "cronjobs", ("cj",), ALL, status=True),
            Row("Job", "jobs", (), ALL, status=True),
        ),
    ),
    (
        "certificates.k8s.io/v1",
        (
            Row(
                "CertificateSigningRequest", "certificatesigningrequests", ("csr",), namespaced=False, status=True,
                more=(_sub("approval", "certificates.k8s.io/v1", "CertificateSigningRequest", _SAME),),
            ),
        ),
    ),
    ("coordination.k8s.io/v1", (Row("Lease", "leases"),)),
    ("discovery.k8s.io/v1", (Row("EndpointSlice", "endpointslices"),)),
    ("events.k8s.io/v1", (Row("Event", "events", ("ev",)),)),
    (
        "flowcontrol.apiserver.k8s.io/v1",
        (
            Row("FlowSchema", "flowschemas", namespaced=False, status=True),
            Row("PriorityLevelConfiguration", "prioritylevelconfigurations", namespaced=False, status=True),
        ),
    ),
    (
        "networking.k8s.io/v1",
        (
            Row("IngressClass", "ingressclasses", namespaced=False),
            Row("Ingress", "ingresses", ("ing",), status=True),
            Row("IPAddress", "ipaddresses", ("ip",), namespaced=False),
            Row("NetworkPolicy", "networkpolicies", ("netpol",)),
            Row("ServiceCIDR", "servicecidrs", namespaced=False, status=True),
        ),
    ),
    ("node.k8s.io/v1", (Row("RuntimeClass", "runtimeclasses", namespaced=False),)),
    ("policy/v1", (Row("PodDisruptionBudget", "poddisruptionbudgets", ("pdb",), status=True),)),
    (
        "rbac.authorization.k8s.io/v1",
        (
            Row("ClusterRoleBinding", "clusterrolebindings", namespaced=False),
            Row("ClusterRole", "clusterroles", namespaced=False),
            Row("RoleBinding", "rolebindings"),
            Row("Role", "roles"),
        ),
    ),
    (
        "resource.k8s.io/v1",
        (
            Row("DeviceClass", "deviceclasses", namespaced=False),
            Row("ResourceClaim", "resourceclaims", status=True),
            Row("ResourceClaimTemplate", "resourceclaimtemplates"),
            Row("ResourceSlice", "resourceslices", namespaced=False),
        ),
    ),
    ("scheduling.k8s.io/v1", (Row("PriorityClass", "priorityclasses", ("pc",), namespaced=False),)),
    (
        "storage.k8s.io/v1",
        (
            Row("CSIDriver", "csidrivers", namespaced=False),
            Row("CSINode", "csinodes", namespaced=False),
            Row("CSIStorageCapacity", "csistoragecapacities"),
            Row("StorageClass", "storageclasses", ("sc",), namespaced=False),
            Row("VolumeAttachment", "volumeattachments", namespaced=False, status=True),
            Row("VolumeAttributesClass", "volumeattributesclasses", ("vac",), namespaced=False),
        ),
    ),
)  # fmt: skip
"""Rows by group version; a group's preferred version comes first."""

SCALE = Subresource("scale", GroupVersionKind("autoscaling", "v1", "Scale"))

STORED_AS = {
    ("autoscaling/v1", "HorizontalPodAutoscaler"): GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("events.k8s.io/v1", "Event"): GroupVersionKind("", "v1", "Event"),
}
"""Resources that are another view of one that is stored elsewhere."""

DEPRECATED = {
    ("v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    ("v1", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
"""What the Warning header says whenever the resource is used."""


_GROUP_ORDER = (
    "", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
    "autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io",
    "storage.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io",
    "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
)  # fmt: skip
"""Groups by falling priority: the order in which discovery lists them."""


def by_priority() -> Sequence[tuple[str, Sequence[Row]]]:
    """The catalogue in discovery's order; a group's preferred version stays first."""
    return sorted(CATALOG, key=lambda entry: _GROUP_ORDER.index(GroupVersion.parse(entry[0]).group))


def subresources(row: Row, version: GroupVersion) -> tuple[Subresource, ...]:
    """All subresources of a row, by name."""
    found = list(row.more)
    if row.scale:
        found.append(SCALE)
    if row.status:
        found.append(Subresource("status", GroupVersionKind(version.group, version.version, row.kind)))
    return tuple(sorted(found, key=lambda sub: sub.name))
