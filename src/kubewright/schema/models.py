"""Python classes for someone else's custom resources, written from their CustomResourceDefinition.

A definition goes in, the text of a module comes out: a class for every object in the schema, constraints in
``Annotated``, and resource classes that `kubewright.schema.crd` turns back into the same schema.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from kubewright.objects import Quantity
from kubewright.schema.builtin_types import QUANTITY
from kubewright.schema.python_source import as_docstring, attribute_names, camel, literal, pascal, singular

Raw = Mapping[str, Any]

_SCALARS = {"string": "str", "boolean": "bool", "integer": "int", "number": "float"}
_ZEROS = {"str": '""', "bool": "False", "int": "0", "float": "0.0"}
_FORMATS = {"date-time": "Time", "byte": "bytes"}
_META = {
    "format": "format",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "nullable": "nullable",
    "title": "title",
    "example": "example",
    "externalDocs": "external_docs",
    "x-kubernetes-map-type": "map_type",
    "x-kubernetes-embedded-resource": "embedded_resource",
}
_TOOLS = ("controller-gen.kubebuilder.io/version", "kubectl.kubernetes.io/last-applied-configuration")
_TAKEN = frozenset((
    "Annotated", "Literal", "IntOrString", "JSON", "ObjectMeta", "Quantity", "RawExtension", "Time",
    "Column", "Meta", "Resource", "Rule", "Scale", "Spec", "Status",
))  # fmt: skip
"""What modules import: a kind of such a name gets a number."""
_LENGTHS = {
    "minLength": "min_length", "minItems": "min_length", "minProperties": "min_length",
    "maxLength": "max_length", "maxItems": "max_length", "maxProperties": "max_length",
}  # fmt: skip


def models(crd: Raw, *, package: str = "") -> str:
    """The text of a module with a resource class for every served version, or for all where none is.

    Versions after the first get names that tell them: ``WebsiteV1alpha1``.

    :param package: whose ``op`` brings the resources; without one they are somebody else's.
    """
    spec = crd["spec"]
    kind = spec["names"]["kind"]
    served = [version for version in spec["versions"] if version.get("served")] or spec["versions"]
    newest = next((version["name"] for version in served if version.get("storage")), served[0]["name"])
    writer = _Writer(package)
    for version in served:
        name = kind if version["name"] == newest else f"{kind}{version['name'].capitalize()}"
        writer.resource(crd, version, name, several=len(spec["versions"]) > 1)
    return writer.text(f"{spec['names']['plural']}.{spec['group']}")


class _Writer:
    """Collects the classes and what they import."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.classes: list[str] = []
        self.names: set[str] = set()
        self.used: dict[str, set[str]] = {}
        self.statuses: set[str] = set()
        """The classes that objects start with an empty instance of: their fields need defaults."""

    def text(self, source: str) -> str:
        lines = [f'"""Typed objects of {source}; written by `kubewright generate models`."""', ""]
        lines += ["from __future__ import annotations", ""]
        body = "\n\n".join(self.classes)
        for module in ("typing", "kubewright.objects", "kubewright.schema", "msgspec"):
            if module in self.used:
                lines.append(f"from {module} import {', '.join(sorted(self.used[module]))}")
                if module == "typing":
                    lines.append("")
        if self.package:
            lines += ["", f"from {self.package} import op"]
        return "\n".join(lines) + "\n\n\n" + body

    def resource(self, crd: Raw, version: Raw, name: str, *, several: bool) -> None:
        schema = version["schema"]["openAPIV3Schema"]
        name = self._claim(name)
        header = ("apiVersion", "kind", "metadata")
        properties = {key: field for key, field in _properties(version).items() if key not in header}
        required = schema.get("required", ())
        self.statuses.add(f"{name}Status")
        parts, body = [], self._docstring(schema)
        for key, base in (("spec", "Spec"), ("status", "Status")):
            field = properties.pop(key, None)
            if field is None:
                parts.append("None")
                continue
            part = self.type(field, f"{name}{key.capitalize()}", base)
            optional = f"{part} | None" if key not in required else part
            if part in self.names and not self._meta(field, part) and "default" not in field:
                parts.append(optional if key == "spec" else part)
            else:  # more than a class says by itself
                parts.append(optional)
                body.append(self.field(key, key, field, part, name, key in required))
        self._use("kubewright.schema", "Resource", *(() if self.package else ("custom_resource",)))
        lines = [*self._decorators(schema), self._definition(crd, version, name, several=several)]
        lines.append(f"class {name}(Resource[{', '.join(parts)}]):")
        body += self._metadata(schema)
        body += self._fields(properties, name, required, "Spec")
        self.classes.append("\n".join([*lines, *(body or ["    ..."])]) + "\n")

    def _metadata(self, schema: Raw) -> list[str]:
        """The field that is declared again where the schema demands or restricts it."""
        metadata = schema.get("properties", {}).get("metadata", {"type": "object"})
        meta = ["required=True"] if "metadata" in schema.get("required", ()) else []
        if metadata.keys() - {"type", "description"}:
            meta.append(f"schema={literal(metadata)}")
        if not meta:
            return []
        self._use("msgspec", "field")
        annotation = self._annotated(self._object("ObjectMeta"), meta, {})
        return [f"    metadata: {annotation} = field(default_factory=ObjectMeta)"]

    def _definition(self, crd: Raw, version: Raw, name: str, *, several: bool) -> str:
        spec, names = crd["spec"], crd["spec"]["names"]
        given: dict[str, Any] = {"group": spec["group"], "version": version["name"]}
        if name != names["kind"]:
            given["kind"] = names["kind"]
        given["plural"] = names["plural"]
        if names.get("singular", names["kind"].lower()) != names["kind"].lower():
            given["singular"] = names["singular"]
        if spec["scope"] == "Cluster":
            given["namespaced"] = False
        for key, attribute in (("shortNames", "short_names"), ("categories", "categories")):
            if names.get(key):
                given[attribute] = list(names[key])
        if several:
            given["storage"] = bool(version.get("storage"))
        if not version.get("served"):
            given["served"] = False
        if version.get("deprecated"):
            given["deprecated"] = version.get("deprecationWarning") or True
        apart = "status" in (version.get("subresources") or {})
        if apart != ("status" in _properties(version)):
            given["status_subresource"] = apart
        if version.get("selectableFields"):
            given["selectable_fields"] = [field["jsonPath"] for field in version["selectableFields"]]
        for about in ("labels", "annotations"):
            kept = {key: text for key, text in crd.get("metadata", {}).get(about, {}).items() if key not in _TOOLS}
            if kept:
                given[about] = kept
        shown = [f"{key}={literal(value)}" for key, value in given.items()]
        columns = [self._column(column) for column in version.get("additionalPrinterColumns", ())]
        if columns:
            shown.append("columns=[\n        " + ",\n        ".join(columns) + ",\n    ]")
        scale = (version.get("subresources") or {}).get("scale")
        if scale:
            self._use("kubewright.schema", "Scale")
            paths = (scale["specReplicasPath"], scale["statusReplicasPath"], scale.get("labelSelectorPath"))
            shown.append(f"scale=Scale({', '.join(literal(path) for path in paths if path)})")
        decorator = "op.resource" if self.package else "custom_resource"
        return f"@{decorator}(\n" + "".join(f"    {entry},\n" for entry in shown) + ")"

    def _column(self, column: Raw) -> str:
        self._use("kubewright.schema", "Column")
        parts = [literal(column["name"]), literal(column["jsonPath"]), literal(column["type"])]
        parts += [f"{key}={literal(column[key])}" for key in ("description", "format", "priority") if column.get(key)]
        return f"Column({', '.join(parts)})"

    def struct(self, schema: Raw, name: str, base: str) -> str:
        name = self._claim(name)
        self._use("kubewright.schema", base)
        required = schema.get("required", ())
        body = self._docstring(schema)
        properties = schema.get("properties") or {}
        body += self._fields(properties, name, required, base)
        lines = [*self._decorators(schema), f"class {name}({base}):", *(body or ["    ..."])]
        self.classes.append("\n".join(lines) + "\n")
        return name

    def _decorators(self, schema: Raw) -> list[str]:
        lines = [f"@{self._rule(rule)}" for rule in schema.get("x-kubernetes-validations", ())]
        about = ("title", "example", "externalDocs", "x-kubernetes-map-type", "x-kubernetes-embedded-resource")
        marks = [f"{_META[key]}={literal(schema[key])}" for key in about if key in schema]
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            marks.append("preserve_unknown=True")
        marks += [f"{_LENGTHS[key]}={schema[key]}" for key in ("minProperties", "maxProperties") if key in schema]
        marks += [*_keywords(schema), *_undocumented(schema)]
        if marks:
            self._use("kubewright.schema", "Meta")
            lines.append(f"@Meta({', '.join(marks)})")
        return lines

    def _docstring(self, schema: Raw) -> list[str]:
        """The docstring of a class or field; none where it would not be read back as the text."""
        text = schema.get("description", "")
        return [docstring] if text and (docstring := as_docstring(text)) else []

    def _fields(self, properties: Raw, owner: str, required: Sequence[str], base: str) -> list[str]:
        attributes = attribute_names(properties)
        return [
            self.field(
                key, attributes[key], schema, self.type(schema, f"{owner}{pascal(key)}", base), owner, key in required
            )
            for key, schema in properties.items()
        ]

    def field(self, key: str, attribute: str, schema: Raw, annotation: str, owner: str, required: bool) -> str:
        """The field of a class with its docstring."""
        meta = [*self._meta(schema, annotation), *_undocumented(schema)]
        default = self._default(schema, annotation, required, owner in self.statuses)
        if default == "None" and annotation != "JSON":
            annotation = f"{annotation} | None"
        if required and default:
            meta.append("required=True")
        struct = annotation in self.names
        if "default" in schema and not _speaks_for_itself(schema["default"], annotation, required, struct=struct):
            meta.append(f"default={literal(schema['default'])}")
        annotation = self._annotated(annotation, meta, schema)
        if camel(attribute) != key:
            self._use("msgspec", "field")
            given = default.removeprefix("field(").removesuffix(")") if default.startswith("field(") else ""
            given = given or (f"default={default}" if default else "")
            default = f"field({', '.join(part for part in (given, f'name={literal(key)}') if part)})"
        line = f"    {attribute}: {annotation}" + (f" = {default}" if default else "")
        return "\n".join([line, *self._docstring(schema)])

    def _default(self, schema: Raw, annotation: str, required: bool, starts_empty: bool) -> str:
        if "default" in schema and schema["default"] not in ({}, []):
            return self._typed(schema["default"], annotation)
        if annotation in self.names and schema.get("default") == {}:
            return f"{annotation}()"
        if required and not starts_empty:
            return ""
        if annotation.startswith("list["):
            return "[]"
        if annotation.startswith("dict["):
            return "{}"
        return _ZEROS.get(annotation, "None") if required else "None"

    def _typed(self, value: Any, annotation: str) -> str:
        """A default as Python writes it; lists and maps are made anew for each object."""
        if isinstance(value, dict) and annotation in self.names:
            return self._valued(value, annotation)
        if isinstance(value, list | dict):
            self._use("msgspec", "field")
            return f"field(default_factory=lambda: {self._valued(value, annotation)})"
        return self._valued(value, annotation)

    def _valued(self, value: Any, annotation: str) -> str:
        annotation = annotation.removeprefix("Annotated[").partition(", Meta(")[0]
        if annotation in ("Quantity", "Duration"):
            return f"{annotation}({literal(value)})"
        if isinstance(value, dict) and annotation in self.names:
            self._use("kubewright.objects", "from_dict")
            return f"from_dict({annotation}, {literal(value)})"
        inner = annotation.removeprefix("list[" if isinstance(value, list) else "dict[str, ").removesuffix("]")
        if isinstance(value, list):
            return f"[{', '.join(self._valued(item, inner) for item in value)}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{literal(key)}: {self._valued(item, inner)}' for key, item in value.items())}}}"
        return literal(value)

    def type(self, schema: Raw, name: str, base: str) -> str:
        if schema.get("x-kubernetes-int-or-string"):
            return self._object("Quantity" if schema.get("pattern") == QUANTITY["pattern"] else "IntOrString")
        kind = schema.get("type")
        if "enum" in schema and kind in ("string", "integer"):
            self._use("typing", "Literal")
            return f"Literal[{', '.join(map(literal, schema['enum']))}]"
        if kind == "array":
            items = schema["items"]
            inner = self.type(items, singular(name), base)
            return f"list[{self._annotated(inner, self._inner_meta(items, inner), items)}]"
        if kind == "object":
            return self._object_type(schema, name, base)
        if kind == "string" and schema.get("format") in _FORMATS:
            form = _FORMATS[schema["format"]]
            return form if form == "bytes" else self._object(form)
        return _SCALARS[kind] if kind else self._object("JSON")

    def _object_type(self, schema: Raw, name: str, base: str) -> str:
        values = schema.get("additionalProperties")
        if schema.get("properties") or not (values or schema.get("x-kubernetes-preserve-unknown-fields")):
            return self.struct(schema, name, base)
        if not isinstance(values, Mapping):
            return self._object("RawExtension")
        inner = self.type(values, f"{name}Value", base)
        return f"dict[str, {self._annotated(inner, self._inner_meta(values, inner), values)}]"

    def _annotated(self, annotation: str, meta: list[str], schema: Raw) -> str:
        """The type with its markers; a class carries its rules itself."""
        markers = [f"Meta({', '.join(meta)})"] if meta else []
        if meta:
            self._use("kubewright.schema", "Meta")
        if annotation.removesuffix(" | None") not in self.names:
            markers += [self._rule(rule) for rule in schema.get("x-kubernetes-validations", ())]
        if not markers:
            return annotation
        self._use("typing", "Annotated")
        return f"Annotated[{annotation}, {', '.join(markers)}]"

    def _inner_meta(self, schema: Raw, annotation: str) -> list[str]:
        """The same for items and values, which have neither a docstring nor a default beside them."""
        shown = [key for key in ("description", "default") if key in schema]
        if annotation in self.names:
            shown = [key for key in shown if key != "description"]
        return [*self._meta(schema, annotation), *(f"{key}={literal(schema[key])}" for key in shown)]

    def _meta(self, schema: Raw, annotation: str) -> list[str]:
        """The arguments of ``Meta`` for what the Python type doesn't say by itself."""
        kind = schema.get("type")
        if schema.get("x-kubernetes-int-or-string") and "anyOf" not in schema:
            return [f"schema={_rest(schema)}"]
        if (kind is None and "properties" in schema) or schema.get("additionalProperties") is True:
            return [f"schema={_rest(schema)}"]
        if annotation in self.names:
            return ["nullable=True"] if schema.get("nullable") else []
        found = []
        for bound, inclusive, exclusive in (("minimum", "ge", "gt"), ("maximum", "le", "lt")):
            if bound in schema:
                name = exclusive if schema.get(f"exclusive{bound.capitalize()}") else inclusive
                found.append(f"{name}={literal(schema[bound])}")
        found += [f"{name}={schema[key]}" for key, name in _LENGTHS.items() if key in schema]
        for key, name in _META.items():
            implied = (key == "format" and annotation in ("Time", "bytes")) or (
                key == "pattern" and annotation == "Quantity"
            )
            if key in schema and not implied:
                found.append(f"{name}={literal(schema[key])}")
        if "additionalProperties" in schema and schema.get("x-kubernetes-preserve-unknown-fields"):
            found.append("preserve_unknown=True")
        if kind == "number":
            found.append("allow_float=True")
        if "enum" in schema and not annotation.startswith("Literal["):
            found.append(f"enum={literal(list(schema['enum']))}")
        keys = schema.get("x-kubernetes-list-map-keys")
        if keys:
            found.append(f"list_map_keys={literal(list(keys))}")
        elif "x-kubernetes-list-type" in schema:
            found.append(f"list_type={literal(schema['x-kubernetes-list-type'])}")
        if annotation not in ("IntOrString", "Quantity"):
            found += _keywords(schema)
        return found

    def _rule(self, rule: Raw) -> str:
        self._use("kubewright.schema", "Rule")
        parts = [literal(rule["rule"])]
        names = {"message": "message", "messageExpression": "message_expression", "reason": "reason"}
        names |= {"fieldPath": "field_path", "optionalOldSelf": "optional_old_self"}
        parts += [f"{name}={literal(rule[key])}" for key, name in names.items() if key in rule]
        return f"Rule({', '.join(parts)})"

    def _object(self, name: str) -> str:
        self._use("kubewright.objects", name)
        return name

    def _use(self, module: str, *names: str) -> None:
        self.used.setdefault(module, set()).update(names)

    def _claim(self, name: str) -> str:
        unique, number = name, 1
        while unique in self.names or unique in _TAKEN or keyword.iskeyword(unique):
            number += 1
            unique = f"{name}{number}"
        self.names.add(unique)
        return unique


