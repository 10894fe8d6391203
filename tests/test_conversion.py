"""Conversion end to end: an operator with two versions of a kind, on a cluster of its own."""

from kubewright import ObjectMeta, Operator, Resource, Spec
from kubewright.testing.cluster import TestCluster

op = Operator("site-operator")


class OldSpec(Spec):
    host: str


class NewSpec(Spec):
    hostname: str
    replicas: int = 1


@op.resource(group="web.example.com", version="v1alpha1", kind="Site", storage=False)
class OldSite(Resource[OldSpec, None]): ...


@op.resource(group="web.example.com", version="v1", storage=True)
class Site(Resource[NewSpec, None]): ...


@op.convert(OldSite, Site)
def to_new(old: OldSite) -> Site:
    return Site(spec=NewSpec(hostname=old.spec.host))


@op.convert(Site, OldSite, lossless=True)
def to_old(new: Site) -> OldSite:
    return OldSite(spec=OldSpec(host=new.spec.hostname))


async def test_both_versions_are_read_and_written(cluster: TestCluster) -> None:
    async with cluster.running(op):
        old = OldSite(metadata=ObjectMeta(name="a", namespace="default"), spec=OldSpec(host="h"))
        await cluster.client.create(old)
        assert (await cluster.client.get(Site, "a")).spec.hostname == "h"
        new = Site(metadata=ObjectMeta(name="b", namespace="default"), spec=NewSpec(hostname="g", replicas=5))
        await cluster.client.create(new)
        assert (await cluster.client.get(OldSite, "b")).spec.host == "g"


async def test_a_write_in_the_old_version_loses_nothing_of_the_new(cluster: TestCluster) -> None:
    async with cluster.running(op):
        new = Site(metadata=ObjectMeta(name="b", namespace="default"), spec=NewSpec(hostname="g", replicas=5))
        await cluster.client.create(new)
        old = await cluster.client.get(OldSite, "b")
        old.spec.host = "changed"
        await cluster.client.update(old)
        spec = (await cluster.client.get(Site, "b")).spec
        assert (spec.hostname, spec.replicas) == ("changed", 5)
