"""JSON Patch."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.patch import json_patch
from kubewright.objects.errors import BadRequest, Invalid, RequestEntityTooLarge

Operation = dict[str, Any]


def op(name: str, path: str, **more: Any) -> Operation:
    return {"op": name, "path": path, **{key.rstrip("_"): value for key, value in more.items()}}


@pytest.mark.parametrize(
    ("document", "operations", "result"),
    [
        ({"a": 1}, [op("add", "/b", value=2)], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [op("add", "/a/1", value=2), op("add", "/a/-", value=4)], {"a": [1, 2, 3, 4]}),
        ({"a": [1, 2]}, [op("remove", "/a/-1")], {"a": [1]}),
        ({"a": 1}, [op("replace", "/a", value=2), op("replace", "/new", value=3)], {"a": 2, "new": 3}),
        ({"a": [1, 2]}, [op("replace", "/a/0", value=9)], {"a": [9, 2]}),
        ({"a": 1}, [op("replace", "", value={"b": 2})], {"b": 2}),
        ({"a": [1]}, [op("copy", "/b", from_="/a"), op("add", "/b/-", value=2)], {"a": [1], "b": [1, 2]}),
        ({"a": 1}, [op("copy", "/b", from_="/absent")], {"a": 1, "b": None}),
        ({"a": 1}, [op("move", "/b", from_="/a")], {"b": 1}),
        ({"x.io/y": 1, "~": 2}, [op("remove", "/x.io~1y"), op("remove", "/~0")], {}),
        ({"a": {"b": [1, None]}}, [op("test", "/a", value={"b": [1, None]}), op("test", "/z", value=None)], None),
        ({"a": 1}, [op("test", "", value={"a": 1})], None),
        ({"a": 1}, None, None),
    ],
)  # fmt: skip
def test_operations_apply_in_turn(document: Any, operations: Any, result: Any) -> None:
    before = {**document}
    assert json_patch(document, operations) == (before if result is None else result)


@pytest.mark.parametrize(
    "operation",
    [
        op("test", "/a", value=2),
        op("test", "/flag", value=1),
        op("remove", "/zzz"),
        op("move", "/b", from_="/zzz"),
        op("add", "/no/parent", value=1),
        op("add", "/list/17", value=1),
        op("remove", "/list/7"),
        op("add", "/list/x", value=1),
        op("add", "/a/b", value=1),
        op("add", "", value={}),
        op("remove", ""),
        op("add", "a", value=1),
        op("fly", "/a"),
        op("copy", "/b"),
        {"path": "/a"},
        {"op": "add"},
    ],
)
def test_what_cannot_be_done_is_unprocessable(operation: Operation) -> None:
    with pytest.raises(Invalid) as error:
        json_patch({"a": 1, "flag": True, "list": [1]}, [operation])
    assert error.value.message == "the server rejected our request due to an error in our request"
    assert error.value.status()["details"] == {}


@pytest.mark.parametrize("body", [{"not": "a list"}, "text", [1], [{"op": 5}]])
def test_a_body_that_is_no_list_of_operations_is_a_bad_request(body: object) -> None:
    with pytest.raises(BadRequest):
        json_patch({}, body)


def test_the_number_of_operations_is_limited() -> None:
    with pytest.raises(RequestEntityTooLarge, match="10000, got 10001"):
        json_patch({}, [op("add", "/a", value=1)] * 10_001)
