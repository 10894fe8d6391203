from typing import Any

import pytest

from kubewright.objects.errors import Cause
from kubewright.schema.structural import check_schema, compile_schema

Raw = dict[str, Any]
STRING: Raw = {"type": "string", "maxLength": 20}
INTEGER: Raw = {"type": "integer"}


def wrap(spec: Raw) -> Raw:
    return {"type": "object", "properties": {"spec": spec}}


def obj(**properties: Raw) -> Raw:
    return {"type": "object", "properties": properties}


def with_rules(schema: Raw, *rules: Raw) -> Raw:
    return {**schema, "x-kubernetes-validations": list(rules)}


def errors(spec: Raw, value: Any, old: Any = None) -> list[tuple[str, str]]:
    assert check_schema(wrap(spec)) == []
    compiled = compile_schema(wrap(spec))
    found = compiled.validate({"spec": value}, None if old is None else {"spec": old})
    return [(cause.field, cause.message) for cause in found]


def test_a_broken_rule_of_an_object_shows_its_message_but_no_value() -> None:
    spec = with_rules(obj(a=INTEGER, b=INTEGER), {"rule": "self.a <= self.b", "message": "a is above b"})
    assert errors(spec, {"a": 2, "b": 1}) == [("spec", "Invalid value: a is above b")]
    assert errors(spec, {"a": 1, "b": 1}) == []


def test_a_broken_rule_of_a_scalar_shows_the_value() -> None:
    spec = with_rules(STRING, {"rule": "self != 'x'", "messageExpression": "'not ' + self"})
    assert errors(spec, "x") == [("spec", 'Invalid value: "x": not x')]


def test_a_rule_without_message_shows_itself() -> None:
    assert errors(with_rules(INTEGER, {"rule": " self > 0 "}), 0) == [
        ("spec", "Invalid value: 0: failed rule: self > 0")
    ]


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FieldValueForbidden", "Forbidden: no"),
        ("FieldValueRequired", "Required value: no"),
        ("FieldValueDuplicate", "Duplicate value: 0"),
        ("FieldValueInvalid", "Invalid value: 0: no"),
    ],
)
def test_the_reason_decides_the_wording(reason: str, message: str) -> None:
    spec = with_rules(INTEGER, {"rule": "self > 0", "message": "no", "reason": reason})
    assert errors(spec, 0) == [("spec", message)]


def test_a_field_path_moves_the_error() -> None:
    spec = with_rules(obj(x=INTEGER), {"rule": "!has(self.x) || self.x > 0", "message": "no", "fieldPath": ".x"})
    assert errors(spec, {"x": 0}) == [("spec.x", "Invalid value: no")]


def test_transition_rules_need_an_old_value() -> None:
    spec = obj(a=with_rules(STRING, {"rule": "self == oldSelf", "message": "immutable"}))
    assert errors(spec, {"a": "1"}) == []
    assert errors(spec, {"a": "1"}, {}) == []
    assert errors(spec, {"a": "2"}, {"a": "1"}) == [("spec.a", 'Invalid value: "2": immutable')]


def test_an_optional_old_self_lets_transition_rules_run_on_creation() -> None:
    rule = {"rule": "oldSelf.hasValue() || self == 'init'", "optionalOldSelf": True, "message": "starts as init"}
    spec = obj(a=with_rules(STRING, rule))
    assert errors(spec, {"a": "no"}) == [("spec.a", 'Invalid value: "no": starts as init')]
    assert errors(spec, {"a": "no"}, {"a": "init"}) == []


def test_items_of_map_lists_meet_their_old_self() -> None:
    item = obj(k=STRING, v=with_rules(INTEGER, {"rule": "self >= oldSelf", "message": "grows"}))
    spec = {
        "type": "array",
        "maxItems": 5,
        "items": {**item, "required": ["k"]},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
    }
    old = [{"k": "a", "v": 5}, {"k": "b", "v": 1}]
    assert errors(spec, [{"k": "b", "v": 2}, {"k": "a", "v": 4}], old) == [("spec[1].v", "Invalid value: 4: grows")]


def test_broken_rules_on_unchanged_values_are_tolerated() -> None:
    spec = obj(a=with_rules(INTEGER, {"rule": "self > 0"}), b=INTEGER)
    assert errors(spec, {"a": 0, "b": 1}, {"a": 0, "b": 2}) == []
    assert errors(spec, {"a": -1}, {"a": 0}) != []


def test_rules_wait_until_the_object_is_otherwise_sound() -> None:
    spec = with_rules({**obj(a=INTEGER), "required": ["a"]}, {"rule": "self.a > 0"})
    found = errors(spec, {})
    assert [field for field, _ in found] == ["spec.a", "<nil>"]
    assert "some validation rules were not checked" in found[1][1]


