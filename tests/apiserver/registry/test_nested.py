"""Values at paths, and what is said of those that are of another type."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.registry import nested


@pytest.mark.parametrize(
    ("obj", "found"),
    [({"spec": {"size": 3}}, 3), ({"spec": {"size": 0}}, 0), ({"spec": {}}, None), ({"spec": None}, None), ({}, None)],
)
def test_an_integer_is_found_or_is_not_there(obj: dict[str, Any], found: int | None) -> None:
    assert nested.integer(obj, ".spec.size") == found


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        ({"spec": {"size": None}}, ".spec.size accessor error: <nil> is of the type <nil>, expected int64"),
        ({"spec": {"size": "x"}}, ".spec.size accessor error: x is of the type string, expected int64"),
        ({"spec": {"size": True}}, ".spec.size accessor error: true is of the type bool, expected int64"),
        ({"spec": {"size": 2.0}}, ".spec.size accessor error: 2 is of the type float64, expected int64"),
        (
            {"spec": {"size": {"b": [1, "x"], "a": None}}},
            ".spec.size accessor error: map[a:<nil> b:[1 x]] is of the type map[string]interface {}, expected int64",
        ),
        ({"spec": "x"}, ".spec.size accessor error: x is of the type string, expected map[string]interface{}"),
    ],
)
def test_anything_else_is_told_as_go_tells_it(obj: dict[str, Any], problem: str) -> None:
    with pytest.raises(nested.AccessorError) as raised:
        nested.integer(obj, ".spec.size")
    assert str(raised.value) == problem


def test_a_string_is_found() -> None:
    assert nested.string({"status": {"selector": "a=b"}}, ".status.selector") == "a=b"
