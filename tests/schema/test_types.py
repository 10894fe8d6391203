from __future__ import annotations

import typing
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, IntFlag, StrEnum
from typing import Annotated, Any, Literal, TypeVar

import pytest
from msgspec import field

from kubewright.objects import JSON, Duration, IntOrString, Object, Quantity, RawExtension, Unstructured
from kubewright.schema import AtMostOneOf, Doc, ExactlyOneOf, Immutable, Meta, Rule, SchemaError, Spec
from kubewright.schema.types import schema_of

PRESERVED = {"x-kubernetes-preserve-unknown-fields": True}
INT_OR_STRING = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (bool, {"type": "boolean"}),
        (int, {"type": "integer"}),
        (str, {"type": "string"}),
        (bytes, {"type": "string", "format": "byte"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (Duration, {"type": "string"}),
        (IntOrString, INT_OR_STRING),
        (JSON, PRESERVED),
        (RawExtension, {"type": "object"} | PRESERVED),
        (Unstructured, {"type": "object", "x-kubernetes-embedded-resource": True} | PRESERVED),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (dict[str, JSON], {"type": "object", "additionalProperties": PRESERVED}),
        (list[JSON], {"type": "array", "items": PRESERVED}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, 2], {"type": "integer", "enum": [1, 2]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (str | None, {"type": "string"}),
    ],
)
def test_maps_types(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema


def test_quantities_take_numbers_and_texts_of_the_right_form() -> None:
    schema = schema_of(Quantity)
    assert schema["x-kubernetes-int-or-string"] is True
    assert schema["pattern"].startswith(r"^(\+|-)?")


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (Annotated[int, Meta(ge=0, lt=10)], {"minimum": 0, "maximum": 10, "exclusiveMaximum": True}),
        (Annotated[int, Meta(gt=0, multiple_of=5)], {"minimum": 0, "exclusiveMinimum": True, "multipleOf": 5}),
        (Annotated[int, Meta(format="int32")], {"format": "int32"}),
        (Annotated[str, Meta(min_length=1, max_length=9)], {"minLength": 1, "maxLength": 9}),
        (
            Annotated[str, Meta(pattern="^a+$", title="A", example="aa")],
            {"pattern": "^a+$", "title": "A", "example": "aa"},
        ),
        (Annotated[str, Meta(enum=["a", "b"])], {"enum": ["a", "b"]}),
        (Annotated[str, Doc("What it is.")], {"description": "What it is."}),
        (Annotated[list[str], Meta(min_length=1, max_length=9)], {"minItems": 1, "maxItems": 9}),
        (Annotated[dict[str, str], Meta(min_length=1)], {"minProperties": 1}),
        (Annotated[dict[str, str], Meta(map_type="atomic")], {"x-kubernetes-map-type": "atomic"}),
        (Annotated[list[str], Meta(list_type="set")], {"x-kubernetes-list-type": "set"}),
        (Annotated[str, Meta(nullable=True)], {"nullable": True}),
        (
            Annotated[str, Rule("self.startsWith('a')", "must start with a", reason="FieldValueForbidden")],
            {
                "x-kubernetes-validations": [
                    {
                        "rule": "self.startsWith('a')",
                        "message": "must start with a",
                        "reason": "FieldValueForbidden",
                    }
                ]
            },
        ),
        (Annotated[Any, Meta(schema={"type": "string"})], {"type": "string"}),
        (Annotated[float, Meta(allow_float=True, ge=0.5)], {"type": "number", "minimum": 0.5}),
    ],
)
def test_constraints_are_added(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation).items() >= schema.items()


def test_constraints_reach_items_and_values() -> None:
    schema = schema_of(dict[str, list[Annotated[str, Meta(min_length=1)]]])
    assert schema["additionalProperties"]["items"] == {"type": "string", "minLength": 1}


def test_items_and_values_may_be_null() -> None:
    assert schema_of(list[int | None])["items"] == {"type": "integer", "nullable": True}
    assert schema_of(dict[str, int | None])["additionalProperties"] == {"type": "integer", "nullable": True}


