"""The FlowSchemas and PriorityLevelConfigurations that every cluster begins with.

Pure data, from ``k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap``.  Nothing here acts on them; clients list them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from kubewright.apiserver.registry.strategy import Object

_GROUP: Final = "flowcontrol.apiserver.k8s.io"
_EVERYBODY: Final = ("Group:system:unauthenticated", "Group:system:authenticated")
_SYSTEM_ACCOUNTS: Final = "ServiceAccount:*"

_LEVELS: Final[dict[str, tuple[int, int, tuple[int, int] | None]]] = {
    "catch-all": (5, 0, None),
    "system": (30, 33, (64, 6)),
    "node-high": (40, 25, (64, 6)),
    "leader-election": (10, 0, (16, 4)),
    "workload-high": (40, 50, (128, 6)),
    "workload-low": (100, 90, (128, 6)),
    "global-default": (20, 50, (128, 6)),
}
"""Shares, the percentage of them that may be lent, and queues with their hand size; what has no queue is refused."""

_QUEUE_LENGTH: Final = 50

Rule = dict[str, Any]


def _resources(verbs: str, group: str, resources: str, *, cluster: bool = False) -> Rule:
    """A rule about resources in all namespaces; lists are separated by blanks."""
    rule = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), "namespaces": ["*"]}
    return rule | {"clusterScope": True} if cluster else rule


_EVERYTHING: Final = (_resources("*", "*", "*", cluster=True),)
_ALL_PATHS: Final = ({"verbs": ["*"], "nonResourceURLs": ["*"]},)
_LEASES: Final = (_resources("get create update", "coordination.k8s.io", "leases"),)
_MANAGER: Final = "User:system:kube-controller-manager"
_SCHEDULER: Final = "User:system:kube-scheduler"
_ENDPOINTS_ACCOUNTS: Final = (
    "ServiceAccount:endpoint-controller",
    "ServiceAccount:endpointslicemirroring-controller",
)

_SCHEMAS: Final[Sequence[tuple[str, str, int, str, Sequence[str], Sequence[Rule], Sequence[Rule]]]] = (
    ("exempt", "exempt", 1, "", ("Group:system:masters",), _EVERYTHING, _ALL_PATHS),
    (
        "probes", "exempt", 2, "", _EVERYBODY, (),
        ({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]},),
    ),
    (
        "system-leader-election", "leader-election", 100, "ByUser", (_MANAGER, _SCHEDULER, _SYSTEM_ACCOUNTS),
        _LEASES, (),
    ),
    (
        "endpoint-controller", "workload-high", 150, "ByUser", (_MANAGER, *_ENDPOINTS_ACCOUNTS),
        (_resources("get create update", "", "endpoints"),), (),
    ),
    ("workload-leader-election", "leader-election", 200, "ByUser", (_SYSTEM_ACCOUNTS,), _LEASES, ()),
    (
        "system-node-high", "node-high", 400, "ByUser", ("Group:system:nodes",),
        (
            _resources("*", "", "nodes nodes/status", cluster=True),
            _resources("*", "coordination.k8s.io", "leases"),
        ),
        (),
    ),
    ("system-nodes", "system", 500, "ByUser", ("Group:system:nodes",), _EVERYTHING, _ALL_PATHS),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", (_MANAGER,), _EVERYTHING, _ALL_PATHS),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", (_SCHEDULER,), _EVERYTHING, _ALL_PATHS),
    (
        "kube-system-service-accounts", "workload-high", 900, "ByNamespace", (_SYSTEM_ACCOUNTS,),
        _EVERYTHING, _ALL_PATHS,
    ),
    ("service-accounts", "workload-low", 9000, "ByUser", ("Group:system:serviceaccounts",), _EVERYTHING, _ALL_PATHS),
    ("global-default", "global-default", 9900, "ByUser", _EVERYBODY, _EVERYTHING, _ALL_PATHS),
    ("catch-all", "catch-all", 10000, "ByUser", _EVERYBODY, _EVERYTHING, _ALL_PATHS),
)  # fmt: skip
"""Name, priority level, precedence, what tells flows apart, subjects, and rules about resources and paths."""


def flow_objects() -> Iterator[tuple[str, Object]]:
    """Resource and object of everything that flow control starts with; fresh copies."""
    exempt = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
    yield "prioritylevelconfigurations", _object("PriorityLevelConfiguration", "exempt", type="Exempt", exempt=exempt)
    for name, (shares, lendable, queues) in _LEVELS.items():
        response: Object = {"type": "Reject"}
        if queues is not None:
            queuing = {"queues": queues[0], "handSize": queues[1], "queueLengthLimit": _QUEUE_LENGTH}
            response = {"type": "Queue", "queuing": queuing}
        limited = {"nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response}
        yield (
            "prioritylevelconfigurations",
            _object("PriorityLevelConfiguration", name, type="Limited", limited=limited),
        )
    for name, level, precedence, distinguisher, subjects, resources, paths in _SCHEMAS:
        rule: Rule = {"subjects": [_subject(one) for one in subjects]}
        rule |= {"resourceRules": list(resources)} if resources else {}
        rule |= {"nonResourceRules": list(paths)} if paths else {}
        spec: Object = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
        spec |= {"distinguisherMethod": {"type": distinguisher}} if distinguisher else {}
        yield "flowschemas", _object("FlowSchema", name, **spec, rules=[rule])


def _object(kind: str, name: str, **spec: Any) -> Object:
    metadata = {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}}
    return {"kind": kind, "apiVersion": f"{_GROUP}/v1", "metadata": metadata, "spec": spec}


def _subject(text: str) -> Object:
    kind, _, name = text.partition(":")
    match kind:
        case "User":
            return {"kind": kind, "user": {"name": name}}
        case "Group":
            return {"kind": kind, "group": {"name": name}}
    return {"kind": kind, "serviceAccount": {"namespace": "kube-system", "name": name}}
