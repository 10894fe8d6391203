"""Admission attributes of a ConfigMap write, as the tests of this folder need them."""

from collections.abc import Iterable
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes, Operation
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import UserInfo
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps")


class Objects:
    """A Reader over objects given by resource."""

    def __init__(self, **resources: list[Object]) -> None:
        self.resources = resources

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return next((obj for obj in self.list(group, resource, namespace) if obj["metadata"]["name"] == name), None)

    view = get

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        objects = self.resources.get(resource, [])
        return [obj for obj in objects if not namespace or obj["metadata"].get("namespace") == namespace]


def config_map(**metadata: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "team", **metadata}}


def attributes(
    operation: Operation = "CREATE",
    *,
    kind: GroupVersionKind = CONFIG_MAP,
    resource: GroupVersionResource = CONFIG_MAPS,
    subresource: str = "",
    namespace: str = "team",
    name: str = "a",
    obj: Object | None = None,
    old: Object | None = None,
    dry_run: bool = False,
    reader: Objects | None = None,
) -> Attributes:
    """A write by ``alice``; the namespace ``team`` exists and carries its name as a label, as every namespace does."""
    reader = reader or Objects()
    labels = {"kubernetes.io/metadata.name": "team"}
    reader.resources.setdefault("namespaces", [{"metadata": {"name": "team", "labels": labels}}])
    if obj is None and operation != "DELETE":
        obj = config_map()
    options = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions", "CONNECT": ""}
    return Attributes(
        operation=operation,
        kind=kind,
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
        obj=obj,
        old=old,
        user=UserInfo("alice", ("system:authenticated",)),
        options={"kind": options[operation], "apiVersion": "meta.k8s.io/v1"},
        dry_run=dry_run,
        reader=reader,
    )
