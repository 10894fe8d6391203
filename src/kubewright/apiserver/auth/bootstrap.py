"""The roles and bindings that every cluster has from the start, and that clients and operators rely on.

Pure data, from plugin/pkg/auth/authorizer/rbac/bootstrappolicy: the user-facing roles with their aggregation, discovery
for everybody, and the roles of the components that people bind their own accounts to.  `controller_roles.py` has those
of the controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

from kubewright.apiserver.auth.rbac import GROUP
from kubewright.apiserver.registry.strategy import Object, Reader

Rules = list[dict[str, list[str]]]

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")
_ALL: Final = ("*",)

_AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"


def _rule(group: str, resources: str, verbs: Sequence[str], names: str = "") -> dict[str, list[str]]:
    """One rule; ``resources`` and ``names`` are lists separated by blanks."""
    rule = {"apiGroups": [group], "resources": resources.split(), "verbs": list(verbs)}
    if names:
        rule["resourceNames"] = names.split()
    return rule


def _urls(*urls: str) -> dict[str, list[str]]:
    return {"nonResourceURLs": list(urls), "verbs": ["get"]}


_DISCOVERY: Final = _urls(
    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
    "/version/",
)  # fmt: skip

_WORKLOADS: Final = (
    "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets "
    "statefulsets/scale"
)

_EDIT: Final[Rules] = [
    _rule("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
    _rule("", "serviceaccounts", ("impersonate",)),
    _rule("", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
    _rule("", "pods/eviction", ("create",)),
    _rule(
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
        "serviceaccounts services services/proxy",
        _WRITE,
    ),
    _rule("", "serviceaccounts/token", ("create",)),
    _rule("apps", _WORKLOADS, _WRITE),
    _rule("autoscaling", "horizontalpodautoscalers", _WRITE),
    _rule("batch", "cronjobs jobs", _WRITE),
    _rule("policy", "poddisruptionbudgets", _WRITE),
    _rule("networking.k8s.io", "ingresses networkpolicies", _WRITE),
    _rule("resource.k8s.io", "resourceclaims resourceclaimtemplates", _WRITE),
    _rule("coordination.k8s.io", "leases", (*_WRITE, *_READ)),
]

_VIEW: Final[Rules] = [
    _rule(
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
        "replicationcontrollers/scale serviceaccounts services services/status",
        _READ,
    ),
    _rule(
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
        "resourcequotas resourcequotas/status",
        _READ,
    ),
    _rule("", "namespaces", _READ),
    _rule("discovery.k8s.io", "endpointslices", _READ),
    _rule(
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets "
        "replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
        _READ,
    ),
    _rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
    _rule("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
    _rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
    _rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
    _rule("resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates", _READ),
]

_ADMIN: Final[Rules] = [
    _rule("authorization.k8s.io", "localsubjectaccessreviews", ("create",)),
    _rule(GROUP, "rolebindings roles", (*_WRITE, *_READ)),
]

_NODE: Final[Rules] = [
    _rule("authentication.k8s.io", "tokenreviews", ("create",)),
    _rule("authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews", ("create",)),
    _rule("", "services", _READ),
    _rule("", "nodes", ("create", *_READ, "patch", "update", "delete")),
    _rule("", "nodes/status", ("patch", "update")),
    _rule("", "events", ("create", "patch", "update")),
    _rule("", "pods", (*_READ, "create", "delete")),
    _rule("", "pods/status", ("patch", "update")),
    _rule("", "pods/eviction", ("create",)),
    _rule("", "configmaps secrets", _READ),
    _rule("", "persistentvolumeclaims persistentvolumes", ("get",)),
    _rule("", "endpoints", ("get",)),
    _rule("certificates.k8s.io", "certificatesigningrequests", ("create", *_READ)),
    _rule("coordination.k8s.io", "leases", ("create", "delete", "get", "patch", "update")),
    _rule("storage.k8s.io", "volumeattachments", ("get",)),
    _rule("", "serviceaccounts/token", ("create",)),
    _rule("", "persistentvolumeclaims/status", ("get", "patch", "update")),
    _rule("storage.k8s.io", "csidrivers", _READ),
    _rule("storage.k8s.io", "csinodes", ("create", "delete", "get", "patch", "update")),
    _rule("node.k8s.io", "runtimeclasses", _READ),
]

_CLUSTER_ROLES: Final[dict[str, Rules]] = {
    "cluster-admin": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ],
    "system:discovery": [_DISCOVERY],
    "system:public-info-viewer": [_urls("/healthz", "/livez", "/readyz", "/version", "/version/")],
    "system:basic-user": [
        _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", ("create",)),
        _rule("authentication.k8s.io", "selfsubjectreviews", ("create",)),
    ],
    "system:monitoring": [
        _urls("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"),
    ],
    "system:auth-delegator": [
        _rule("authentication.k8s.io", "tokenreviews", ("create",)),
        _rule("authorization.k8s.io", "subjectaccessreviews", ("create",)),
    ],
    "system:service-account-issuer-discovery": [_urls("/.well-known/openid-configuration", "/openid/v1/jwks")],
    "system:node": _NODE,
    "system:node-proxier": [
        _rule("", "endpoints services", ("list", "watch")),
        _rule("", "nodes", _READ),
        _rule("events.k8s.io", "events", ("create", "patch", "update")),
        _rule("", "events", ("create", "patch", "update")),
        _rule("discovery.k8s.io", "endpointslices", ("list", "watch")),
        _rule("networking.k8s.io", "servicecidrs", ("list", "watch")),
    ],
    "system:persistent-volume-provisioner": [
        _rule("", "persistentvolumes", ("create", "delete", *_READ)),
        _rule("", "persistentvolumeclaims", (*_READ, "update")),
        _rule("storage.k8s.io", "storageclasses", _READ),
        _rule("", "events", ("watch", "create", "patch", "update")),
    ],
    "system:kube-dns": [_rule("", "endpoints services", ("list", "watch"))],
    "system:heapster": [
        _rule("", "events namespaces nodes pods", _READ),
        _rule("apps", "deployments", _READ),
    ],
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": [
        _rule("certificates.k8s.io", "certificatesigningrequests/nodeclient", ("create",)),
    ],
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": [
        _rule("certificates.k8s.io", "certificatesigningrequests/selfnodeclient", ("create",)),
    ],
}

_USER_FACING: Final = {"admin": (_ADMIN, ""), "edit": (_EDIT, "admin"), "view": (_VIEW, "edit")}
"""The rules of each of the three, and the one that holds all that it holds."""

_BINDINGS: Final = {
    "cluster-admin": ("Group:system:masters",),
    "system:discovery": ("Group:system:authenticated",),
    "system:basic-user": ("Group:system:authenticated",),
    "system:public-info-viewer": ("Group:system:authenticated", "Group:system:unauthenticated"),
    "system:monitoring": ("Group:system:monitoring",),
    "system:node": (),
    "system:node-proxier": ("User:system:kube-proxy",),
    "system:service-account-issuer-discovery": ("Group:system:serviceaccounts",),
}


def bootstrap_objects() -> Iterator[tuple[str, Object]]:
    """Resource and object of everything that RBAC starts with; fresh copies."""
    for name, rules in _CLUSTER_ROLES.items():
        yield "clusterroles", cluster_role(name, rules)
    for name, (rules, above) in _USER_FACING.items():
        selected = {f"{_AGGREGATE}{name}": "true"}
        yield "clusterroles", cluster_role(f"system:aggregate-to-{name}", rules, selected)
        role = cluster_role(name, [], {f"{_AGGREGATE}{above}": "true"} if above else None)
        role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": selected}]}
        yield "clusterroles", role
    for name, subjects in _BINDINGS.items():
        yield "clusterrolebindings", cluster_role_binding(name, subjects)


def default_metadata(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def cluster_role(name: str, rules: Rules, labels: dict[str, str] | None = None) -> Object:
    copies = [{part: list(values) for part, values in rule.items()} for rule in rules]
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": default_metadata(name, labels),
        "rules": copies or None,
    }


def cluster_role_binding(role: str, subjects: Sequence[str]) -> Object:
    binding: Object = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": default_metadata(role),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
    }
    if subjects:
        binding["subjects"] = [subject_of(subject) for subject in subjects]
    return binding


def subject_of(text: str) -> dict[str, str]:
    """``User:jane``, ``Group:devs`` or ``ServiceAccount:kube-system/robot`` as a binding names it."""
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
        return {"kind": kind, "name": name, "namespace": namespace}
    return {"kind": kind, "apiGroup": GROUP, "name": name}


class WithDefaults:
    """A reader to which the roles and bindings from the start are there unless others are stored under their names."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        stored = self._reader.get(group, resource, namespace, name)
        return _defaults().get((resource, name)) if stored is None and group == GROUP else stored

    view = get

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        names = set()
        for stored in self._reader.list(group, resource, namespace):
            names.add(stored["metadata"]["name"])
            yield stored
        if group == GROUP:
            yield from (obj for (kind, name), obj in _defaults().items() if kind == resource and name not in names)


@cache
def _defaults() -> dict[tuple[str, str], Object]:
    return {(resource, obj["metadata"]["name"]): obj for resource, obj in bootstrap_objects()}
