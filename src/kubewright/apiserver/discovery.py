"""Discovery documents: which groups, versions and resources are served.

The resources of a logical cluster come in; the legacy documents (``/api``, ``/apis/...``) and the aggregated ones
(``apidiscovery.k8s.io/v2``) go out as plain JSON.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from kubewright.apiserver.registry.resource import Resource, Subresource
from kubewright.objects.names import GroupVersion, GroupVersionKind

Document = dict[str, Any]


class Discovery:
    """The documents of one set of resources.

    :param resources: all that is served; versions of one group in the order of preference.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._groups: dict[str, dict[str, list[Resource]]] = {}
        for resource in resources:
            self._groups.setdefault(resource.gvk.group, {}).setdefault(resource.gvk.version, []).append(resource)
        for group, versions in self._groups.items():
            self._groups[group] = dict(sorted(versions.items(), key=lambda item: version_priority(item[0])))

    def has_built_in(self, group: str) -> bool:
        """Whether there are built-in resources in a group, which make Kubernetes answer for all of it."""
        return any(not one.custom for resources in self._groups.get(group, {}).values() for one in resources)

    def core_versions(self, address: str) -> Document:
        """``/api``."""
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": list(self._groups[""]), "serverAddressByClientCIDRs": addresses}

    def group_list(self) -> Document:
        """``/apis``."""
        groups = [self._group(name) for name in self._groups if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def group(self, name: str) -> Document | None:
        """``/apis/GROUP``."""
        if not name or name not in self._groups:
            return None
        return {"kind": "APIGroup", "apiVersion": "v1", **self._group(name)}

    def resource_list(self, group: str, version: str) -> Document | None:
        """``/api/v1`` and ``/apis/GROUP/VERSION``."""
        resources = self._groups.get(group, {}).get(version)
        if resources is None:
            return None
        entries = []
        for resource in sorted(resources, key=lambda one: one.plural):
            entries.append(_entry(resource))
            entries += [_subresource_entry(resource, sub) for sub in resource.subresources]
        document: Document = {"kind": "APIResourceList", "groupVersion": str(GroupVersion(group, version))}
        if group:
            document = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}"}
        return {**document, "resources": entries}

    def aggregated(self, *, core: bool) -> Document:
        """``/api`` and ``/apis`` in one document with all resources."""
        groups = [""] if core else [name for name in self._groups if name]
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": [self._aggregated_group(name) for name in groups],
        }

    def _group(self, name: str) -> Document:
        versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in self._groups[name]]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}

    def _aggregated_group(self, name: str) -> Document:
        versions = [
            {
                "version": version,
                "resources": [_aggregated(one) for one in sorted(resources, key=lambda one: one.plural)],
                "freshness": "Current",
            }
            for version, resources in self._groups[name].items()
        ]
        return {"metadata": {"name": name} if name else {}, "versions": versions}


def _entry(resource: Resource) -> Document:
    entry: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.gvk.kind,
        "verbs": _verbs(resource, resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "list" in resource.verbs:
        entry["storageVersionHash"] = _storage_version_hash(resource.stored_gvk)
    return entry


def _subresource_entry(resource: Resource, sub: Subresource) -> Document:
    entry: Document = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": sub.kind.kind,
        "verbs": _verbs(resource, sub.verbs),
    }
    if (sub.kind.group, sub.kind.version) != (resource.gvk.group, resource.gvk.version):
        entry |= {"group": sub.kind.group, "version": sub.kind.version}
    return entry


def _aggregated(resource: Resource) -> Document:
    entry: Document = {
        "resource": resource.plural,
        "responseKind": _response_kind(resource, resource.gvk),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource, resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _response_kind(resource, sub.kind),
                "verbs": _verbs(resource, sub.verbs),
            }
            for sub in resource.subresources
        ]
    return entry


def _verbs(resource: Resource, verbs: Sequence[str]) -> list[str]:
    """Built-in resources list their verbs in alphabetical order, custom ones in an order of their own."""
    return list(verbs) if resource.custom else sorted(verbs)


def _response_kind(resource: Resource, gvk: GroupVersionKind) -> Document:
    """Built-in groups leave out a group and version that are their own; custom ones give them."""
    if not resource.custom and (gvk.group, gvk.version) == (resource.gvk.group, resource.gvk.version):
        return {"group": "", "version": "", "kind": gvk.kind}
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}


def _storage_version_hash(stored: GroupVersionKind) -> str:
    digest = hashlib.sha256(f"{stored.group}/{stored.version}/{stored.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as Kubernetes prefers them: v2, v1, v1beta2, v1beta1, v1alpha1, then all others by name."""
    body, separator = version.removeprefix("v"), ""
    for stage, rank in (("alpha", 2), ("beta", 1)):
        if stage in body:
            major, separator, minor = body.partition(stage)
            if major.isdigit() and minor.isdigit() and version.startswith("v"):
                return (rank, -int(major), -int(minor), "")
    if version.startswith("v") and body.isdigit() and not separator:
        return (0, -int(body), 0, "")
    return (3, 0, 0, version)