def test_both_sides_of_an_int_or_string_are_constrained() -> None:
    schema = schema_of(Annotated[int, Meta(ge=1)] | Annotated[str, Meta(pattern="%$")])
    assert schema["x-kubernetes-int-or-string"] is True
    assert (schema["minimum"], schema["pattern"]) == (1, "%$")


def test_constraints_on_keys_become_rules() -> None:
    schema = schema_of(dict[Annotated[str, Meta(pattern="^[a-z]+$", max_length=5)], str])
    rules = [rule["rule"] for rule in schema["x-kubernetes-validations"]]
    assert rules == ['self.all(key, key.matches("^[a-z]+$"))', "self.all(key, size(key) <= 5)"]


class Port(Spec):
    name: str
    number: Annotated[int, Meta(ge=1)]
    protocol: str = "TCP"


class Tls(Spec):
    """How to serve TLS."""

    enabled: bool = False


class Server(Spec):
    image: str
    host: str | None = None
    region: str | None
    replicas: int = 1
    tls: Tls = Tls()
    ports: Annotated[list[Port], Meta(list_map_keys=["number", "protocol"])] = []
    labels: dict[str, str] = {}
    extra: JSON = None
    args: list[str] = ["serve"]


def test_presence_follows_the_defaults() -> None:
    schema = schema_of(Server)
    properties = schema["properties"]
    assert schema["required"] == ["image", "region"]
    assert properties["host"] == {"type": "string"}
    assert properties["region"] == {"type": "string", "nullable": True}
    assert properties["replicas"] == {"type": "integer", "default": 1}
    assert properties["tls"]["default"] == {}
    assert properties["tls"]["description"] == "How to serve TLS."
    assert properties["args"]["default"] == ["serve"]
    assert "default" not in properties["labels"]
    assert properties["ports"]["x-kubernetes-list-map-keys"] == ["number", "protocol"]


class Size(Spec):
    cpu: str
    memory: str | None = None


def test_a_default_may_be_a_struct_that_must_be_given_fields() -> None:
    class Sized(Spec):
        size: Size = Size(cpu="1")

    assert schema_of(Sized)["properties"]["size"]["default"] == {"cpu": "1"}
    assert Sized().size is not Sized().size


def test_markers_with_mappings_stand_in_optional_fields() -> None:
    class Odd(Spec):
        value: Annotated[int, Meta(schema={"type": "string"})] | None = None
        choice: Annotated[int, Meta(enum=[1, 2])] | None = None

    assert schema_of(Odd)["properties"] == {
        "value": {"type": "string"},
        "choice": {"type": "integer", "enum": [1, 2]},
    }


def test_a_set_may_hold_lists_that_are_atomic() -> None:
    Row = Annotated[list[str], Meta(list_type="atomic")]
    assert schema_of(Annotated[list[Row], Meta(list_type="set")])["x-kubernetes-list-type"] == "set"
    with pytest.raises(SchemaError, match="a set holds plain values only"):
        schema_of(Annotated[list[list[str]], Meta(list_type="set")])


def test_field_names_are_camel_case_and_can_be_given() -> None:
    class Named(Spec):
        pod_cidr: str | None = field(default=None, name="podCIDR")
        ready_replicas: int | None = None

    assert list(schema_of(Named)["properties"]) == ["podCIDR", "readyReplicas"]


@AtMostOneOf("host", "path")
@ExactlyOneOf("s3_bucket", "directory")
@Rule("size(self.host) < 5", "too long")
@Meta(map_type="atomic")
class Marked(Spec):
    host: str | None = None
    path: str | None = None
    s3_bucket: str | None = None
    directory: str | None = None


def test_class_markers() -> None:
    schema = schema_of(Marked)
    assert schema["x-kubernetes-map-type"] == "atomic"
    assert schema["x-kubernetes-validations"] == [
        {
            "rule": "[has(self.host),has(self.path)].filter(x,x==true).size() <= 1",
            "message": "at most one of the fields in [host path] may be set",
        },
        {
            "rule": "[has(self.s3Bucket),has(self.directory)].filter(x,x==true).size() == 1",
            "message": "exactly one of the fields in [s3Bucket directory] must be set",
        },
        {"rule": "size(self.host) < 5", "message": "too long"},
    ]


