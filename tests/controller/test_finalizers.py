from __future__ import annotations

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.controller.finalizers import Finalizers
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.errors import Conflict

OURS, THEIRS = "example.com/ours", "example.com/theirs"


def finalizers(client: Client) -> Finalizers[ConfigMap]:
    return Finalizers(client, ConfigMap, field_manager="test")


async def made(client: Client) -> ConfigMap:
    metadata = ObjectMeta(name="a", namespace="default", finalizers=[OURS, THEIRS])
    return await client.create(ConfigMap(metadata=metadata))


async def test_an_object_that_was_changed_meanwhile_is_not_given_finalizers() -> None:
    async with api_server() as server:
        client = server.client()
        seen = await made(client)
        await client.patch(seen, merge={"data": {"a": "b"}})
        with pytest.raises(Conflict):
            await finalizers(client).set(seen, [])


async def test_a_finalizer_is_taken_off_whatever_others_write_meanwhile() -> None:
    async with api_server() as server:
        client = server.client()
        seen = await made(client)
        await client.patch(seen, merge={"data": {"a": "b"}})
        await finalizers(client).remove(seen, OURS)
        now = await client.get(ConfigMap, "a", "default")
        assert (now.metadata.finalizers, now.data) == ([THEIRS], {"a": "b"})


async def test_a_namesake_that_came_later_keeps_its_finalizers() -> None:
    async with api_server() as server:
        client = server.client()
        seen = await made(client)
        await client.patch(seen, merge={"metadata": {"finalizers": None}})
        await client.delete(seen)
        await made(client)
        await finalizers(client).remove(seen, OURS)
        assert (await client.get(ConfigMap, "a", "default")).metadata.finalizers == [OURS, THEIRS]
