"""Values look as Go prints them."""

from __future__ import annotations

import pytest

from kubewright.objects.go_values import shown, syntax, type_name


@pytest.mark.parametrize(
    ("value", "short", "program", "kind"),
    [
        (None, "<nil>", "interface {}(nil)", "<nil>"),
        (True, "true", "true", "bool"),
        (2.0, "2", "2", "float64"),
        ('a"b', 'a"b', '"a\\"b"', "string"),
        ([1, "x"], "[1 x]", '[]interface {}{1, "x"}', "[]interface {}"),
        (
            {"b": [], "a": None},
            "map[a:<nil> b:[]]",
            'map[string]interface {}{"a":interface {}(nil), "b":[]interface {}{}}',
            "map[string]interface {}",
        ),
    ],
)
def test_values_and_types(value: object, short: str, program: str, kind: str) -> None:
    assert (shown(value), syntax(value), type_name(value)) == (short, program, kind)
