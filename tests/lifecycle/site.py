"""A small kind for the tests of this room."""

from __future__ import annotations

from typing import Any

from kubewright import ObjectMeta, Resource, Spec, Status
from kubewright.schema import custom_resource


class SiteSpec(Spec):
    host: str | None = None
    replicas: int = 1
    paused: bool = False


class SiteStatus(Status):
    seen: int = 0
    message: str = ""


@custom_resource(group="web.example.com", version="v1")
class Site(Resource[SiteSpec, SiteStatus]): ...


def site(name: str = "blog", *, spec: SiteSpec | None = None, **metadata: Any) -> Site:
    return Site(metadata=ObjectMeta(name=name, namespace="default", **metadata), spec=spec or SiteSpec())
