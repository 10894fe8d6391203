"""URL paths and methods, split into what they ask for (``k8s.io/apiserver/pkg/endpoints/request/requestinfo.go``)."""

from __future__ import annotations

import re

from kubewright.apiserver.registry.options import Query, first, truth
from kubewright.apiserver.request import RequestInfo

_CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""A DNS label: anything else is a path that leads nowhere."""

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}

_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


def split_cluster(path: str) -> tuple[str, str]:
    """``/clusters/NAME/rest`` into the logical cluster's name and the path within it."""
    if path.startswith("/clusters/"):
        name, slash, rest = path[len("/clusters/") :].partition("/")
        if _CLUSTER_NAME.fullmatch(name):
            return name, slash + rest or "/"
    return "", path


def request_info(method: str, path: str, query: Query, cluster: str = "") -> RequestInfo:
    """What a request asks for, in RBAC's terms."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return RequestInfo(method.lower(), path, cluster=cluster)
    verb = _VERBS.get(method, "")
    if rest[0] == "watch" and len(rest) > 1:
        # The old form of a watch: /api/v1/watch/pods
        verb, rest = "watch", rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    resource, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""  # What comes after is its own affair: the path of a proxy.
    if not name and verb == "get":
        verb = "list"
    if verb == "list" and truth(query, "watch"):
        verb = "watch"
    if verb == "delete" and not name:
        verb = "deletecollection"
    if verb in ("list", "watch") and not name:
        name = _selected_name(first(query, "fieldSelector"))
    return RequestInfo(verb, path, True, group, version, resource, subresource, namespace, name, cluster)


def _selected_name(selector: str) -> str:
    """A list of one name is authorized as a request for that name."""
    for clause in selector.split(","):
        path, _, value = clause.replace("==", "=").partition("=")
        if path == "metadata.name":
            return value
    return ""
