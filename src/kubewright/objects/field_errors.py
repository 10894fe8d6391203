"""Validation errors about one field, worded as ``k8s.io/apimachinery/pkg/util/validation/field`` words them.

Schema validation, CEL rules and the built-in kinds' own rules all return lists of these; the API server turns them
into the causes of an ``Invalid`` error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kubewright.objects.errors import Cause

OMIT: Any = object()
"""Stands for "do not print the value" in the error constructors below."""


def show(value: Any) -> str:
    """A value as it appears in a message: strings quoted, everything else as JSON."""
    return msgspec.json.encode(value).decode()


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", _join("Required value", detail), field)


def invalid(field: str, value: Any, detail: str) -> Cause:
    shown = "Invalid value" if value is OMIT else f"Invalid value: {show(value)}"
    return Cause("FieldValueInvalid", _join(shown, detail), field)


def type_invalid(field: str, value: Any, detail: str) -> Cause:
    """A value of the wrong JSON type (``FieldValueTypeInvalid``)."""
    shown = "Invalid value" if value is OMIT else f"Invalid value: {show(value)}"
    return Cause("FieldValueTypeInvalid", _join(shown, detail), field)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    names = ", ".join(show(name) for name in sorted(supported))
    return Cause("FieldValueNotSupported", f"Unsupported value: {show(value)}: supported values: {names}", field)


def forbidden(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", _join("Forbidden", detail), field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {show(value)}", field)


def not_found(field: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", f"Not found: {show(value)}", field)


def too_long(field: str, limit: int) -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", field)


def too_many(field: str, actual: int, limit: int) -> Cause:
    noun = "item" if limit == 1 else "items"
    return Cause("FieldValueTooMany", f"Too many: {actual}: must have at most {limit} {noun}", field)


def _join(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head
