from typing import Any

import pytest

from kubewright.schema.structural import check_schema

Raw = dict[str, Any]
ROOT = "spec.validation.openAPIV3Schema"
STRING: Raw = {"type": "string", "maxLength": 10}


def errors(schema: Raw, *rules: Raw) -> list[tuple[str, str]]:
    raw = {"type": "object", "properties": {"a": {**schema, "x-kubernetes-validations": list(rules)}}}
    prefix = f"{ROOT}.properties[a].x-kubernetes-validations"
    return [(cause.reason.removeprefix("FieldValue"), cause.field.removeprefix(prefix)) for cause in check_schema(raw)]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"rule": "self +"}, ("Invalid", "[0].rule")),
        ({"rule": "self.missing"}, ("Invalid", "[0].rule")),
        ({"rule": "self"}, ("Invalid", "[0].rule")),
        ({"rule": " "}, ("Required", "[0].rule")),
        ({"rule": "true", "message": " "}, ("Invalid", "[0].message")),
        ({"rule": "true", "message": "a\nb"}, ("Invalid", "[0].message")),
        ({"rule": "true ||\nfalse"}, ("Required", "[0].message")),
        ({"rule": "true", "messageExpression": "1"}, ("Invalid", "[0].messageExpression")),
        ({"rule": "true", "messageExpression": "'x' +"}, ("Invalid", "[0].messageExpression")),
        ({"rule": "true", "reason": "Nope"}, ("NotSupported", "[0].reason")),
        ({"rule": "true", "fieldPath": ".zz"}, ("Invalid", "[0].fieldPath")),
        ({"rule": "true", "optionalOldSelf": True}, ("Invalid", "[0].optionalOldSelf")),
    ],
)
def test_each_fault_is_named(rule: Raw, error: tuple[str, str]) -> None:
    assert errors(STRING, rule) == [error]


def test_rules_that_can_cost_too_much_are_refused() -> None:
    lists = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
    assert errors(lists, {"rule": "self.all(x, self.all(y, x.all(p, y.all(q, p == q))))"}) == [
        ("Forbidden", "[0].rule"),
        ("Forbidden", "[0].rule"),
        ("Forbidden", ROOT),
    ]


def test_a_faulty_message_does_not_hide_what_the_rule_costs() -> None:
    lists = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
    rule = {"rule": "self.all(x, self.all(y, x.all(p, y.all(q, p == q))))", "messageExpression": "1"}
    assert ("Forbidden", "[0].rule") in errors(lists, rule)
    assert ("Invalid", "[0].messageExpression") in errors(lists, rule)


@pytest.mark.parametrize(
    "schema",
    [
        {"x-kubernetes-preserve-unknown-fields": True},
        {"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": True}},
    ],
)
def test_rules_cannot_judge_what_has_no_type(schema: Raw) -> None:
    assert errors(schema, {"rule": "true"}) == [("InternalError", "")]


def test_bounds_make_rules_affordable() -> None:
    lists = {"type": "array", "maxItems": 10, "items": {"type": "array", "maxItems": 10, "items": STRING}}
    assert errors(lists, {"rule": "self.all(x, self.all(y, x.all(p, y.all(q, p == q))))"}) == []


def test_defaults_must_not_break_rules() -> None:
    schema = {**STRING, "default": "x", "x-kubernetes-validations": [{"rule": "self != 'x'"}]}
    raw = {"type": "object", "properties": {"a": schema}}
    assert [(cause.field, cause.message) for cause in check_schema(raw)] == [
        (f"{ROOT}.properties[a].default", "Invalid value: \"x\": failed rule: self != 'x'")
    ]


def test_old_values_cannot_be_used_where_items_are_not_correlated() -> None:
    item = {**STRING, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    raw = {"type": "object", "properties": {"l": {"type": "array", "maxItems": 3, "items": item}}}
    assert [cause.field for cause in check_schema(raw)] == [
        f"{ROOT}.properties[l].items.x-kubernetes-validations[0].rule"
    ]


def test_optional_old_values_cannot_be_used_there_either() -> None:
    rule = {"rule": "!oldSelf.hasValue()", "optionalOldSelf": True}
    items = {**STRING, "maxLength": 3, "x-kubernetes-validations": [rule]}
    raw = {"type": "object", "properties": {"l": {"type": "array", "maxItems": 3, "items": items}}}
    assert [cause.field for cause in check_schema(raw)] == [
        f"{ROOT}.properties[l].items.x-kubernetes-validations[0].rule"
    ]
