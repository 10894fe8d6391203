from __future__ import annotations

from typing import Annotated, Any

import pytest

from kubewright.schema import Immutable, Meta, Resource, Rule, Spec, custom_resource
from kubewright.schema.offline import OfflineValidator, UnknownKind, problems


@Rule("self.low <= self.high", "low must not be more than high", field_path=".low")
class RangeSpec(Spec):
    low: Annotated[int, Meta(ge=0)] = 0
    high: int = 10
    unit: Annotated[str | None, Immutable()] = None


@custom_resource(group="example.com", version="v1")
class Range(Resource[RangeSpec, None]): ...


def messages(new: RangeSpec, old: RangeSpec | None = None) -> list[str]:
    found = problems(Range(spec=new), None if old is None else Range(spec=old))
    return [f"{cause.field}: {cause.message}" for cause in found]


def test_a_valid_resource_has_no_problems() -> None:
    assert messages(RangeSpec(low=1)) == []


def test_constraints_and_rules_are_checked() -> None:
    assert "should be greater than or equal to 0" in messages(RangeSpec(low=-1))[0]
    assert messages(RangeSpec(low=11)) == ["spec.low: Invalid value: low must not be more than high"]


def test_rules_on_changes_see_the_old_object() -> None:
    assert messages(RangeSpec(unit="m"), RangeSpec()) == []
    assert "is immutable" in messages(RangeSpec(unit="km"), RangeSpec(unit="m"))[0]
    assert "field unit is immutable once set" in messages(RangeSpec(), RangeSpec(unit="m"))[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"apiVersion": 1}, "apiVersion"),
        ({"kind": ["ConfigMap"]}, "kind"),
        ({"metadata": {"name": "a", "annotations": {"b": 1}}}, "metadata.annotations[...]"),
        ({"metadata": {"labels": {}}}, "metadata.name"),
    ],
)
def test_what_every_object_has_is_checked(change: dict[str, Any], field: str) -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}} | change
    names = {"kind": "Thing"}
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {}}}}
    crd = {"spec": {"group": "example.com", "names": names, "versions": [version]}}
    assert field in [cause.field for cause in OfflineValidator([crd]).check(obj)]


def test_a_broken_definition_defines_nothing() -> None:
    with pytest.raises(UnknownKind):
        OfflineValidator([{"spec": {"group": "a"}}, {}]).check(
            {"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "a"}}
        )
