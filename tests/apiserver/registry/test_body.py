"""Bodies are read as Kubernetes reads them, and nothing that a client sends gets past this as it should not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.apiserver.registry import body, yaml_documents
from kubewright.objects.errors import BadRequest
from kubewright.schema.node import Node

JSON, YAML = "application/json", "application/yaml"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"{\xff",
        b'{"\\ud800',
        b'{"a":1}x',
        b"[1,",
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_a_bad_request(text: bytes) -> None:
    with pytest.raises(BadRequest):
        body.parse_object(text, JSON)


@pytest.mark.parametrize(
    "text",
    [
        b"a: [", b"{[]: 1}", b"a: &x [*x]", b"\xff", b"? {a: b}\n: c", b"a: .inf", b"a: .NaN", b"~: 1", b"a: !!int x",
        b"a: !!binary '*'",
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_a_bad_request(text: bytes) -> None:
    with pytest.raises(BadRequest):
        body.parse_object(text, YAML)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xff", "\ufffd"), (b"\xe2\x82", "\ufffd\ufffd"), (b"\xed\xa0\x80x", "\ufffd\ufffd\ufffdx"),
        (rb"\ud83d\ude00", "\U0001f600"), (rb"\ud83dx", "\ufffdx"), (rb"\ude00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"), (rb"\uD83D\u0041", "\ufffdA"),
        (rb"\\ud83d\ud83d", "\\ud83d\ufffd"),
    ],
)  # fmt: skip
def test_what_is_no_unicode_is_replaced_as_in_go(text: bytes, value: str) -> None:
    # One half of a pair, so that every document has to be mended.
    assert body.parse_object(b'{"a":"' + text + rb'","b":"\ud800","c":1,"c":2}', JSON)[0] == {
        "a": value,
        "b": "\ufffd",
        "c": 2,
    }


def test_null_is_an_object_without_members() -> None:
    assert body.parse_object(b"null", JSON) == body.parse_object(b"", YAML) == ({}, None)


@pytest.mark.parametrize("text", [b"[]", b'"text"', b"1"])
def test_an_object_is_needed(text: bytes) -> None:
    with pytest.raises(BadRequest, match="cannot unmarshal"):
        body.parse_object(text, JSON)


def test_yaml_is_read_as_json() -> None:
    value, duplicates = body.parse_object(b"a: 2020-01-01\nb: yes\n1: x\nbase: &b {c: d}\ne: {<<: *b}", YAML)
    assert value == {"a": "2020-01-01", "b": True, "1": "x", "base": {"c": "d"}, "e": {"c": "d"}}
    assert duplicates is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("Off", False), ("", None), ("0x10", 16), ("010", 8), ("-0b11", -3), ("1_000", 1000), ("08", 8),
        ("1e3", 1000), ("1.0", 1), (".5", 0.5), ("22:30", "22:30"), ("1e400", "1e400"),
        ("99999999999999999999", 10**20),
        ("<<", "<<"), ("=", "="), ("! 1", 1), ("!own x", "x"), ("!!str 1", "1"), ("!!float '3'", 3),
        ("!!set {a}", {"a": None}), ("!!binary aGk=", "hi"), ("2001-01-01 00:00:00", "2001-01-01 00:00:00"),
    ],
)  # fmt: skip
def test_plain_yaml_means_what_it_means_to_go(text: str, value: object) -> None:
    read = body.parse_object(f"a: {text}".encode(), YAML)[0]["a"]
    assert (read, type(read)) == (value, type(value))


def test_documents_behind_the_first_are_not_looked_at() -> None:
    assert body.parse_object(b"a: 1\n---\nb: {", YAML)[0] == {"a": 1}


@pytest.mark.parametrize("text", ["y", "1e3", "08", "0o7", ".inf", "22:30", "~", "<<", "a", "", "9" * 5000])
def test_text_stays_text_in_yaml(text: str) -> None:
    assert body.parse_object(yaml_documents.render({text: text}), YAML)[0] == {text: text}


def test_yaml_tells_the_line_of_a_repeated_member() -> None:
    text = b"a: 1\nb:\n  c: 1\n  c: 2\nbase: &b {d: 1}\nuse: {<<: *b, d: 2}\na: 3\n"
    value, repeated = body.parse_object(text, YAML)
    assert value == {"a": 3, "b": {"c": 2}, "base": {"d": 1}, "use": {"d": 2}}
    assert isinstance(repeated, body.Repeated)
    assert list(repeated) == ['line 4: key "c" already set in map', 'line 7: key "a" already set in map']
    assert repeated.problem.startswith('yaml: unmarshal errors:\n  line 4: key "c"')


def test_duplicate_members_are_found_wherever_they_are() -> None:
    value, pairs = body.parse_object(rb'{"a":{"x":":","x":2},"l":[{"y":1,"y":2}],"t":"\u003a"}', JSON)
    assert value["a"] == {"x": 2}
    assert list(body.duplicate_fields(pairs)) == ["a.x", "l[0].y"]


def test_problems_come_in_the_order_of_the_document() -> None:
    node = Node({"properties": {"metadata": {"properties": {"name": {"type": "string"}}}, "data": {"type": "object"}}})
    _, pairs = body.parse_object(b'{"metadata":{"more":1},"data":{"a":1,"a":2},"wrong":1}', JSON)
    assert list(body.strict_problems(pairs, node)) == [
        'unknown field "metadata.more"',
        'duplicate field "data.a"',
        'unknown field "wrong"',
    ]


def test_structs_and_maps_that_occur_twice_are_merged_as_in_go() -> None:
    text = {"type": "string"}
    part = {"properties": {"x": text, "y": text}}
    map_ = {"type": "object", "additionalProperties": part}
    properties = {"part": part, "map": map_, "free": {"type": "object"}, "list": {"type": "array", "items": part}}
    _, pairs = body.parse_object(
        b'{"part":{"x":"1"},"part":{"y":"2","x":"3"},"map":{"a":{"x":"1"},"b":{}},"map":{"a":{"y":"2"}},'
        b'"free":{"x":1},"free":{"y":2},"list":[{"x":"1"}],"list":[{"x":"2","x":"3"}],"other":{"x":1},"other":{"y":2}}',
        JSON,
    )
    assert body.as_struct(pairs, Node({"properties": properties})) == {
        "part": {"x": "3", "y": "2"},
        "map": {"a": {"y": "2"}, "b": {}},
        "free": {"y": 2},
        "list": [{"x": "3"}],
        "other": {"y": 2},
    }


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_documents_without_duplicates_are_not_suspected(document: dict[str, Any]) -> None:
    value, pairs = body.parse_object(msgspec.json.encode(document), JSON)
    assert value == document
    assert pairs is None or next(body.duplicate_fields(pairs), None) is None


@given(st.dictionaries(st.text(), values, min_size=1, max_size=5))
def test_a_repeated_member_is_always_noticed(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    name = json.dumps(next(iter(document)))
    _, pairs = body.parse_object(f"{text[:-1]},{name}:0}}".encode(), JSON)
    assert next(iter(document)) in list(body.duplicate_fields(pairs))
