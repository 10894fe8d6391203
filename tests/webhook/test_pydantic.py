from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from kubewright import Operator, Resource, Status
from kubewright.objects import ObjectMeta, from_dict
from kubewright.objects.errors import Invalid
from kubewright.schema import custom_resource
from kubewright.testing.cluster import TestCluster
from kubewright.webhook.errors import undecodable


class Port(BaseModel):
    name: str = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def in_lower_case(cls, name: str) -> str:
        if not name.islower():
            raise ValueError("must be in lower case")
        return name


class AppSpec(BaseModel):
    replicas: int = 1
    ports: list[Port] = []


class AppStatus(Status):
    replicas: int = 0


class App(Resource[AppSpec, AppStatus]): ...


async def test_pydantic_speaks_in_the_webhook_with_field_paths(cluster: TestCluster) -> None:
    op = Operator("apps")
    op.resource(group="example.com", version="v1")(App)

    @op.validate(App)
    def sound(new: App, old: App | None) -> None: ...

    @op.reconcile(App)
    async def reconcile(app: App, ctx: object) -> None:
        app.status.replicas = app.spec.replicas

    async with cluster.running(op):
        await cluster.client.create(App(metadata=ObjectMeta(name="a", namespace="default"), spec=AppSpec(replicas=2)))
        app = await cluster.eventually(App, "a", lambda app: app.status.replicas == 2)
        assert app.spec.ports == []
        with pytest.raises(Invalid) as refused:
            ports = [{"name": "web"}, {"name": "Web"}, {"name": "Api"}]
            await cluster.client.patch(App, "a", "default", merge={"spec": {"ports": ports}})
    assert [(cause.field, cause.message) for cause in refused.value.causes] == [
        ("spec.ports[1].name", 'Invalid value: "Web": must be in lower case'),
        ("spec.ports[2].name", 'Invalid value: "Api": must be in lower case'),
    ]


class File(BaseModel):
    kind: Literal["file"]
    path: str = Field(min_length=2)


class Url(BaseModel):
    kind: Literal["url"]
    url: str


class SourceSpec(BaseModel):
    source: File | Url = Field(discriminator="kind")


@custom_resource(group="example.com", version="v1")
class Source(Resource[SourceSpec, None]): ...


@pytest.mark.parametrize(
    ("source", "field"),
    [({"kind": "file", "path": "a"}, "spec.source.path"), ({"kind": "url"}, "spec.source.url")],
)
def test_the_tags_of_a_union_are_no_fields(source: dict[str, str], field: str) -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "Source", "metadata": {"name": "a"}, "spec": {"source": source}}
    with pytest.raises(ValueError) as error:
        from_dict(Source, obj)
    (problem,) = undecodable(error.value, obj)
    assert problem.field == field


def test_what_msgspec_says_names_the_field_once() -> None:
    (problem,) = undecodable(ValueError("Expected `int`, got `str` - at `$.spec.size`"))
    assert (problem.field, str(getattr(problem, "message", ""))) == (
        "spec.size",
        "Invalid value: expected `int`, got `str`",
    )
