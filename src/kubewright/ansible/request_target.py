"""What a request to the API server is about, by its path: the split of ``k8s.io/apiserver``'s ``RequestInfo``."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from kubewright.objects.names import GroupVersionResource


class RequestTarget(NamedTuple):
    """A resource, or one object of it; without a name it is the collection."""

    resource: GroupVersionResource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse_target(path: str) -> RequestTarget | None:
    """The target of ``/api/v1/namespaces/NS/pods/NAME/log`` and the like; None for a path that names no resource.

    :param path: without the query.
    """
    parts = [unquote(part) for part in path.split("/") if part]
    if not parts or parts[0] not in ("api", "apis"):
        return None
    group = "" if parts[0] == "api" else parts[1] if len(parts) > 1 else ""
    rest = parts[1:] if parts[0] == "api" else parts[2:]
    if len(rest) < 2:
        return None
    version, *rest = rest
    if rest[0] == "watch":  # the old form of ?watch=true
        rest = rest[1:]
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    if not rest:
        return None
    resource, name, subresource = rest[0], "".join(rest[1:2]), "/".join(rest[2:])
    if resource == "namespaces" and not namespace:
        namespace = name  # a namespace lies in itself
    return RequestTarget(GroupVersionResource(group, version, resource), namespace, name, subresource)
