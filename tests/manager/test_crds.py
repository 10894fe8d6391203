from __future__ import annotations

import asyncio

import pytest
from tests.serving import api_server

from kubewright import Resource, Spec
from kubewright.manager import NotReady
from kubewright.manager.crds import definitions, install
from kubewright.schema import custom_resource


class ThingSpec(Spec):
    size: int = 1


@custom_resource(group="example.com", version="v1", storage=True)
class Thing(Resource[ThingSpec, None]): ...


@custom_resource(group="example.com", version="v1beta1", kind="Thing", plural="things", storage=False)
class OldThing(Resource[ThingSpec, None]): ...


@custom_resource(group="example.com", version="v1")
class Other(Resource[ThingSpec, None]): ...


def test_versions_of_one_kind_make_one_definition() -> None:
    found = {crd.metadata.name: [v.name for v in crd.spec.versions] for crd in definitions([Thing, Other, OldThing])}
    assert found == {"others.example.com": ["v1"], "things.example.com": ["v1", "v1beta1"]}


async def test_names_that_another_definition_has_are_told_and_not_waited_for() -> None:
    @custom_resource(group="example.com", version="v1", kind="Thing", plural="thingies")
    class Twin(Resource[ThingSpec, None]): ...

    async with api_server() as server, asyncio.timeout(10):
        client = server.client()
        await install(client, definitions([Thing]), field_manager="test")
        with pytest.raises(NotReady, match=r"names for thingies\.example\.com: .*already in use"):
            await install(client, definitions([Twin]), field_manager="test")


async def test_installed_kinds_are_served_at_once_and_installing_again_changes_nothing() -> None:
    async with api_server() as server:
        client = server.client()
        async with asyncio.timeout(10):
            for _ in range(2):
                await install(client, definitions([Thing, OldThing]), field_manager="test")
        assert await client.list(Thing) == []
        assert (await client.mapper.mapping(OldThing.gvk)).resource.resource == "things"
        with pytest.raises(LookupError):
            await client.mapper.mapping(Other.gvk)
