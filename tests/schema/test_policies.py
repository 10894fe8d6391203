from __future__ import annotations

from typing import Annotated, Any

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.manager import install
from kubewright.objects import MicroTime, ObjectMeta, from_dict, to_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import Invalid
from kubewright.schema import ExactlyOneOf, Immutable, Meta, Resource, Rule, Spec, Status, custom_resource
from kubewright.schema.crd import crd
from kubewright.schema.policies import Policies, policies


@Rule("self.min <= self.max", "min must not exceed max")
class Port(Spec):
    name: str
    min: int = 1
    max: int = 9
    protocol: Annotated[str, Immutable()] = "TCP"


@ExactlyOneOf("image", "build")
class AppSpec(Spec):
    image: str | None = None
    build: str | None = None
    region: Annotated[str | None, Immutable()] = None
    ports: Annotated[list[Port], Meta(list_map_keys=["name"], max_length=8)] = []
    limits: Annotated[
        dict[str, Annotated[int, Rule("self < 100")]],
        Meta(max_length=8),
    ] = {}
    size: Annotated[
        int, Rule("!oldSelf.hasValue() || self >= oldSelf.value()", "must not shrink", optional_old_self=True)
    ] = 1
    replicas: Annotated[int, Rule("self < 10", message_expression="'at most ' + '9'")] = 1


class AppStatus(Status):
    phase: Annotated[str | None, Rule("self != 'Bad'", "must be good")] = None


@custom_resource(group="example.com", version="v1")
class App(Resource[AppSpec, AppStatus]): ...


def without_rules(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: without_rules(value) for key, value in schema.items() if key != "x-kubernetes-validations"}
    return [without_rules(one) for one in schema] if isinstance(schema, list) else schema


async def define(client: Client) -> None:
    """The definition without its rules, which are then all the policies' to enforce."""
    await install(client, [from_dict(CustomResourceDefinition, without_rules(to_dict(crd(App))))], field_manager="test")


def made() -> Policies:
    return policies(to_dict(crd(App)))


def app(**spec: Any) -> App:
    return App(metadata=ObjectMeta(name="a", namespace="default"), spec=AppSpec(**{"image": "i", **spec}))


REFUSED_AT_CREATION: list[tuple[dict[str, Any], str]] = [
    ({"build": "b"}, r"spec: exactly one of the fields in \[image build\] must be set"),
    ({"ports": [Port(name="a", min=3, max=2)]}, r"spec.ports\[\*\]: min must not exceed max"),
    ({"limits": {"cpu": 100}}, r"spec.limits\[\*\]: failed rule: self < 100"),
    ({"replicas": 10}, "spec.replicas: at most 9"),
]
REFUSED_AFTERWARDS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"region": "eu"}, {"region": "us"}, "spec.region: field is immutable"),
    ({"region": "eu"}, {"region": None}, "spec: field region is immutable once set"),
    ({"size": 2}, {"size": 1}, "spec.size: must not shrink"),
    (
        {"ports": [Port(name="a")]},
        {"ports": [{"name": "b", "protocol": "UDP"}, {"name": "a", "protocol": "UDP"}]},
        r"spec.ports\[\*\].protocol: field is immutable",
    ),
]


async def test_policies_refuse_what_the_rules_refuse() -> None:
    async with api_server() as server:
        client = server.client()
        await define(client)
        for obj in made().objects:
            await client.create(obj, field_validation="Strict")
        for spec, message in REFUSED_AT_CREATION:
            with pytest.raises(Invalid, match=message):
                await client.create(app(**spec))
        for number, (spec, change, message) in enumerate(REFUSED_AFTERWARDS):
            stored = app(**spec)
            stored.metadata.name = f"a{number}"
            await client.create(stored)
            with pytest.raises(Invalid, match=message):
                await client.patch(stored, merge={"spec": change})
            await client.patch(stored, merge={"spec": {"image": "j"}})
        with pytest.raises(Invalid, match=r"status.phase: must be good"):
            await client.patch(stored, merge={"status": {"phase": "Bad"}}, subresource="status")


class WindowSpec(Spec):
    start: MicroTime
    end: MicroTime
    namespace: Annotated[str, Rule("self != 'kube-system'")] = "default"


@Rule("self.spec.start < self.spec.end")
@Rule("self.spec.__namespace__ != ''")
@custom_resource(group="example.com", version="v1")
class Window(Resource[WindowSpec, None]): ...


def test_what_a_policy_cannot_say_is_left_out_and_named() -> None:
    window = policies(to_dict(crd(Window)))
    assert [line.rpartition(": ")[2] for line in window.left_out] == [
        "a policy sees end as text",
        "a policy can't spell a field whose name is escaped",
    ]
    policy = window.objects[0]
    assert to_dict(policy)["spec"]["validations"][0]["expression"] == (
        '!("namespace" in object.spec) || (object.spec["namespace"] != \'kube-system\')'
    )


def test_a_kind_without_rules_has_no_policies() -> None:
    @custom_resource(group="example.com", version="v1")
    class Plain(Resource[Port, None]): ...

    definition = without_rules(to_dict(crd(Plain)))
    assert policies(definition) == Policies([], [])
