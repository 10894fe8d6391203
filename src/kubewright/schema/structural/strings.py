"""Length, pattern and format of strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubewright.cel.regex import compile_regex
from kubewright.cel.string_formats import FORMATS
from kubewright.objects.field_errors import invalid, show, too_long, type_invalid
from kubewright.schema.node import Node
from kubewright.schema.structural.formats import supported_format
from kubewright.schema.structural.problems import Problem, Problems


def string_rule(raw: Mapping[str, Any]) -> Callable[[str, Any], Problems] | None:
    """The first that fails of ``maxLength``, ``minLength`` (of characters) and ``pattern`` (RE2, unanchored)."""
    most, fewest, pattern = raw.get("maxLength"), raw.get("minLength"), raw.get("pattern")
    if most is None and fewest is None and not pattern:
        return None
    search = compile_regex(pattern) if pattern else None

    def check(value: str, old: Any) -> Problems:
        if most is not None and len(value) > most:
            return [Problem(lambda path: too_long(path, most))]
        if fewest is not None and len(value) < fewest:
            return [
                Problem(lambda path: invalid(path, value, f"{path} in body should be at least {fewest} chars long"))
            ]
        if search is not None and not search(value):
            return [Problem(lambda path: invalid(path, value, f"{path} in body should match '{pattern}'"))]
        return None

    return check


def format_rule(node: Node) -> Callable[[str, Any], Problems] | None:
    name = supported_format(node.type, node.raw.get("format") or "")
    valid = FORMATS.get(name.replace("-", ""))
    if valid is None:
        return None

    def check(value: str, old: Any) -> Problems:
        if valid(value):
            return None
        return [
            Problem(lambda path: type_invalid(path, value, f"{path} in body must be of type {name}: {show(value)}"))
        ]

    return check
