from typing import Any

import pytest

from kubewright.helm.plans import changed_fields


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, ["a.b"]),
        ({}, {"spec": {"replicas": 2}}, ["spec.replicas"]),
        ({"list": [1, 2]}, {"list": [2, 1]}, ["list"]),
        ({"gone": 1}, {}, ["gone"]),
    ],
)
def test_the_fields_that_differ_are_named_by_their_paths(before: Any, after: Any, fields: list[str]) -> None:
    assert list(changed_fields(before, after)) == fields
