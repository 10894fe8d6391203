"""Python twins of the types that controller-gen tests itself with give the definitions that it publishes for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from msgspec import field

from kubewright.objects import MicroTime, RawExtension, Unstructured, to_dict
from kubewright.schema import (
    AllOf,
    AtLeastOneOf,
    AtMostOneOf,
    ExactlyOneOf,
    Immutable,
    Int32,
    Int64,
    Meta,
    Resource,
    Rule,
    Spec,
    Status,
    custom_resource,
)
from kubewright.schema.crd import AnyResource, crd

GOLDENS = Path(__file__).parent / "goldens"

TESTDATA = "testdata.kubebuilder.io"
Host = Annotated[
    str,
    Meta(min_length=1, max_length=255, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
]
Percentage = Annotated[int | str, Meta(min_length=1, max_length=10, pattern="^((100|[0-9]{1,2})%|[0-9]+)$")]


class NestedObject(Spec):
    foo: str
    bar: bool


@Meta(preserve_unknown=True)
class UnprunedObject(NestedObject): ...


@Meta(map_type="atomic")
class AtomicObject(NestedObject): ...


class RootObject(Spec):
    nested: NestedObject


class AssociativeType(Spec):
    name: str
    secondary: int
    foo: str


class EmptiableObject(Spec):
    bar: str | None = None
    foo: str = "forty-two"


@Meta(min_length=1, max_length=2)
class MinMaxObject(Spec):
    foo: str | None = None
    bar: str | None = None
    baz: str | None = None


class ContainsNestedMap(Spec):
    inner_map: dict[str, str] = {}


class Inlined(Spec):
    from_embedded: str | None = None


OBJECTS = [{"nested": {"foo": "baz", "bar": True}}, {"nested": {"foo": "qux", "bar": False}}]


@Rule(
    "has(oldSelf.forbiddenInt) || !has(self.forbiddenInt)",
    "forbiddenInt is not allowed",
    reason="FieldValueForbidden",
    field_path=".forbiddenInt",
)
class CronJobSpec(Inlined):
    associative_list: Annotated[list[AssociativeType], Meta(list_map_keys=["name", "secondary"])]
    binary_name: bytes
    byte_slice_data: dict[str, bytes] = {}
    can_be_null: Annotated[str, Meta(nullable=True)]
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = None
    defaulted_empty_map: Annotated[dict[str, str], Meta(required=True, default={})] = {}
    defaulted_empty_object: Annotated[EmptiableObject, Meta(required=True, default={})] = EmptiableObject()
    defaulted_empty_slice: Annotated[list[str], Meta(required=True, default=[], title="{}")] = []
    defaulted_object: Annotated[list[RootObject], Meta(default=OBJECTS, example=OBJECTS, title="124")]
    defaulted_slice: Annotated[list[str], Meta(required=True, example=["a", "b"], title="DefaultedSlice")] = field(
        default_factory=lambda: ["a", "b"]
    )
    defaulted_string: Annotated[str, Meta(required=True, example="forty-two", title="DefaultedString")] = "forty-two"
    embedded_resource: Unstructured
    enum_slice: list[Literal[0, 1, 3]] = []
    explicitly_optional_kubebuilder: str | None = None
    explicitly_required_kubebuilder: str
    float_with_validations: Annotated[float, Meta(ge=-0.5, le=1.5, multiple_of=0.5, allow_float=True)]
    forbidden_int: int | None = None
    hosts: Annotated[list[Host], Meta(min_length=1, list_type="set")] | None = None
    int_or_string_array_with_a_pattern: list[Percentage] = field(default=[], name="intOrStringArrayWithAPattern")
    int_with_validations: Annotated[int, Meta(ge=-2, le=2, multiple_of=2)]
    map_of_info: Annotated[dict[str, bytes], Meta(map_type="granular")]
    min_max_properties: MinMaxObject | None = None
    nested_map_in_struct: dict[str, ContainsNestedMap] = {}
    nested_nested_map: dict[str, dict[str, dict[str, str]]] = {}
    no_really_suspend: Annotated[bool | None, Meta(schema={"type": "string"})] = None
    only_allow_setting_on_update: (
        Annotated[
            int,
            Rule(
                "oldSelf.hasValue() || self == 0",
                "must be set to 0 on creation. can be set to any value on an update.",
                optional_old_self=True,
            ),
        ]
        | None
    ) = None
    pattern_object: Annotated[str, Meta(pattern=r"^$|^((https):\/\/?)[^\s()<>]+(?:\([\w\d]+\)|([^[:punct:]\s]|\/?))$")]
    protocol: str = "TCP"
    selectable_field_string: str | None = None
    string_pair: Annotated[list[str], Meta(min_length=2, max_length=2)]
    string_slice_data: dict[str, list[str]] = {}
    string_with_even_length_and_good_prefix: (
        Annotated[
            str,
            Rule("self.startsWith('good-')", "must have good prefix"),
            Rule("self.size() % 2 == 0", "must have even length"),
        ]
        | None
    ) = None
    struct_with_several_fields: AtomicObject
    unpruned_fom_type: RawExtension
    unpruned_json: UnprunedObject = field(name="unprunedJSON")


class Elapsed(Status):
    value: int


class CronJobStatus(Status):
    duration: Elapsed | None = None
    last_active_log_url: str | None = field(default=None, name="lastActiveLogURL")
    last_schedule_micro_time: MicroTime | None = None
    last_schedule_time2: Int64 | None = None


@custom_resource(
    group=TESTDATA,
    version="v1",
    singular="mycronjob",
    storage=True,
    selectable_fields=[".spec.selectableFieldString"],
    annotations={
        "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/controller-tools",
        "cert-manager.io/inject-ca-from-secret": "cert-manager/cert-manager-webhook-ca",
    },
)
class CronJob(Resource[CronJobSpec | None, CronJobStatus]): ...


class CronJobV1beta1Spec(Spec):
    int32_with_validations: Annotated[Int32, Meta(ge=-2, le=2, multiple_of=2)]
    two_of_a_kind_part0: Annotated[str, Meta(min_length=4)]


@custom_resource(group=TESTDATA, version="v1beta1", kind="CronJob", singular="mycronjob", served=False)
class CronJobV1beta1(Resource[CronJobV1beta1Spec | None, None]): ...


@custom_resource(
    group=TESTDATA,
    version="v1beta2",
    kind="CronJob",
    singular="mycronjob",
    deprecated="use v1 instead, this version causes your data center to catch fire when used on Tuesdays",
)
class CronJobV1beta2(Resource[None, None]): ...


@Rule("!(has(self.foo) && has(self.bar))", "only one of foo|bar may be set")
@AtMostOneOf("foo", "bar")
class TypeWithOneofs(Spec):
    foo: str | None = None
    bar: str | None = None


@AllOf("host", "port")
class TypeWithAllOf(Spec):
    host: str | None = None
    port: int | None = None
    path: str | None = None


@AtMostOneOf("a", "b")
@ExactlyOneOf("c", "d")
@AtLeastOneOf("e", "f")
class TypeWithAllOneofs(Spec):
    a: str | None = None
    b: str | None = None
    c: str | None = None
    d: str | None = None
    e: str | None = None
    f: str | None = None


CustomTypeAlias = Annotated[Int32, Rule("self >= 100 && self <= 1000", "invalid CustomTypeAlias value")]


class OneofSpec(Spec):
    first_type_with_oneof: TypeWithOneofs | None = None
    type_with_all_of: TypeWithAllOf | None = None
    type_with_all_one_of: TypeWithAllOneofs | None = None
    first_custom_type_alias: CustomTypeAlias | None = None


@custom_resource(group=TESTDATA, version="v1beta1")
class Oneof(Resource[OneofSpec, None]): ...


class KeyValue(Spec):
    key: str
    value: str


class ImmutableTypeSpec(Spec):
    mutable_string: str
    required_slice: Annotated[list[str], Immutable()]
    required_struct: Annotated[KeyValue, Immutable()]
    optional_string: Annotated[str | None, Immutable()] = None
    optional_struct: Annotated[KeyValue | None, Immutable()] = None
    optional_map: Annotated[dict[str, str], Immutable()] = {}


@custom_resource(group=TESTDATA, version="v1")
class ImmutableType(Resource[ImmutableTypeSpec, None]): ...


@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("testdata-cronjob", [CronJob, CronJobV1beta1, CronJobV1beta2]),
        ("testdata-oneof", [Oneof]),
        ("testdata-immutable", [ImmutableType]),
    ],
)
def test_the_twin_publishes_what_controller_gen_does(name: str, versions: list[type[AnyResource]]) -> None:
    golden: Any = yaml.safe_load((GOLDENS / f"{name}.yaml").read_text())
    assert to_dict(crd(*versions, max_description=0)) == golden
