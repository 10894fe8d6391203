"""What a class doesn't know of an object survives when the object is replaced."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.serving import api_server
from tests.unknown_fields import (
    DEPLOYMENT,
    SITE,
    Container,
    NarrowDeployment,
    Page,
    Site,
    SiteSpec,
    SiteStatus,
    deployment,
    install_sites,
    site,
)

from kubewright.client import Client, Untyped
from kubewright.objects import ObjectMeta
from kubewright.objects.errors import Conflict, NotFound

SPEC = {
    "image": "a:1",
    "extra": {"deep": [1, {"er": None}]},
    "pages": [{"name": "one", "title": "1", "x": 1}, {"name": "two", "title": "2", "x": 2}],
}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with api_server() as server:
        client = server.client()
        await install_sites(client)
        yield client


async def spec_of(client: Client, kind: Any = SITE) -> Any:
    return (await client.get(Untyped(kind), "a")).to_plain()["spec"]


async def test_what_the_class_does_not_know_is_kept_everywhere(client: Client) -> None:
    await client.create(site(SPEC))
    obj = await client.get(Site, "a")
    obj.spec.image = "a:2"
    obj.spec.pages = [Page(name="new"), *reversed(obj.spec.pages)]
    obj.spec.pages[1].title = "second"
    await client.update(obj)
    assert await spec_of(client) == {
        "image": "a:2",
        "extra": SPEC["extra"],
        "pages": [{"name": "new"}, {"name": "two", "title": "second", "x": 2}, {"name": "one", "title": "1", "x": 1}],
    }


async def test_what_the_class_knows_can_be_removed(client: Client) -> None:
    await client.create(site(SPEC))
    obj = await client.get(Site, "a")
    obj.spec.image, obj.spec.pages = None, []
    await client.update(obj)
    assert await spec_of(client) == {"extra": SPEC["extra"]}


async def test_a_built_in_kind_keeps_fields_that_its_class_lacks(client: Client) -> None:
    await client.create(deployment(command=["run"], livenessProbe={"exec": {"command": ["true"]}}))
    before = await spec_of(client, DEPLOYMENT)
    obj = await client.get(NarrowDeployment, "a")
    obj.spec.replicas = 3
    main, side = obj.spec.template.spec.containers
    main.image = "a:2"
    obj.spec.template.spec.containers = [side, Container(name="more", image="m:1"), main]
    await client.update(obj)
    after = await spec_of(client, DEPLOYMENT)
    side_after, more, main_after = after["template"]["spec"].pop("containers")
    main_before, side_before = before["template"]["spec"].pop("containers")
    assert main_after == {**main_before, "image": "a:2"}
    assert side_after == side_before
    assert more["image"] == "m:1"
    assert after == {**before, "replicas": 3}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, msgspec.structs.replace])
async def test_copies_are_no_different(client: Client, copied: Any) -> None:
    await client.create(site(SPEC))
    obj = copied(await client.get(Site, "a"))
    obj.spec.image = "a:2"
    await client.update(obj)
    assert await spec_of(client) == {**SPEC, "image": "a:2"}


async def test_an_object_made_by_hand_replaces_what_its_class_knows(client: Client) -> None:
    version = (await client.create(site(SPEC))).metadata.resource_version
    await client.update(Site(metadata=ObjectMeta(name="a", resource_version=version), spec=SiteSpec(image="b")))
    assert await spec_of(client) == {"image": "b", "extra": SPEC["extra"]}


async def test_the_status_is_replaced_likewise(client: Client) -> None:
    made = await client.create(site(SPEC))
    status = {"ready": 1, "pages": [{"name": "one", "x": 1}], "since": "today"}
    await client.patch(made, merge={"status": status}, subresource="status")
    obj = await client.get(Site, "a")
    obj.status.ready = 2
    obj.status.pages.append(Page(name="two"))
    answer = await client.update(obj, subresource="status")
    assert answer.status == SiteStatus(ready=2, pages=[Page(name="one"), Page(name="two")])
    pages = [{"name": "one", "x": 1}, {"name": "two"}]
    held = (await client.get(Untyped(SITE), "a")).to_plain()
    assert held["status"] == {"ready": 2, "pages": pages, "since": "today"}
    assert held["spec"] == SPEC


async def test_an_object_that_others_have_changed_meanwhile_is_refused(client: Client) -> None:
    await client.create(site(SPEC))
    obj = await client.get(Site, "a")
    await client.patch(obj, merge={"spec": {"extra": 1}})
    with pytest.raises(Conflict):
        await client.update(obj)


async def test_an_object_that_became_another_or_is_not_there_is_refused(client: Client) -> None:
    await client.create(site(SPEC))
    obj = await client.get(Site, "a")
    obj.metadata.name = "other"
    with pytest.raises(Conflict):  # its uid is that of another
        await client.update(obj)
    with pytest.raises(NotFound):
        await client.update(Site(metadata=ObjectMeta(name="other"), spec=SiteSpec(image="b")))
