"""A cluster's stored objects, as far as access control reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]


class Cluster:
    """Implements `Reader` over a dict."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}

    def add(self, resource: str, name: str, namespace: str = "", **body: Any) -> Object:
        metadata = {"name": name, "uid": f"uid-of-{name}", "labels": body.pop("labels", {})}
        if namespace:
            metadata["namespace"] = namespace
        obj = self.objects[resource, namespace, name] = {"metadata": metadata, **body}
        return obj

    def version(self) -> int:
        """Another number whenever something was added or removed."""
        return hash(tuple(map(id, self.objects.values())))

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return self.objects.get((resource, namespace, name))

    view = get

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        return [obj for (kind, _, _), obj in self.objects.items() if kind == resource]

    def role(self, name: str, *rules: Object, namespace: str = "", **more: Any) -> None:
        self.add("roles" if namespace else "clusterroles", name, namespace, rules=list(rules), **more)

    def bind(self, role: str, *subjects: str, namespace: str = "", cluster_role: bool = False) -> None:
        """Bind a role to subjects such as ``User:jane`` or ``ServiceAccount:shop/robot``."""
        kind = "ClusterRole" if cluster_role or not namespace else "Role"
        self.add(
            "rolebindings" if namespace else "clusterrolebindings",
            f"{role}-binding",
            namespace,
            roleRef={"kind": kind, "name": role},
            subjects=[_subject(subject) for subject in subjects],
        )


def _subject(text: str) -> Object:
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount":
        namespace, _, name = name.rpartition("/")
        return {"kind": kind, "name": name, "namespace": namespace}
    return {"kind": kind, "name": name}


def rule(verbs: str, resources: str, group: str = "", **more: list[str]) -> Object:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), **more}
