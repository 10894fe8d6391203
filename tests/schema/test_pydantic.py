from typing import Literal

import msgspec
import pydantic
import pytest
from pydantic.alias_generators import to_camel

from kubewright.objects import ObjectMeta, from_json, to_dict, to_json
from kubewright.schema import Resource, Spec, Status, custom_resource
from kubewright.schema.crd import crd
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
