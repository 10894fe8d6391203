from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import pydantic
import pytest
from hypothesis import given, settings

from kubewright.objects import Condition, Duration, IntOrString, Quantity, Time
from kubewright.schema import AtMostOneOf, Meta, Resource, Rule, Spec, Status, custom_resource
from kubewright.schema.offline import problems
from kubewright.testing.strategies import assert_round_trips, objects_of
from kubewright.webhook.conversion import Conversions


class Port(Spec):
    number: Annotated[int, Meta(ge=1, le=65535)]
    protocol: Literal["TCP", "UDP"] = "TCP"


class Bucket(Spec, tag_field="type", tag="bucket"):
    name: str
    region: str = "here"


class Folder(Spec, tag_field="type", tag="folder"):
    path: str = "/data"
    mode: int | None = None


class Memory(Spec, tag_field="type", tag="memory"):
    size: Quantity


class Checked(pydantic.BaseModel):
    even: int = 0

    @pydantic.field_validator("even")
    @classmethod
    def is_even(cls, number: int) -> int:
        if number % 2:
            raise ValueError("must be even")
        return number


@AtMostOneOf("host", "path")
@Rule("self.low <= self.high")
class RichSpec(Spec):
    name: Annotated[str, Meta(pattern="^[a-z]{1,5}$")]
    host: str | None = None
    path: str | None = None
    low: Annotated[int, Meta(gt=0, lt=9, multiple_of=2)] = 2
    high: Annotated[int, Meta(le=20)] = 10
    ports: Annotated[list[Port], Meta(list_map_keys=["number", "protocol"], max_length=3)] = []
    tags: Annotated[set[str], Meta(min_length=1)] | None = None
    size: Quantity = Quantity("1Gi")
    target: IntOrString | None = None
    when: Time | None = None
    labels: dict[str, str] = {}
    timeout: Duration | None = None
    share: Annotated[int, Meta(ge=1, le=9)] | Annotated[str, Meta(pattern="^[1-9]%$")] = 1
    id: UUID | None = None
    store: Bucket | Folder | Memory | None = None
    checked: Checked | None = None


class RichStatus(Status):
    conditions: list[Condition] = []


@custom_resource(group="example.com", version="v1")
class Rich(Resource[RichSpec, RichStatus]): ...


@settings(max_examples=50)
@given(objects_of(Rich))
def test_drawn_objects_are_valid(rich: Rich) -> None:
    assert problems(rich) == []
    assert rich.metadata.name


class OldSpec(Spec):
    host: str | None = None
    port: int | None = None


class NewSpec(Spec):
    host: str | None = None
    ports: Annotated[list[int], Meta(max_length=1)] = []


@custom_resource(group="example.com", version="v1alpha1", kind="Site")
class OldSite(Resource[OldSpec, None]): ...


@custom_resource(group="example.com", version="v1", kind="Site")
class NewSite(Resource[NewSpec, None]): ...


def upgrade(old: OldSite) -> NewSite:
    ports = [] if old.spec.port is None else [old.spec.port]
    return NewSite(spec=NewSpec(host=old.spec.host, ports=ports))


def downgrade(new: NewSite) -> OldSite:
    return OldSite(spec=OldSpec(host=new.spec.host, port=new.spec.ports[0] if new.spec.ports else None))


def forgetful(new: NewSite) -> OldSite:
    return OldSite(spec=OldSpec(host=new.spec.host))


def test_lossless_conversions_pass() -> None:
    conversions = Conversions()
    conversions.add(OldSite, NewSite, upgrade)
    conversions.add(NewSite, OldSite, downgrade)
    assert_round_trips(conversions, OldSite, NewSite, examples=50)


def test_what_gets_lost_is_shown() -> None:
    conversions = Conversions()
    conversions.add(OldSite, NewSite, upgrade)
    conversions.add(NewSite, OldSite, forgetful)
    with pytest.raises(AssertionError, match="and came back as"):
        assert_round_trips(conversions, OldSite, NewSite, examples=50)
