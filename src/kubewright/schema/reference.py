"""An API reference page in Markdown for each kind, from its CustomResourceDefinition.

Every object in the schema becomes a section with a table of its fields: name, type, what it must satisfy, what it is
for.  The same definition always gives the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]

_CONSTRAINTS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "multipleOf": "a multiple of {}",
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "minItems": "length at least {}",
    "maxItems": "length at most {}",
    "minProperties": "length at least {}",
    "maxProperties": "length at most {}",
    "pattern": "matches `{}`",
    "format": "format `{}`",
}


def reference_page(crd: Raw) -> str:
    """The page of one kind, its served versions in order."""
    spec = crd["spec"]
    names = spec["names"]
    lines = [f"# {names['kind']}", ""]
    lines += ["| | |", "|---|---|", f"| Group | `{spec['group']}` |", f"| Scope | {spec['scope']} |"]
    lines.append(f"| Names | `{names['plural']}`, `{names.get('singular') or names['kind'].lower()}`" + _also(names))
    for version in spec["versions"]:
        if version["served"]:
            lines += ["", *_version(version, names["kind"], spec["group"])]
    return "\n".join(lines) + "\n"


def _also(names: Raw) -> str:
    return "".join(f", `{name}`" for name in names.get("shortNames", ())) + " |"


def _version(version: Raw, kind: str, group: str) -> Iterator[str]:
    schema = version["schema"]["openAPIV3Schema"]
    yield f"## {group}/{version['name']}"
    if version.get("deprecated"):
        warning = version.get("deprecationWarning") or f"{group}/{version['name']} {kind} is deprecated"
        yield from ("", f"> **Deprecated:** {warning}")
    if schema.get("description"):
        yield from ("", schema["description"])
    fields = {
        name: field
        for name, field in schema.get("properties", {}).items()
        if name not in ("apiVersion", "kind", "metadata")
    }
    yield from _rules(schema)
    yield from _object({**schema, "properties": fields}, kind)
    columns = version.get("additionalPrinterColumns", ())
    if columns:
        yield from (
            "",
            f"### Columns of `kubectl get` ({version['name']})",
            "",
            "| Column | Type | Value |",
            "|---|---|---|",
        )
        for column in columns:
            wide = " (with `-o wide`)" if column.get("priority") else ""
            yield f"| {column['name']}{wide} | {column['type']} | `{column['jsonPath']}` |"


def _object(schema: Raw, path: str) -> Iterator[str]:
    """The section of an object, and of every object below it."""
    properties: Raw = schema.get("properties") or {}
    if not properties:
        return
    yield from ("", f"### {path}", "", "| Field | Type | Constraints | Description |", "|---|---|---|---|")
    required = schema.get("required", ())
    for name, field in properties.items():
        mark = " **(required)**" if name in required else ""
        cells = (f"`{name}`{mark}", _type(field), _constraints(field), field.get("description", ""))
        yield "| " + " | ".join(map(_cell, cells)) + " |"
    for name, field in properties.items():
        inner, step = _innermost(field)
        yield from _object(inner, f"{path}.{name}{step}")


def _innermost(schema: Raw) -> tuple[Raw, str]:
    """What the items of lists and the values of maps are, however deep."""
    step = ""
    while True:
        below = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(below, Mapping):
            return schema, step
        schema, step = below, step + "[]"


def _type(schema: Raw) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if "items" in schema:
        noun = {"set": "set", "map": "list"}.get(schema.get("x-kubernetes-list-type", ""), "list")
        return f"{noun} of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def _constraints(schema: Raw) -> str:
    found = []
    for keyword, text in _CONSTRAINTS.items():
        if keyword in schema and not (keyword == "pattern" and schema.get("x-kubernetes-int-or-string")):
            exclusive = schema.get(f"exclusive{keyword.capitalize()}")
            shown = text.format(schema[keyword])
            found.append(shown.replace("at least", "more than").replace("at most", "less than") if exclusive else shown)
    if "default" in schema:
        found.append(f"default `{_value(schema['default'])}`")
    if schema.get("nullable"):
        found.append("may be null")
    keys = schema.get("x-kubernetes-list-map-keys")
    if keys:
        found.append(f"unique by {', '.join(f'`{key}`' for key in keys)}")
    found += [rule.get("message") or f"`{rule['rule']}`" for rule in schema.get("x-kubernetes-validations", ())]
    return "; ".join(found)


def _value(value: Any) -> str:
    return "true" if value is True else "false" if value is False else str(value)


def _rules(schema: Raw) -> Iterator[str]:
    rules = schema.get("x-kubernetes-validations", ())
    if rules:
        yield ""
    for rule in rules:
        yield f"* {rule.get('message') or rule['rule']}"


def _cell(text: str) -> str:
    """Text inside a table: one line, and bars escaped once."""
    joined = " ".join(text.split())
    return joined.replace("\\|", "|").replace("|", "\\|")
