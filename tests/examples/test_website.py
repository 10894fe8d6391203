from typing import Any

import pytest
from tests.examples.loading import load

from kubewright import ObjectMeta
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.errors import Invalid
from kubewright.testing.cluster import TestCluster

website: Any = load("website")
Website, WebsiteSpec = website.Website, website.WebsiteSpec


async def test_a_website_is_served_and_says_so(cluster: TestCluster) -> None:
    async with cluster.running(website.op):
        await cluster.client.create(Website(metadata=ObjectMeta(name="a", namespace="default"), spec=WebsiteSpec()))
        site = await cluster.eventually(Website, "a", lambda site: site.status.ready_replicas == 1)
        assert (site.spec.host, site.status.conditions[0].reason) == ("a.example.com", "Serving")
        await cluster.client.delete(site)
        await cluster.gone(Website, "a")
        await cluster.gone(Deployment, "a")


async def test_a_website_keeps_its_host(cluster: TestCluster) -> None:
    async with cluster.running(website.op):
        site = Website(metadata=ObjectMeta(name="a", namespace="default"), spec=WebsiteSpec(host="one.example.com"))
        await cluster.client.create(site)
        with pytest.raises(Invalid, match="is immutable"):
            await cluster.client.patch(Website, "a", merge={"spec": {"host": "other.example.com"}})
