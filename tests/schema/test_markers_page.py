"""The tables of docs/markers.md are true: each row's Python gives that row's schema."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from kubewright import schema
from kubewright.objects import JSON, RawExtension, Unstructured
from kubewright.schema import Spec
from kubewright.schema.types import schema_of

PAGE = (Path(__file__).parents[2] / "docs" / "markers.md").read_text()


class Port(Spec):
    name: str


NAMES = {
    **{name: getattr(schema, name) for name in schema.__all__},
    "Annotated": Annotated,
    "Literal": Literal,
    "StrEnum": StrEnum,
    "JSON": JSON,
    "RawExtension": RawExtension,
    "Unstructured": Unstructured,
    "Port": Port,
}


def rows(title: str) -> list[tuple[str, str]]:
    """The Python and the schema of each row in a section's table."""
    (section,) = re.findall(rf"^## {title}$(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)
    found = re.findall(r"\| `((?:[^`])+)` \| `(\{.*\})` \|$", section, re.MULTILINE)
    return [(python.replace("\\|", "|"), expected) for python, expected in found]


@pytest.mark.parametrize(("python", "expected"), rows("Validation of a value"))
def test_a_value_has_the_schema_of_its_row(python: str, expected: str) -> None:
    assert schema_of(eval(python, dict(NAMES))) == json.loads(expected)


@pytest.mark.parametrize(("python", "expected"), rows("Markers of a class"))
def test_a_class_has_what_its_row_says(python: str, expected: str) -> None:
    class S(Spec):
        a: str | None = None
        b: str | None = None

    plain = schema_of(S)
    marked: dict[str, Any] = schema_of(eval(python, dict(NAMES))(S))
    assert {key: value for key, value in marked.items() if plain.get(key) != value} == json.loads(expected)


def test_all_rows_are_read() -> None:
    assert (len(rows("Validation of a value")), len(rows("Markers of a class"))) == (37, 8)
