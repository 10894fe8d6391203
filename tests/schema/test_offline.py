from __future__ import annotations

from typing import Annotated

from kubewright.schema import Immutable, Meta, Resource, Rule, Spec, custom_resource
from kubewright.schema.offline import problems


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
