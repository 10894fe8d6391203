"""A few stored objects for strategies and admission stages to read, and the way a new object takes to a strategy."""

from __future__ import annotations

from collections.abc import Iterable

from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.objects.errors import Cause
from kubewright.objects.names import GroupVersionKind


class World:
    """A `Reader` over objects given by hand."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], list[Object]] = {}

    def add(self, group: str, resource: str, *objects: Object) -> None:
        self.objects.setdefault((group, resource), []).extend(objects)

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        found = self.list(group, resource, namespace)
        return next((obj for obj in found if obj["metadata"]["name"] == name), None)

    view = get

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        for obj in self.objects.get((group, resource), ()):
            if not namespace or obj["metadata"].get("namespace", namespace) == namespace:
                yield obj


def strategy(api_version: str, kind: str) -> Strategy:
    wanted = GroupVersionKind.parse(api_version, kind)
    return next(resource.strategy for resource in builtin_resources() if resource.gvk == wanted)


def decoded(api_version: str, kind: str, body: Object) -> Object:
    """The object as the pipeline hands it to a strategy's ``prepare`` methods."""
    chosen = strategy(api_version, kind)
    obj = chosen.decode({"apiVersion": api_version, "kind": kind, **body}, [])
    obj["metadata"] = {"name": "a", "namespace": "n", "uid": "u-1", "resourceVersion": "1"} | obj["metadata"]
    if not next(one.namespaced for one in builtin_resources() if one.strategy is chosen):
        del obj["metadata"]["namespace"]
    chosen.default(obj)
    return obj


def created(api_version: str, kind: str, body: Object, world: World | None = None) -> Object:
    """The object as it would be stored.

    :raises AssertionError: a rule forbids it.
    """
    obj = decoded(api_version, kind, body)
    chosen, reader = strategy(api_version, kind), world or World()
    chosen.prepare_for_create(obj, reader)
    assert chosen.validate(obj, reader) == []
    return obj


def problems(api_version: str, kind: str, body: Object) -> list[tuple[str, str]]:
    """Field and reason of everything that is wrong with a new object."""
    obj = decoded(api_version, kind, body)
    chosen, reader = strategy(api_version, kind), World()
    chosen.prepare_for_create(obj, reader)
    return fields_and_reasons(chosen.validate(obj, reader))


def fields_and_reasons(causes: list[Cause]) -> list[tuple[str, str]]:
    return sorted((cause.field, cause.reason) for cause in causes)


def pod(**spec: object) -> Object:
    return {"spec": {"containers": [{"name": "c", "image": "nginx:1"}], **spec}}