def _rest(schema: Raw) -> str:
    """What a field's docstring, default and rules don't say of it."""
    elsewhere = ("description", "default", "x-kubernetes-validations")
    return literal({key: value for key, value in schema.items() if key not in elsewhere})


def _properties(version: Raw) -> Raw:
    properties: Raw = version["schema"]["openAPIV3Schema"].get("properties", {})
    return properties


def _keywords(schema: Raw) -> list[str]:
    """The argument of ``Meta`` for logic that has no Python form."""
    logic = {key: schema[key] for key in ("oneOf", "anyOf", "allOf", "not") if key in schema}
    return [f"keywords={literal(logic)}"] if logic else []


def _undocumented(schema: Raw) -> list[str]:
    """The argument of ``Meta`` for a text that no docstring can hold."""
    text = schema.get("description", "")
    return [f"description={literal(text)}"] if text and not as_docstring(text) else []


def _speaks_for_itself(default: Any, annotation: str, required: bool, *, struct: bool) -> bool:
    """Whether the Python default says the whole of the schema's: structs leave their own defaults out, for example."""
    if "Quantity" in annotation:  # Python writes it in its canonical form
        return isinstance(default, str) and str(Quantity(default)) == default
    if not isinstance(default, list | dict):
        return bool(default) or not required
    if required or not default:
        return not required and default == {} and struct
    values = default.values() if isinstance(default, dict) else default
    plain = annotation.startswith(("list[", "dict["))
    return plain and not any(isinstance(value, list | dict) for value in values)
