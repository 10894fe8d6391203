from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from tests.serving import api_server

from kubewright.controller import scope
from kubewright.manager.logging import configure_logging
from kubewright.manager.write_log import WRITES, log_writes
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.workqueue import Cause

SCOPE = scope.ReconcileScope("website", "default/a", "id-1", 1, (Cause("create"),))


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger(WRITES).setLevel(logging.NOTSET)


async def lines_of_some_writes(*, within_reconcile: bool) -> list[str]:
    stream = io.StringIO()
    configure_logging(stream=stream)
    async with api_server() as server:
        client = server.client()
        log_writes(client)
        log_writes(client)  # two managers may share a client
        token = scope.enter(SCOPE if within_reconcile else None)
        config = ConfigMap(metadata=ObjectMeta(name="a", namespace="default"))
        await client.apply(config)
        await client.apply(ConfigMap(metadata=config.metadata, data={"a": "b"}))
        generated = await client.create(ConfigMap(metadata=ObjectMeta(generate_name="b-", namespace="default")))
        await client.create(Namespace(metadata=ObjectMeta(name="elsewhere")))
        await client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="elsewhere")))
        await client.patch(config, merge={"data": None}, dry_run=True)
        await client.delete(config)
        scope.leave(token)
    return [line[12:].replace(generated.metadata.name, "b-GENERATED") for line in stream.getvalue().splitlines()]


async def test_each_write_of_a_reconcile_is_told() -> None:
    assert await lines_of_some_writes(within_reconcile=True) == [
        " INFO    website default/a: created configmaps a",
        " INFO    website default/a: applied configmaps a",
        " INFO    website default/a: created configmaps b-GENERATED",
        " INFO    website default/a: created namespaces elsewhere",
        " INFO    website default/a: created configmaps elsewhere/a",
        " INFO    website default/a: deleted configmaps a",
    ]


async def test_what_no_reconcile_writes_is_not_told() -> None:
    assert await lines_of_some_writes(within_reconcile=False) == []


@pytest.mark.parametrize(
    ("format", "writes", "told"),
    [("text", None, True), ("json", None, False), ("text", False, False), ("json", True, True)],
)
def test_writes_are_told_where_people_read_unless_said_otherwise(format: str, writes: bool | None, told: bool) -> None:
    configure_logging(format="json" if format == "json" else "text", writes=writes, stream=io.StringIO())
    assert logging.getLogger(WRITES).isEnabledFor(logging.INFO) is told
