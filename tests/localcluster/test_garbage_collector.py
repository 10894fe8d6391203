from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.manager import definitions, install
from kubewright.objects import ObjectMeta, OwnerReference, owner_reference
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.schema import Resource, Spec, custom_resource


class ShelfSpec(Spec): ...


@custom_resource(group="example.com", version="v1")
class Shelf(Resource[ShelfSpec, None]): ...


GHOST = OwnerReference(api_version="v1", kind="Secret", name="ghost", uid="11111111-1111-1111-1111-111111111111")


def config_map(name: str, *owners: OwnerReference) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", owner_references=list(owners)))


async def test_an_object_whose_owner_never_existed_goes(client: Client) -> None:
    await client.create(config_map("a", GHOST))
    await gone(lambda: client.get(ConfigMap, "a"))


async def test_an_object_stays_as_long_as_one_owner_is_there(client: Client) -> None:
    one = await client.create(Secret(metadata=ObjectMeta(name="one", namespace="default")))
    two = await client.create(Secret(metadata=ObjectMeta(name="two", namespace="default")))
    owners = [owner_reference(one, controller=False), owner_reference(two, controller=False)]
    await client.create(config_map("a", *owners))
    await client.delete(one)

    async def one_owner() -> bool:
        left = await client.get(ConfigMap, "a")
        return [owner.name for owner in left.metadata.owner_references] == ["two"]

    await eventually(one_owner)
    await client.delete(two)
    await gone(lambda: client.get(ConfigMap, "a"))


async def test_chains_are_followed(client: Client) -> None:
    top = await client.create(config_map("top"))
    middle = await client.create(config_map("middle", owner_reference(top)))
    await client.create(config_map("bottom", owner_reference(middle)))
    await client.delete(top)
    await gone(lambda: client.get(ConfigMap, "bottom"))


async def test_in_the_foreground_an_owner_waits_for_those_that_block_it(client: Client) -> None:
    owner = await client.create(config_map("owner"))
    child = config_map("child", owner_reference(owner))
    child.metadata.finalizers = ["x.test/held"]
    child = await client.create(child)
    await client.delete(owner, propagation="Foreground")

    async def child_is_going() -> bool:
        return (await client.get(ConfigMap, "child")).metadata.deletion_timestamp is not None

    await eventually(child_is_going)
    assert (await client.get(ConfigMap, "owner")).metadata.finalizers == ["foregroundDeletion"]
    await client.patch(child, merge={"metadata": {"finalizers": None}})
    await gone(lambda: client.get(ConfigMap, "owner"))


async def test_an_owner_that_goes_before_its_new_kind_is_followed_takes_its_dependents_along(client: Client) -> None:
    await install(client, definitions([Shelf]), field_manager="test")
    shelf = await client.create(Shelf(metadata=ObjectMeta(name="a", namespace="default"), spec=ShelfSpec()))
    await client.create(config_map("a", owner_reference(shelf)))
    await client.create(config_map("later", GHOST))
    await gone(lambda: client.get(ConfigMap, "later"))  # so the collector has looked at the first one, too
    await client.delete(shelf)
    await gone(lambda: client.get(ConfigMap, "a"))
