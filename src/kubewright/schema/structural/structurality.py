"""What makes a schema structural: the type of every value is given once, outside of any logic.

The rules are those of ``schema/validation.go`` in the apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.cel.regex import RegexError, compile_pattern
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required

Raw = Mapping[str, Any]

_UNSUPPORTED = ("id", "$schema", "$ref", "patternProperties", "definitions", "dependencies")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NESTED_FORBIDDEN = (
    ("type", "must be empty to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def is_unsupported(raw: Raw) -> bool:
    """Whether a keyword that structural schemas cannot have occurs anywhere."""
    if (
        any(raw.get(keyword) for keyword in _UNSUPPORTED)
        or raw.get("additionalItems") is not None
        or raw.get("type") == "null"
        or isinstance(raw.get("items"), list)
    ):
        return True
    return any(is_unsupported(child) for _, child in subschemas(raw))


def subschemas(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Every schema directly inside another, with its path from there."""
    for name, child in (raw.get("properties") or {}).items():
        yield f"properties[{name}]", child
    for keyword in ("items", "additionalProperties", "not"):
        if isinstance(raw.get(keyword), Mapping):
            yield keyword, raw[keyword]
    yield from _branches(raw)


def _branches(raw: Raw) -> Iterator[tuple[str, Raw]]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(raw.get(keyword) or ()):
            yield f"{keyword}[{index}]", child


def check_structure(raw: Raw, path: str) -> list[Cause]:
    """The errors that keep a schema from being structural, sorted by their text."""
    errors = [*_invariants(raw, "root", path), *_completeness(raw, path)]
    return sorted(errors, key=lambda error: (error.field, error.message))


def _invariants(raw: Raw, level: str, path: str) -> Iterator[Cause]:
    kind, embedded = raw.get("type") or "", bool(raw.get("x-kubernetes-embedded-resource"))
    properties, additional = raw.get("properties") or {}, raw.get("additionalProperties")
    items = raw.get("items")
    if kind == "array" and items is None:
        yield required(f"{path}.items", "must be specified")
    if items is not None:
        yield from _invariants(items, "item", f"{path}.items")
    for name, child in properties.items():
        yield from _invariants(child, "field", f"{path}.properties[{name}]")
    if additional is not None:
        if level == "root":
            yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _invariants(additional, "field", f"{path}.additionalProperties")
        if embedded:
            detail = "must not be used if x-kubernetes-embedded-resource is set"
            yield forbidden(f"{path}.additionalProperties", detail)
    yield from _extensions(raw, path)
    yield from _logic(raw, path, int_or_string_any_of=True)
    yield from _type(raw, kind, level, path)
    if level == "root" or embedded:
        yield from _type_meta(properties, path)
    if "metadata" in properties:
        yield from _metadata(properties["metadata"], level, embedded, f"{path}.properties[metadata]")
    if embedded and not raw.get("x-kubernetes-preserve-unknown-fields") and not properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield required(f"{path}.properties", detail)


def _extensions(raw: Raw, path: str) -> Iterator[Cause]:
    if raw.get("x-kubernetes-int-or-string"):
        for extension in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
            if raw.get(extension):
                yield invalid(f"{path}.{extension}", True, "must be false if x-kubernetes-int-or-string is true")


def _type(raw: Raw, kind: str, level: str, path: str) -> Iterator[Cause]:
    path = f"{path}.type"
    if raw.get("x-kubernetes-embedded-resource") and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(path, kind, detail) if kind else required(path, detail)
    elif not kind and not raw.get("x-kubernetes-int-or-string") and not raw.get("x-kubernetes-preserve-unknown-fields"):
        where = {"root": "at the root", "item": "for specified array items", "field": "for specified object fields"}
        yield required(path, f"must not be empty {where[level]}")
    if level == "root" and kind and kind != "object":
        yield invalid(path, kind, "must be object at the root")


def _type_meta(properties: Raw, path: str) -> Iterator[Cause]:
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            yield invalid(f"{path}.properties[{name}].type", properties[name].get("type") or "", "must be string")


def _metadata(raw: Raw, level: str, embedded: bool, path: str) -> Iterator[Cause]:
    kind = raw.get("type") or ""
    if (level == "root" or embedded) and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object")
    if level == "root":
        restricts_names_only = (raw.get("properties") or {}).keys() <= {"name", "generateName"}
        others = [key for key, value in raw.items() if value and key not in ("type", "properties", "default")]
        if others or not restricts_names_only:
            detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            yield forbidden(path, detail)


def _logic(raw: Raw, path: str, *, int_or_string_any_of: bool) -> Iterator[Cause]:
    """What is wrong inside allOf, anyOf, oneOf and not.

    There is one exception to "no type in there": the two ways of writing int-or-string, an ``anyOf`` of just these
    types, or an ``allOf`` that begins with one.
    """
    any_of, all_of = raw.get("anyOf") or [], raw.get("allOf") or []
    for name, child in _branches(raw):
        if name.startswith("anyOf") and int_or_string_any_of and any_of == _INT_OR_STRING:
            continue
        excused = name == "allOf[0]" and int_or_string_any_of and all_of[0].get("anyOf") == _INT_OR_STRING
        yield from _nested(child, f"{path}.{name}", int_or_string_any_of=excused)
    if raw.get("not") is not None:
        yield from _nested(raw["not"], f"{path}.not", int_or_string_any_of=False)
    pattern = raw.get("pattern")
    if pattern:
        try:
            compile_pattern(pattern)
        except RegexError as error:
            yield invalid(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {error}")


def _nested(raw: Raw, path: str, *, int_or_string_any_of: bool) -> Iterator[Cause]:
    yield from _logic(raw, path, int_or_string_any_of=int_or_string_any_of)
    if isinstance(raw.get("items"), Mapping):
        yield from _nested(raw["items"], f"{path}.items", int_or_string_any_of=False)
    for name, child in (raw.get("properties") or {}).items():
        yield from _nested(child, f"{path}.properties[{name}]", int_or_string_any_of=False)
        if name == "metadata":
            yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
    if raw.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must be undefined to be structural")
    for keyword, detail in _NESTED_FORBIDDEN:
        if raw.get(keyword):
            yield forbidden(f"{path}.{keyword}", detail)


def _completeness(raw: Raw, path: str) -> Iterator[Cause]:
    """Whatever the root's logic speaks of must be specified outside of it; logic further down may say what it likes."""
    for name, child in _branches(raw):
        yield from _specified(child, raw, path, f"{path}.{name}")
    if raw.get("not") is not None:
        yield from _specified(raw["not"], raw, path, f"{path}.not")


def _specified(logic: Raw, skeleton: Raw, path: str, logic_path: str) -> Iterator[Cause]:
    for name, child in _branches(logic):
        yield from _specified(child, skeleton, path, f"{logic_path}.{name}")
    if logic.get("not") is not None:
        yield from _specified(logic["not"], skeleton, path, f"{logic_path}.not")
    if isinstance(logic.get("items"), Mapping):
        if isinstance(skeleton.get("items"), Mapping):
            yield from _specified(logic["items"], skeleton["items"], f"{path}.items", f"{logic_path}.items")
        else:
            yield required(f"{path}.items", f"because it is defined in {logic_path}.items")
    for name, child in (logic.get("properties") or {}).items():
        step = f"properties[{name}]"
        known = (skeleton.get("properties") or {}).get(name)
        if known is None:
            yield required(f"{path}.{step}", f"because it is defined in {logic_path}.{step}")
        else:
            yield from _specified(child, known, f"{path}.{step}", f"{logic_path}.{step}")
