from typing import Annotated, Any, Literal

import msgspec
import pydantic
import pytest
from pydantic.alias_generators import to_camel

from kubewright.objects import Duration, LabelSelector, ObjectMeta, Quantity, from_json, to_dict, to_json
from kubewright.schema import Resource, SchemaError, Spec, Status, custom_resource
from kubewright.schema.crd import crd
from kubewright.schema.offline import problems
from kubewright.schema.types import schema_of


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Page(Model):
    path: str = pydantic.Field(pattern="^/")


class SiteSpec(Model):
    """A site."""

    image: str = pydantic.Field(default="nginx", min_length=1, description="What to run.")
    replica_count: int = pydantic.Field(default=1, ge=0, le=10)
    host: str | None = None
    mode: Literal["a", "b"]
    pages: list[Page] = []


class SiteStatus(Status):
    ready: bool = False


@custom_resource(group="web.example.com", version="v1")
class Site(Resource[SiteSpec, SiteStatus]): ...


class SiteTwin(Spec):
    mode: Literal["a", "b"]


def test_a_model_gives_the_same_schema_as_a_spec() -> None:
    schema = schema_of(SiteSpec)
    assert schema["description"] == "A site."
    assert schema["required"] == ["mode"]
    assert schema["properties"]["image"] == {
        "type": "string",
        "default": "nginx",
        "minLength": 1,
        "description": "What to run.",
    }
    assert schema["properties"]["replicaCount"] == {"type": "integer", "default": 1, "minimum": 0, "maximum": 10}
    assert schema["properties"]["host"] == {"type": "string"}
    assert schema["properties"]["pages"]["items"]["properties"] == {"path": {"type": "string", "pattern": "^/"}}
    assert schema["properties"]["mode"] == schema_of(SiteTwin)["properties"]["mode"]


def test_objects_hold_validated_models() -> None:
    site = Site(metadata=ObjectMeta(name="a"), spec=SiteSpec(mode="a", pages=[Page(path="/x")]))
    assert to_dict(site)["spec"] == {
        "image": "nginx",
        "replicaCount": 1,
        "mode": "a",
        "pages": [{"path": "/x"}],
    }
    assert from_json(Site, to_json(site)) == site
    assert crd(Site).metadata.name == "sites.web.example.com"
    with pytest.raises(msgspec.ValidationError, match=r"replicaCount(.|\n)*\$\.spec"):
        from_json(Site, b'{"spec":{"mode":"a","replicaCount":-1}}')


class Port(pydantic.RootModel[Annotated[int, pydantic.Field(ge=1)]]): ...


class Cat(Model):
    kind: Literal["cat"]
    lives: int = 9


class Dog(Model):
    kind: Literal["dog"]
    full_name: str


class Owner(Model):
    pet: Cat | Dog = pydantic.Field(discriminator="kind")
    port: Port = Port(80)
    memory: Quantity
    timeout: Duration = Duration("1h")
    selector: LabelSelector | None = None
    site: pydantic.HttpUrl | None = None
    hidden: int = pydantic.Field(default=0, exclude=True)

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def doubled(self) -> int:
        return self.port.root * 2


@custom_resource(group="example.com", version="v1", kind="Owner", plural="owners")
class OwnerResource(Resource[Owner, None]): ...


def test_what_pydantic_writes_is_what_the_schema_admits() -> None:
    properties = schema_of(Owner)["properties"]
    assert list(properties) == ["pet", "port", "memory", "timeout", "selector", "site"]
    assert properties["port"] == {"type": "integer", "minimum": 1, "default": 80}
    assert properties["timeout"] == {"type": "string", "default": "1h0m0s"}
    assert properties["site"]["format"] == "uri"
    plain = {"pet": {"kind": "dog", "fullName": "Rex"}, "memory": "1Gi", "selector": {"matchLabels": {"a": "b"}}}
    owner = from_json(OwnerResource, msgspec.json.encode({"metadata": {"name": "a"}, "spec": plain}))
    assert owner.spec.memory == Quantity("1Gi")
    assert to_dict(owner)["spec"] == plain | {"port": 80, "timeout": "1h0m0s"}
    assert problems(owner) == []


def test_models_of_a_union_are_told_apart_by_a_literal() -> None:
    schema = schema_of(Owner)["properties"]["pet"]
    assert schema["properties"] == {
        "kind": {"type": "string", "enum": ["cat", "dog"]},
        "lives": {"type": "integer"},
        "fullName": {"type": "string"},
    }
    cat = OwnerResource(metadata=ObjectMeta(name="a"), spec=Owner(pet=Cat(kind="cat"), memory=Quantity("1")))
    assert problems(cat) == []


class Said(Model):
    model_config = pydantic.ConfigDict(extra="allow")
    size: int = pydantic.Field(
        title="Size",
        examples=[3],
        json_schema_extra={"x-kubernetes-map-type": "atomic", "k": 1},
    )


def test_what_pydantic_says_of_a_field_or_a_model_is_kept() -> None:
    assert schema_of(Said) == {
        "type": "object",
        "properties": {"size": {"type": "integer", "title": "Size", "example": 3, "x-kubernetes-map-type": "atomic"}},
        "required": ["size"],
        "x-kubernetes-preserve-unknown-fields": True,
    }


def test_a_strict_model_reads_json() -> None:
    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True, ser_json_bytes="base64", val_json_bytes="base64")
        data: bytes
        names: set[str]

    read = msgspec.json.decode(b'{"data":"YQ==","names":["a"]}')
    from_plain = Strict.model_validate_json(msgspec.json.encode(read))
    assert (from_plain.data, from_plain.names) == (b"a", {"a"})
    assert schema_of(Strict)["properties"]["data"] == {"type": "string", "format": "byte"}


class TwoNames(Model):
    size: int = pydantic.Field(validation_alias="SIZE")


class Raw(Model):
    data: bytes


class Masked(Model):
    password: pydantic.SecretStr


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (TwoNames, "TwoNames.size: pydantic reads it as SIZE, but writes size"),
        (Raw, "Raw.data: pydantic writes bytes as they are.*base64"),
        (Masked, "Masked.password: pydantic writes asterisks"),
    ],
)
def test_a_model_that_would_not_come_back_is_refused(model: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema_of(model)
