"""Classes that know less than the server holds: a custom resource that keeps unknown fields, and a built-in kind."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from kubewright.client import Client
from kubewright.objects import GroupVersionKind, Object, Struct, Unstructured

SITE = GroupVersionKind("web.example.com", "v1", "Site")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


class Page(Struct):
    name: str = ""
    title: str | None = None


class SiteSpec(Struct):
    image: str | None = None
    pages: list[Page] = []
    steps: list[Page] = []


class SiteStatus(Struct):
    ready: int = 0
    pages: list[Page] = []


class Site(Object):
    gvk: ClassVar = SITE
    plural: ClassVar = "sites"

    spec: SiteSpec = msgspec.field(default_factory=SiteSpec)
    status: SiteStatus = msgspec.field(default_factory=SiteStatus)


class Container(Struct):
    name: str = ""
    image: str | None = None


class PodSpec(Struct):
    containers: list[Container] = []


class Template(Struct):
    spec: PodSpec = msgspec.field(default_factory=PodSpec)


class DeploymentSpec(Struct):
    replicas: int | None = None
    template: Template = msgspec.field(default_factory=Template)


class NarrowDeployment(Object):
    """A Deployment as a release of Kubernetes might have it that knows few fields."""

    gvk: ClassVar = DEPLOYMENT
    plural: ClassVar = "deployments"

    spec: DeploymentSpec = msgspec.field(default_factory=DeploymentSpec)


def site(spec: dict[str, Any], **more: Any) -> Unstructured:
    metadata = {"name": "a", "namespace": "default"}
    return Unstructured({"apiVersion": SITE.api_version, "kind": "Site", "metadata": metadata, "spec": spec, **more})


def deployment(**container: Any) -> Unstructured:
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {
            "containers": [{"name": "main", "image": "a:1", **container}, {"name": "side", "image": "s:1"}],
            "priority": 7,
        },
    }
    spec = {"selector": {"matchLabels": {"app": "a"}}, "replicas": 1, "paused": True, "template": template}
    metadata = {"name": "a", "namespace": "default"}
    return Unstructured(
        {"apiVersion": DEPLOYMENT.api_version, "kind": "Deployment", "metadata": metadata, "spec": spec}
    )


async def install_sites(client: Client) -> None:
    keeps: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": keeps, "status": keeps}}}
    names = {"plural": "sites", "singular": "site", "kind": "Site", "listKind": "SiteList"}
    spec = {"group": SITE.group, "names": names, "scope": "Namespaced", "versions": [version]}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    await client.create(Unstructured({**crd, "metadata": {"name": "sites.web.example.com"}}))
