"""Ownership across versions that a webhook converts between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kubewright.apiserver.apply import FieldManager, converted
from kubewright.objects.errors import APIError, Conflict
from kubewright.objects.names import GroupVersionKind
from kubewright.schema.node import Node

Object = dict[str, Any]

FIELDS = {"v1": "host", "v2": "hostName"}
V1, V2 = (GroupVersionKind("example.com", version, "Widget") for version in FIELDS)


class Versions:
    """Two versions, whose objects cannot be told apart without asking."""

    def node(self, api_version: str) -> Node | None:
        field = FIELDS.get(api_version.partition("/")[2])
        if field is None:
            return None
        spec = {"type": "object", "properties": {field: {"type": "string"}, "other": {"type": "string"}}}
        ends = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        return Node({"type": "object", "properties": {**ends, "spec": spec}})

    def convert(self, obj: Object, api_version: str) -> Object:
        raise AssertionError("not without the webhook")


class Webhook:
    trivial = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        if self.fails:
            raise APIError("conversion webhook failed")
        self.asked.append(api_version)
        return [self._renamed(obj, api_version) for obj in objects]

    def _renamed(self, obj: Object, api_version: str) -> Object:
        old, new = (FIELDS[version.partition("/")[2]] for version in (obj["apiVersion"], api_version))
        spec = {new if name == old else name: value for name, value in obj.get("spec", {}).items()}
        return {**obj, "apiVersion": api_version, "spec": spec}


async def apply(webhook: Webhook, kind: GroupVersionKind, live: Object | None, manager: str, **spec: str) -> Object:
    node = Versions().node(kind.api_version)
    assert node is not None
    config = {"apiVersion": kind.api_version, "kind": "Widget", "metadata": {"name": "a"}, "spec": spec}
    return await converted(
        FieldManager(node, kind),
        Versions(),
        webhook,
        lambda fields: fields.apply(live, config, manager=manager, force=False, now="2030-01-01T00:00:00Z"),
    )


async def test_a_field_that_moved_is_still_owned() -> None:
    webhook = Webhook()
    stored = await apply(webhook, V1, None, "one", host="h")
    [live] = await webhook.convert([stored], V2.api_version)
    with pytest.raises(Conflict) as conflict:
        await apply(webhook, V2, live, "two", hostName="i")
    assert [cause.field for cause in conflict.value.causes] == [".spec.host"]
    moved = await apply(webhook, V2, live, "one", hostName="i")
    assert moved["spec"] == {"hostName": "i"}
    assert [entry["apiVersion"] for entry in moved["metadata"]["managedFields"]] == [V2.api_version]


async def test_what_is_no_longer_applied_goes_from_the_other_version_too() -> None:
    webhook = Webhook()
    stored = await apply(webhook, V1, None, "one", host="h")
    [live] = await webhook.convert([stored], V2.api_version)
    assert (await apply(webhook, V2, live, "one", other="x"))["spec"] == {"other": "x"}


async def test_no_object_is_converted_twice() -> None:
    webhook = Webhook()
    stored = await apply(webhook, V1, None, "one", host="h")
    [live] = await webhook.convert([stored], V2.api_version)
    webhook.asked.clear()
    await apply(webhook, V2, live, "two", other="x")
    assert webhook.asked == [V1.api_version, V1.api_version]


async def test_a_failing_webhook_fails_the_apply() -> None:
    webhook = Webhook()
    stored = await apply(webhook, V1, None, "one", host="h")
    [live] = await webhook.convert([stored], V2.api_version)
    webhook.fails = True
    with pytest.raises(APIError, match="webhook failed"):
        await apply(webhook, V2, live, "two", other="x")
