"""The walk from one stored version to the next."""

from __future__ import annotations

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.manager import install
from kubewright.manager.migration import Migration, NotMigrated, migrate
from kubewright.objects import ObjectMeta
from kubewright.objects.admissionregistration_v1 import (
    MatchResources,
    NamedRuleWithOperations,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
)
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import Invalid, NotFound
from kubewright.schema import Resource, Spec, custom_resource
from kubewright.schema.crd import AnyResource, crd

NAME = "sites.web.example.com"


class SiteSpec(Spec):
    host: str = ""


@custom_resource(group="web.example.com", version="v1alpha1", kind="Site", storage=True)
class OldSite(Resource[SiteSpec, None]): ...


@custom_resource(group="web.example.com", version="v1alpha1", kind="Site", storage=False)
class FormerSite(Resource[SiteSpec, None]): ...


@custom_resource(group="web.example.com", version="v1", storage=True)
class Site(Resource[SiteSpec, None]): ...


async def define(client: Client, *versions: type[AnyResource]) -> None:
    await install(client, [crd(*versions)], field_manager="test")


async def stored_versions(client: Client) -> list[str]:
    return (await client.get(CustomResourceDefinition, NAME)).status.stored_versions


async def test_after_the_migration_the_old_version_can_go() -> None:
    async with api_server() as server:
        client = server.client()
        await define(client, OldSite)
        for number in range(5):
            metadata = ObjectMeta(name=f"s{number}", namespace="default")
            await client.create(OldSite(metadata=metadata, spec=SiteSpec(host="h")))
        await define(client, FormerSite, Site)
        assert await stored_versions(client) == ["v1alpha1", "v1"]
        with pytest.raises(Invalid, match="storedVersions"):
            await define(client, Site)

        before = (await client.get(Site, "s1", "default")).metadata.resource_version
        counts: list[int] = []
        assert await migrate(client, NAME, page_size=2, progress=counts.append) == Migration("v1", ("v1alpha1",), 5)
        assert counts == [2, 4, 5]
        assert await stored_versions(client) == ["v1"]
        await define(client, Site)
        site = await client.get(Site, "s1", "default")
        assert site.spec.host == "h"
        assert site.metadata.resource_version != before, "the object was not written again"


class Killed(Exception): ...


async def test_an_interrupted_migration_is_started_again() -> None:
    def kill(done: int) -> None:
        raise Killed

    async with api_server() as server:
        client = server.client()
        await define(client, OldSite)
        for number in range(3):
            await client.create(OldSite(metadata=ObjectMeta(name=f"s{number}", namespace="default"), spec=SiteSpec()))
        await define(client, FormerSite, Site)
        with pytest.raises(Killed):
            await migrate(client, NAME, page_size=1, progress=kill)
        assert await stored_versions(client) == ["v1alpha1", "v1"]
        before = (await client.get(Site, "s0", "default")).metadata.resource_version
        assert await migrate(client, NAME, page_size=1) == Migration("v1", ("v1alpha1",), 3)
        assert (await client.get(Site, "s0", "default")).metadata.resource_version == before, "it was written twice"
        assert await stored_versions(client) == ["v1"]


@custom_resource(group="web.example.com", version="v1", kind="Site", storage=True, served=False)
class HiddenSite(Resource[SiteSpec, None]): ...


async def test_objects_are_rewritten_through_a_version_that_is_served() -> None:
    async with api_server() as server:
        client = server.client()
        await define(client, OldSite)
        await client.create(OldSite(metadata=ObjectMeta(name="a", namespace="default"), spec=SiteSpec()))
        await define(client, FormerSite, HiddenSite)
        assert await migrate(client, NAME) == Migration("v1", ("v1alpha1",), 1)


async def guard(client: Client) -> None:
    """Refuse to update the object named b."""
    validation = Validation(expression="object.metadata.name != 'b'", message="no touching")
    rule = NamedRuleWithOperations(
        api_groups=["web.example.com"], api_versions=["*"], resources=["sites"], operations=["UPDATE"]
    )
    spec = ValidatingAdmissionPolicySpec(
        match_constraints=MatchResources(resource_rules=[rule]), validations=[validation]
    )
    binding = ValidatingAdmissionPolicyBindingSpec(policy_name="guard", validation_actions=["Deny"])
    await client.create(ValidatingAdmissionPolicy(metadata=ObjectMeta(name="guard"), spec=spec))
    await client.create(ValidatingAdmissionPolicyBinding(metadata=ObjectMeta(name="guard"), spec=binding))


async def test_objects_that_cannot_be_written_are_named_and_the_others_are_written() -> None:
    async with api_server() as server:
        client = server.client()
        await define(client, OldSite)
        for name in ("a", "b"):
            await client.create(OldSite(metadata=ObjectMeta(name=name, namespace="default"), spec=SiteSpec()))
        await define(client, FormerSite, Site)
        await guard(client)
        with pytest.raises(NotMigrated, match=r"1 objects could not be rewritten(.|\n)*default/b: .*no touching"):
            await migrate(client, NAME)
        assert await stored_versions(client) == ["v1alpha1", "v1"]


async def test_a_second_migration_has_nothing_to_do() -> None:
    async with api_server() as server:
        client = server.client()
        await define(client, OldSite)
        assert await migrate(client, NAME) == Migration("v1alpha1", (), 0)


async def test_an_unknown_definition_is_named() -> None:
    async with api_server() as server:
        with pytest.raises(NotFound, match=r"nothing\.example\.com"):
            await migrate(server.client(), "nothing.example.com")
