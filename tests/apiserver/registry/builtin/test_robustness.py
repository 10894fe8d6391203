"""Whatever a client sends of a built-in type, the strategies answer with errors about fields, never with a crash."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from kubewright.apiserver.registry.builtin import builtin_resources, definitions
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import DecodeError, Object
from kubewright.objects.errors import APIError
from kubewright.schema.node import Node

WORDS = (
    "",
    "a",
    "b-1",
    "Bad_Name",
    "10.0.0.1",
    "Always",
    "example.com/x",
    "1Gi",
    "50%",
    "2020-01-01T00:00:00Z",
    "*",
    "/",
)
NUMBERS = (0, 1, -1, 80, 70000)


class EmptyReader:
    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        return None

    view = get

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        return ()


def value(node: Node, chance: random.Random, depth: int) -> Any:
    """Something of the right JSON type, mostly; fields come and go."""
    if chance.random() < 0.03:
        return None
    match node.type:
        case "object" if node.properties:
            fields = {}
            for name, child in node.properties.items():
                if depth < 9 and chance.random() < (0.75 if name in node.required or depth < 2 else 0.3):
                    fields[name] = value(child, chance, depth + 1)
            return fields
        case "object" if node.additional is not None:
            return {chance.choice(WORDS): value(node.additional, chance, depth + 1) for _ in range(chance.randrange(3))}
        case "array" if node.items is not None:
            return [value(node.items, chance, depth + 1) for _ in range(chance.randrange(3))]
        case "integer":
            return chance.choice(NUMBERS)
        case "boolean":
            return chance.random() < 0.5
        case "string":
            return _text(node, chance)
    return {}


def _text(node: Node, chance: random.Random) -> Any:
    match node.raw.get("format"):
        case "quantity":
            return chance.choice(("1", "500m", "1Gi", "-1", "0"))
        case "int-or-string":
            return chance.choice((0, 1, -1, "50%", "x"))
        case "date-time":
            return "2020-01-01T00:00:00.000000Z"
        case "byte":
            return "QUJD"
    return chance.choice(WORDS)


def stored(resource: Resource, chance: random.Random) -> Object | None:
    """An object after decoding and defaulting, as the pipeline hands it to a strategy."""
    strategy = resource.strategy
    try:
        obj = strategy.decode(value(resource.node, chance, 0) or {}, [])
    except DecodeError:
        return None
    obj["kind"], obj["apiVersion"] = resource.gvk.kind, resource.gvk.api_version
    obj["metadata"] = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "1"} | (obj.get("metadata") or {})
    strategy.default(obj)
    return obj


@pytest.mark.parametrize("resource", builtin_resources(), ids=lambda resource: str(resource.gvk))
def test_strategies_survive_any_object(resource: Resource) -> None:
    chance = random.Random(7)
    strategy, reader = resource.strategy, EmptyReader()
    for _ in range(40):
        obj, old = stored(resource, chance), stored(resource, chance)
        if obj is None or old is None:
            continue
        try:
            strategy.prepare_for_create(obj, reader)
            strategy.validate(obj, reader)
            strategy.prepare_for_create(old, reader)
            strategy.prepare_for_update(obj, old, reader)
        except APIError:
            continue
        strategy.validate_update(obj, old, reader)
        strategy.warnings(obj, old)
        if strategy.status:
            strategy.prepare_for_subresource_update("status", obj, old, reader)
            strategy.validate_subresource_update("status", obj, old, reader)
        assert set(strategy.fields(obj)) >= strategy.field_labels
        strategy.cells(obj)
        strategy.from_storage(strategy.to_storage(obj))


def test_definitions_are_read_once() -> None:
    assert definitions() is definitions()
