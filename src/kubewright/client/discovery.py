"""Discovery: which resources a server has, and by which kind, plural or short name they are known.

`parse_aggregated` and `parse_resource_list` read the two forms in which servers tell it; `RestMapper` asks when it is
first needed, remembers the answer, and asks again when something isn't found, since CRDs come and go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from kubewright.client.rest import RestClient
from kubewright.objects.errors import APIError, NotFound
from kubewright.objects.names import GroupKind, GroupVersion, GroupVersionKind, GroupVersionResource

_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)


class RestMapping(NamedTuple):
    """How a kind is served."""

    kind: GroupVersionKind
    resource: GroupVersionResource
    namespaced: bool
    singular: str = ""
    verbs: frozenset[str] = frozenset()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()

    def is_called(self, name: str) -> bool:
        """Whether a user may mean this by ``name``: plural, singular, short name or kind."""
        return name in (self.resource.resource, self.singular, *self.short_names) or name == self.kind.kind.lower()


class NoMatch(LookupError):
    """The server has no such kind or resource; is the CRD installed?"""


class RestMapper:
    """Finds the resource of a kind.

    Mappings are in the server's order of preference, so that the first match for a group is its preferred version.
    """

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._mappings: list[RestMapping] | None = None
        self._by_kind: dict[GroupVersionKind, RestMapping] = {}
        self._lock = asyncio.Lock()

    async def mapping(self, kind: GroupVersionKind | GroupKind) -> RestMapping:
        """How ``kind`` is served; without a version, in the version that the server prefers.

        :raises NoMatch: it isn't served; the server was asked afresh.
        """
        if isinstance(kind, GroupVersionKind) and kind in self._by_kind:
            return self._by_kind[kind]

        def is_it(mapping: RestMapping) -> bool:
            return kind in (mapping.kind, mapping.kind.group_kind)

        found = await self._find(is_it)
        if found is None:
            raise NoMatch(f'the server has no kind "{kind}"; is its CustomResourceDefinition installed?')
        return found

    async def resource(self, name: str) -> RestMapping:
        """What a user calls ``deploy``, ``deployments.apps``, ``deployments.v1.apps`` or ``Deployment``.

        :raises NoMatch: nothing is called so.
        """
        word, _, group = name.lower().partition(".")

        def is_it(mapping: RestMapping) -> bool:
            versioned = f"{mapping.kind.version}.{mapping.kind.group}".rstrip(".")
            return mapping.is_called(word) and group in ("", mapping.kind.group, versioned)

        found = await self._find(is_it)
        if found is None:
            raise NoMatch(f'the server has no resource type "{name}"')
        return found

    async def mappings(self) -> list[RestMapping]:
        """Every resource of the server, without subresources."""
        async with self._lock:
            if self._mappings is None:
                self._mappings = await self._discover()
                self._by_kind = {}
                for mapping in self._mappings:
                    self._by_kind.setdefault(mapping.kind, mapping)
            return self._mappings

    def invalidate(self) -> None:
        """Ask the server again at the next question."""
        self._mappings = None
        self._by_kind = {}

    async def _find(self, is_it: Any) -> RestMapping | None:
        known = self._mappings is not None
        found = next(filter(is_it, await self.mappings()), None)
        if found is None and known:
            self.invalidate()
            found = next(filter(is_it, await self.mappings()), None)
        return found

    async def _discover(self) -> list[RestMapping]:
        roots = await asyncio.gather(
            *(self._rest.request("GET", path, accept=_AGGREGATED) for path in ("/api", "/apis"))
        )
        documents = [msgspec.json.decode(root.body) for root in roots]
        if all(document.get("kind") == "APIGroupDiscoveryList" for document in documents):
            return [mapping for document in documents for mapping in parse_aggregated(document)]
        versions = list(_legacy_versions(*documents))
        lists = await asyncio.gather(*map(self._resource_list, versions))
        return [mapping for resources in lists for mapping in resources]

    async def _resource_list(self, version: GroupVersion) -> list[RestMapping]:
        root = f"/apis/{version}" if version.group else f"/api/{version}"
        try:
            response = await self._rest.request("GET", root)
        except NotFound:
            return []
        except APIError as error:
            if error.status_code == 503:  # the aggregated API's own server is down: the others still count
                return []
            raise
        return list(parse_resource_list(msgspec.json.decode(response.body)))


def parse_aggregated(document: dict[str, Any]) -> Iterator[RestMapping]:
    """The mappings in an ``APIGroupDiscoveryList`` (``apidiscovery.k8s.io/v2`` or ``v2beta1``)."""
    for group in document.get("items") or ():
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions") or ():
            for resource in version.get("resources") or ():
                kind = resource.get("responseKind") or {}
                if not kind.get("kind"):
                    continue
                served = GroupVersion(name, version["version"])
                yield RestMapping(
                    GroupVersionKind(kind.get("group") or name, kind.get("version") or served.version, kind["kind"]),
                    GroupVersionResource(*served, resource["resource"]),
                    resource.get("scope") == "Namespaced",
                    resource.get("singularResource", ""),
                    frozenset(resource.get("verbs") or ()),
                    tuple(resource.get("shortNames") or ()),
                    tuple(resource.get("categories") or ()),
                    frozenset(part["subresource"] for part in resource.get("subresources") or ()),
                )


def parse_resource_list(document: dict[str, Any]) -> Iterator[RestMapping]:
    """The mappings in an ``APIResourceList``."""
    served = GroupVersion.parse(document.get("groupVersion", "v1"))
    resources: Iterable[dict[str, Any]] = document.get("resources") or ()
    subresources: dict[str, set[str]] = {}
    for resource in resources:
        name, slash, subresource = resource["name"].partition("/")
        if slash:
            subresources.setdefault(name, set()).add(subresource)
    for resource in resources:
        if "/" in resource["name"]:
            continue
        version = resource.get("version") or served.version
        yield RestMapping(
            GroupVersionKind(resource.get("group") or served.group, version, resource["kind"]),
            GroupVersionResource(*served, resource["name"]),
            bool(resource.get("namespaced")),
            resource.get("singularName", ""),
            frozenset(resource.get("verbs") or ()),
            tuple(resource.get("shortNames") or ()),
            tuple(resource.get("categories") or ()),
            frozenset(subresources.get(resource["name"], ())),
        )


def _legacy_versions(core: dict[str, Any], groups: dict[str, Any]) -> Iterator[GroupVersion]:
    """Every group version of the server, each group's preferred one first."""
    for version in core.get("versions") or ():
        yield GroupVersion("", version)
    for group in groups.get("groups") or ():
        preferred = (group.get("preferredVersion") or {}).get("groupVersion")
        names = [version["groupVersion"] for version in group.get("versions") or ()]
        for name in sorted(names, key=lambda name: name != preferred):
            yield GroupVersion.parse(name)