def test_formatted_strings_are_values_of_their_own() -> None:
    spec = with_rules(
        obj(
            at={"type": "string", "format": "date-time"},
            day={"type": "string", "format": "date"},
            span={"type": "string", "format": "duration"},
            data={"type": "string", "format": "byte"},
            ratio={"type": "number"},
            spans={"type": "array", "maxItems": 3, "items": {"type": "string", "format": "duration"}},
        ),
        {"rule": "self.at.getFullYear() == 2024 && self.day < self.at && self.span == duration('60m')"},
        {"rule": "self.data == b'hi' && self.ratio / 2.0 == 0.5 && self.spans.all(s, s > duration('1s'))"},
        {"rule": "self.spans[0] == duration('1m')"},
    )
    value = {
        "at": "2024-05-01T00:00:00Z",
        "day": "2024-01-01",
        "span": "1h",
        "data": "aGk=",
        "ratio": 1,
        "spans": ["60s"],
    }
    assert errors(spec, value) == []


def test_names_that_cel_cannot_spell_are_escaped() -> None:
    spec = with_rules(obj(**{"a-b": INTEGER, "in": INTEGER}), {"rule": "self.a__dash__b > self.__in__"})
    assert errors(spec, {"a-b": 2, "in": 1}) == []


def test_an_evaluation_error_breaks_the_rule() -> None:
    spec = with_rules(
        {"type": "object", "maxProperties": 3, "additionalProperties": INTEGER}, {"rule": "self['a'] > 0"}
    )
    assert errors(spec, {"b": 1}) == [
        ("spec", "Invalid value: \"object\": no such key: a evaluating rule: self['a'] > 0")
    ]


@pytest.mark.parametrize("rule", ["self.n > 1", "self.n + 1 == 2", "self.s.startsWith('a')"])
def test_a_null_where_it_is_allowed_is_no_value_of_the_type(rule: str) -> None:
    spec = obj(n={**INTEGER, "nullable": True}, s={**STRING, "nullable": True}, o={**obj(x=INTEGER), "nullable": True})
    value = {"n": None, "s": None, "o": None}
    [(field, message)] = errors(with_rules(spec, {"rule": rule}), value)
    assert field == "spec"
    assert message.startswith("Invalid value: \"object\": 'no such overload': call arguments did not match")
    assert errors(with_rules(spec, {"rule": "self.o == null || self.o.x > 1"}), {"o": None}) == []
    [(_, message)] = errors(with_rules(spec, {"rule": "self.o.x == 1"}), {"o": None})
    assert message == 'Invalid value: "object": no such key: x evaluating rule: self.o.x == 1'


def test_an_old_value_of_another_type_is_no_value() -> None:
    spec = obj(n=with_rules(INTEGER, {"rule": "self == oldSelf"}))
    [(field, message)] = errors(spec, {"n": 1}, {"n": "one"})
    assert field == "spec.n"
    assert "invalid data, got str" in message


def test_metadata_names_are_visible_at_the_root() -> None:
    raw = with_rules({"type": "object"}, {"rule": "self.metadata.name.startsWith('a')", "message": "name"})
    assert check_schema(raw) == []
    assert compile_schema(raw).validate({"metadata": {"name": "b"}}) != []
    assert compile_schema(raw).validate({"metadata": {"name": "a"}}) == []


def test_what_a_rule_tolerates_is_told() -> None:
    schema = compile_schema(obj(spec=obj(a=with_rules(STRING, {"rule": "self == 'x'"}), b=STRING)))
    old, new = {"spec": {"a": "y", "b": "1"}}, {"spec": {"a": "y", "b": "2"}}
    tolerated: list[Cause] = []
    assert schema.validate(new, old, tolerated=tolerated) == []
    assert [(cause.field, cause.message) for cause in tolerated] == [
        ("spec.a", "Invalid value: \"y\": failed rule: self == 'x'")
    ]


def test_a_message_expression_sees_the_old_value_itself() -> None:
    rule = {
        "rule": "oldSelf.orValue('') == self",
        "optionalOldSelf": True,
        "messageExpression": "'was ' + oldSelf.orValue('nothing')",
        "message": "changed",
    }
    spec = obj(a=with_rules(STRING, rule))
    assert errors(spec, {"a": "x"}, {"a": "y"}) == [("spec.a", 'Invalid value: "x": changed')]
    assert errors(spec, {"a": "x"}) == [("spec.a", 'Invalid value: "x": changed')]


def test_a_field_path_may_lead_into_a_map() -> None:
    spec = obj(m={"type": "object", "additionalProperties": STRING})
    rule = {"rule": "self.m['a'] == 'x'", "fieldPath": ".m['a']", "reason": "FieldValueForbidden"}
    [(field, _)] = errors(with_rules(spec, rule), {"m": {"a": "y"}})
    assert field == "spec.m[a]"