def test_immutable_optional_fields_can_be_set_once() -> None:
    class Region(Spec):
        region: Annotated[str | None, Immutable()] = None
        zone: Annotated[str, Immutable()]

    schema = schema_of(Region)
    assert schema["properties"]["zone"]["x-kubernetes-validations"][0]["rule"] == "self == oldSelf"
    assert [rule["rule"] for rule in schema["x-kubernetes-validations"]] == ["!has(oldSelf.region) || has(self.region)"]


class Base(Spec):
    name: str


class Derived(Base):
    size: int = 1


def test_inherited_fields_stand_side_by_side() -> None:
    assert list(schema_of(Derived)["properties"]) == ["name", "size"]


class Tree(Spec):
    children: list[Tree] = []


class Unresolved(Spec):
    other: Missing  # type: ignore[name-defined]  # noqa: F821


def _fresh() -> str:
    return uuid.uuid4().hex


class Fresh(Spec):
    token: str = field(default_factory=_fresh)


class NoneDefault(Spec):
    name: str = None  # type: ignore[assignment]


class Pair(Spec, array_like=True):
    left: str


@AtMostOneOf("nope")
class WrongMember(Spec):
    host: str | None = None


@AtMostOneOf("host")
class SetMember(Spec):
    host: str


class LooseKey(Spec):
    ports: Annotated[list[Derived], Meta(list_map_keys=["colour"])] = []


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (float, "float.*Quantity.*allow_float=True"),
        (Decimal, "Quantity"),
        (timedelta, "Duration"),
        (Any, "JSON"),
        (typing.List, r"list\[X\]"),  # noqa: UP006
        (tuple, r"list\[X\]"),
        (Object, "Unstructured"),
        (IntFlag("Bits", ["A", "B"]), "flags are combined"),
        (StrEnum("Nothing", []), "it admits no value"),
        (Pair, "Pair: it is written as a list"),
        (dict, "RawExtension"),
        (list, r"list\[X\]"),
        (dict[str, Any], "JSON"),
        (dict[int, str], "strings"),
        (int | list[str], "ambiguous"),
        (tuple[int, str], "fixed length"),
        (set[Derived], "plain values"),
        (complex, "complex has no schema; derive it from Spec"),
        (TypeVar("SpecT"), r"its type is not told; write class Website\(Resource\["),
        (Tree, "Tree: it contains itself"),
        (Unresolved, "'Missing'"),
        (Fresh, "Fresh.token: its default changes"),
        (NoneDefault, "NoneDefault.name: None is no value"),
        (WrongMember, "there is no field 'nope'"),
        (SetMember, "'host' is always set"),
        (LooseKey, "LooseKey.ports: the items have no field 'colour'"),
        (Annotated[str, Meta(ge=1)], "ge doesn't fit a value of type string"),
        (Annotated[int, Meta(ge=0.5)], "can't bound an integer"),
        (Annotated[int, Meta(min_length=1)], "min_length needs a text"),
        (Annotated[int, Meta(pattern="a")], "pattern doesn't fit"),
        (Annotated[str, Meta(pattern="(?=a)")], "isn't valid in the API server"),
        (Annotated[str, Meta(pattern="(")], "isn't valid"),
        (Annotated[str, ExactlyOneOf("a")], "put it above the class"),
        (Annotated[list[str], Meta(list_type="map")], "belong together"),
    ],
)
def test_what_cannot_be_expressed_names_the_fix(annotation: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema_of(annotation)


def test_floats_can_be_allowed_everywhere() -> None:
    assert schema_of(list[float], allow_floats=True)["items"] == {"type": "number"}


def test_descriptions_can_be_cut() -> None:
    assert schema_of(Tls, max_description=6)["description"] == "How to"
    assert "description" not in schema_of(Tls, max_description=0)
