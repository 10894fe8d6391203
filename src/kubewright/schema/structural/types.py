"""Which JSON types a schema takes, and how a value of another is reported.

A format weighs in as in kube-openapi's ``typeValidator``: numbers and booleans are measured by the format where one is
given, and a list passes for a formatted string.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kubewright.schema.node import Node
from kubewright.schema.structural.formats import supported_format

NAMES: Mapping[type, str] = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip
"""JSON's names of Python's types."""

_GO_FORMATS: Mapping[type, str] = {int: "int64", float: "float64"}


class Mismatch(NamedTuple):
    """What was wanted and what was given, by the names that the error uses."""

    wanted: str
    given: str


def refused_types(node: Node) -> Mapping[type, Mismatch]:
    """The Python types that values of a schema must not have; integral floats pass for integers."""
    wanted = ("integer", "string") if node.int_or_string and node.type is None else (node.type,) if node.type else ()
    format_name = supported_format(node.type, node.raw.get("format") or "")
    found = {kind: _mismatch(wanted, format_name, kind) for kind in NAMES}
    if node.nullable or not wanted:
        found[type(None)] = None
    return {kind: mismatch for kind, mismatch in found.items() if mismatch is not None}


def _mismatch(wanted: tuple[str, ...], format_name: str, kind: type) -> Mismatch | None:
    name = NAMES[kind]
    fits = name in wanted or (kind is int and "number" in wanted)
    if fits or not (wanted or format_name):
        return None
    numeric = "integer" in wanted or "number" in wanted
    if format_name and kind in (str, list):
        return Mismatch(",".join(wanted), name) if numeric else None
    if format_name and kind is not type(None):
        return Mismatch(format_name, _GO_FORMATS.get(kind, ""))
    return Mismatch(",".join(wanted), name)
