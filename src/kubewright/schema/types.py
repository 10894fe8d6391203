"""Python types to structural OpenAPI v3 schemas, as CustomResourceDefinitions hold them.

An annotation or a class (a `Spec`, a pydantic model, a type of `kubewright.objects`) goes in, a plain schema comes out.
The mapping follows controller-gen's; what a structural schema can't say is refused with the class, the field and
the way out.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec

from kubewright.objects import JSON, Condition, Duration, MicroTime, Object, Quantity, RawExtension, Unstructured
from kubewright.schema import builtin_types
from kubewright.schema.builtin_types import Schema
from kubewright.schema.constraints import cel_name, constrain, mark_class
from kubewright.schema.descriptions import class_description, cut_descriptions
from kubewright.schema.errors import SchemaError
from kubewright.schema.fields import NO_DEFAULT, Field, fields_of, is_model, is_struct, text_in_models
from kubewright.schema.markers import Doc, Immutable, Meta, Rule
from kubewright.schema.unions import tagged, tagged_union

_ANY_VALUE, _ANY_OBJECT = (typing.get_args(alias)[1] for alias in (JSON, RawExtension))

_SCALARS: dict[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    bytes: {"type": "string", "format": "byte"},
    datetime: builtin_types.DATE_TIME,
    MicroTime: builtin_types.DATE_TIME,
    date: {"type": "string", "format": "date"},
    UUID: {"type": "string", "format": "uuid"},
    Duration: {"type": "string"},
    Quantity: builtin_types.QUANTITY,
    Unstructured: {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    },
}

_REFUSED: dict[Any, tuple[str, str]] = {
    Decimal: ("Decimal has no exact JSON form in Kubernetes", "use Quantity, or a str with a pattern"),
    timedelta: ("timedelta is written as ISO 8601, which Kubernetes tools don't read", "use Duration"),
    object: ("it says nothing about the value", "use JSON for any value, RawExtension for any object"),
    Any: ("Any says nothing about the value", "use JSON for any value, RawExtension for any object"),
    dict: ("the map's values have no type", "use dict[str, X], or RawExtension for any object"),
    list: ("the list's items have no type", "use list[X], or list[JSON] for any items"),
    tuple: ("the tuple's items have no type", "use list[X]"),
    set: ("the set's items have no type", "use set[X]"),
    frozenset: ("the set's items have no type", "use frozenset[X]"),
    Object: ("it is no kind", "use Unstructured for an object of any kind"),
}


class SchemaBuilder:
    """Makes schemas; holds what applies to all of them.

    :param allow_floats: admit ``float`` everywhere (controller-gen's allowDangerousTypes).
    :param embedded_metadata: say what the metadata of embedded objects holds (controller-gen's
        generateEmbeddedObjectMeta); without, the API server prunes all of it.
    :param scalars: the schemas of values of some types, instead of the usual ones.
    """

    def __init__(
        self,
        *,
        allow_floats: bool = False,
        embedded_metadata: bool = True,
        scalars: Mapping[type, Schema] | None = None,
    ) -> None:
        self.allow_floats = allow_floats
        self._scalars = {**_SCALARS, **(scalars or {})}
        self.metadata: Schema = builtin_types.OBJECT_META if embedded_metadata else {"type": "object"}
        self._open: list[type] = []

    def build(self, annotation: Any, where: str = "") -> Schema:
        """The schema of values of a type.

        :param where: the class and field that errors name.
        :raises SchemaError: the type, a marker or a default can't be expressed.
        """
        where = where or getattr(annotation, "__name__", str(annotation))
        base, markers = unwrap(annotation)
        meta = [marker for marker in markers if isinstance(marker, Meta)]
        replaced = next((marker.schema for marker in meta if marker.schema is not None), None)
        if replaced is not None:
            schema = dict(replaced)
        elif _ANY_VALUE in markers:
            schema = {"x-kubernetes-preserve-unknown-fields": True}
        elif _ANY_OBJECT in markers:
            schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        else:
            schema = self._of_type(base, where, floats=any(marker.allow_float for marker in meta))
        for marker in markers:
            constrain(schema, marker, where)
        return schema

    def struct(self, cls: type, *, without: Sequence[str] = ()) -> Schema:
        """The object schema of a struct or a pydantic model.

        :param without: JSON names of fields that are left out.
        """
        if cls in self._open:
            raise SchemaError(
                cls.__name__,
                "it contains itself, which a structural schema can't express",
                "unroll the levels that are needed, or use RawExtension for the inner ones",
            )
        self._open.append(cls)
        try:
            return self._struct(cls, without)
        finally:
            self._open.pop()

    def _struct(self, cls: type, without: Sequence[str]) -> Schema:
        schema: Schema = {"type": "object"}
        if text := class_description(cls):
            schema["description"] = text
        fields = [field for field in fields_of(cls) if field.json_name not in without]
        required = sorted(field.json_name for field in fields if _is_required(field))
        if issubclass(cls, Object):
            schema["properties"] = _object_header(fields)
            required = [name for name in required if name not in ("apiVersion", "kind")]
            fields = [field for field in fields if field.json_name not in schema["properties"]]
        if fields:
            schema.setdefault("properties", {}).update((field.json_name, self._field(cls, field)) for field in fields)
        if required:
            schema["required"] = required
        for field in fields:
            if _is_immutable(field) and field.json_name not in required:
                name = cel_name(field.json_name, f"{cls.__name__}.{field.name}")
                kept = f"!has(oldSelf.{name}) || has(self.{name})"
                constrain(schema, Rule(kept, f"field {field.json_name} is immutable once set"), cls.__name__)
        if getattr(cls, "model_config", {}).get("extra") == "allow":
            schema["x-kubernetes-preserve-unknown-fields"] = True
        mark_class(schema, cls, {field.name: field.json_name for field in fields}, required)
        return schema

    def _field(self, cls: type, field: Field) -> Schema:
        where = f"{cls.__name__}.{field.name}"
        schema = self.build(field.annotation, where)
        if field.description and not _has_own_text(field.annotation):
            schema["description"] = field.description
        if _admits_none(field.annotation) and (field.default is NO_DEFAULT or field.default is not None):
            schema["nullable"] = True
        if field.default is None and not _admits_none(field.annotation) and schema.get("type"):
            raise SchemaError(where, "None is no value of its type", "write `| None = None`")
        if _says_something(field):
            schema.setdefault("default", field.default)
        return schema

    def _of_type(self, base: Any, where: str, *, floats: bool) -> Schema:
        if base is bytes:
            self._check_bytes(where)
        if base in self._scalars:
            return typing.cast("Schema", _copy(self._scalars[base]))
        if base is float:
            if floats or self.allow_floats:
                return {"type": "number"}
            raise SchemaError(
                where,
                "clients in other languages may round a float",
                "use Quantity, an int of a smaller unit, a str, or allow it: Annotated[float, Meta(allow_float=True)]",
            )
        if base in _REFUSED:
            raise SchemaError(where, *_REFUSED[base])
        origin, parts = typing.get_origin(base), typing.get_args(base)
        if origin in _REFUSED and not parts:
            raise SchemaError(where, *_REFUSED[origin])
        if origin is Literal:
            return _enum(parts, where)
        if origin in (typing.Union, types.UnionType):
            return self._union(parts, where)
        if isinstance(origin, type):
            return self._container(origin, parts, where)
        if hasattr(base, "json_schema") and hasattr(base, "from_plain"):
            return dict(base.json_schema())
        if isinstance(base, type) and issubclass(base, Flag):
            raise SchemaError(where, "flags are combined, which an enum can't express", "use a set of a StrEnum")
        if isinstance(base, type) and issubclass(base, Enum):
            return _enum([member.value for member in base], where) | _described(base)
        if is_struct(base) or is_model(base):
            return self._class(base)
        if self._open and is_model(self._open[-1]) and (text := text_in_models(base, where)):
            return text
        if isinstance(base, TypeVar):
            raise SchemaError(
                where, "its type is not told", "write class Website(Resource[WebsiteSpec, WebsiteStatus])"
            )
        raise SchemaError(
            where,
            f"{getattr(base, '__name__', base)} has no schema",
            "derive it from Spec, or give it from_plain(), to_plain() and json_schema()",
        )

    def _check_bytes(self, where: str) -> None:
        """Bytes are base64 in JSON; pydantic has to be told so."""
        model: Any = self._open[-1] if self._open else None
        if is_model(model) and model.model_config.get("ser_json_bytes") != "base64":
            fix = "model_config = ConfigDict(ser_json_bytes='base64', val_json_bytes='base64')"
            raise SchemaError(where, "pydantic writes bytes as they are", f"write {fix}")

    def _class(self, cls: type) -> Schema:
        if cls.__module__.startswith("kubewright.objects."):
            return builtin_types.builtin_schema(cls, metadata=self.metadata)
        schema = tagged(self.struct(cls), cls) if is_struct(cls) else self.struct(cls)
        if issubclass(cls, Object):
            schema["properties"]["metadata"] = _copy(self.metadata)
        return schema

    def _container(self, origin: type, parts: tuple[Any, ...], where: str) -> Schema:
        if issubclass(origin, tuple):
            if len(parts) != 2 or parts[1] is not Ellipsis:
                raise SchemaError(where, "a tuple of fixed length has no schema", "use list[X] or a Spec class")
            return {"type": "array", "items": self._inner(parts[0], where)}
        if issubclass(origin, Mapping):
            return self._map(parts[0], parts[1], where)
        if issubclass(origin, AbstractSet):
            items = self._inner(parts[0], where)
            if items.get("type") in ("object", "array"):
                raise SchemaError(where, "a set holds plain values only", "use list[X] with Meta(list_map_keys=[...])")
            return {"type": "array", "items": items, "x-kubernetes-list-type": "set"}
        if issubclass(origin, MutableSequence | Sequence):
            schema: Schema = {"type": "array", "items": self._inner(parts[0], where)}
            if unwrap(parts[0])[0] is Condition:
                schema |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
            return schema
        if is_struct(origin):
            raise SchemaError(where, "a generic class has no schema of its own", "derive a class from it")
        raise SchemaError(where, f"{origin.__name__} has no schema", "use list, set or dict")

    def _map(self, key: Any, value: Any, where: str) -> Schema:
        keys = self.build(key, f"{where}[key]")
        if keys.get("type") != "string":
            raise SchemaError(where, "the keys of a map are strings in JSON", "use dict[str, X]")
        schema: Schema = {"type": "object", "additionalProperties": self._inner(value, where)}
        for rule in _key_rules(keys):
            constrain(schema, rule, where)
        return schema

    def _inner(self, annotation: Any, where: str) -> Schema:
        """The schema of the items of a list, or of the values of a map."""
        schema = self.build(annotation, f"{where}[]")
        if _admits_none(annotation):
            schema["nullable"] = True
        return schema

    def _union(self, parts: tuple[Any, ...], where: str) -> Schema:
        members = [part for part in parts if part is not type(None)]
        if len(members) == 1:
            return self.build(members[0], where)
        unwrapped = [unwrap(member) for member in members]
        bases = [base for base, _ in unwrapped]
        if set(bases) == {int, str}:
            schema: Schema = _copy(builtin_types.INT_OR_STRING)
            for marker in (marker for _, markers in unwrapped for marker in markers):
                constrain(schema, marker, where)
            return schema
        if all(typing.get_origin(member) is Literal for member in members):
            return _enum([value for member in members for value in typing.get_args(member)], where)
        if all(is_struct(base) for base in bases) or all(is_model(base) for base in bases):
            return tagged_union(bases, [self._class(base) for base in bases], where)
        names = " | ".join(getattr(member, "__name__", str(member)) for member in members)
        raise SchemaError(
            where,
            f"{names} is ambiguous in a structural schema",
            "use int | str, classes with tags (`class S3(Spec, tag='s3')`), or one optional field for each",
        )


def _object_header(fields: Sequence[Field]) -> Schema:
    """What every object has; the API server knows metadata's schema, but a class may restrict it."""
    header: Schema = {name: {"type": "string"} for name in ("apiVersion", "kind")}
    for field in fields:
        if field.json_name == "metadata":
            meta = [marker for marker in unwrap(field.annotation)[1] if isinstance(marker, Meta)]
            header["metadata"] = next((dict(one.schema) for one in meta if one.schema), {"type": "object"})
    return header


def schema_of(annotation: Any, *, allow_floats: bool = False, max_description: int | None = None) -> Schema:
    """The structural schema of a Python type.

    :param allow_floats: admit ``float`` everywhere.
    :param max_description: cut descriptions to this many characters; 0 leaves them out.
    :raises SchemaError: the type, a marker or a default can't be expressed.
    """
    schema = SchemaBuilder(allow_floats=allow_floats).build(annotation)
    return schema if max_description is None else cut_descriptions(schema, max_description)


def unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """A type without aliases, ``Annotated`` and ``| None`` around it, and all the markers found on the way."""
    markers: list[Any] = []
    while True:
        if typing.get_origin(annotation) is typing.Annotated:
            markers = [*annotation.__metadata__, *markers]
            annotation = annotation.__origin__
        elif hasattr(annotation, "__supertype__"):  # NewType
            annotation = annotation.__supertype__
        elif getattr(annotation, "__pydantic_root_model__", False):
            info = annotation.model_fields["root"]
            markers = [*info.metadata, *markers]
            annotation = info.annotation
        elif hasattr(annotation, "__value__") and typing.get_origin(annotation) is None:  # type X = ...
            annotation = annotation.__value__
        else:
            inner = [part for part in typing.get_args(annotation) if part is not type(None)]
            optional = typing.get_origin(annotation) in (typing.Union, types.UnionType) and len(inner) == 1
            if not optional:
                return annotation, markers
            annotation = inner[0]


def _admits_none(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Annotated:
        return _admits_none(annotation.__origin__)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(part is type(None) or _admits_none(part) for part in typing.get_args(annotation))
    return annotation is type(None)


def _says_something(field: Field) -> bool:
    """Whether a default belongs in the schema: None and empty lists and maps are what absent fields read as anyway.

    The zero of a required field (a status before its first reconcile) is a start for Python only.
    """
    if field.default is NO_DEFAULT or field.default is None or field.default == []:
        return False
    if _is_required(field) and not field.default:
        return False
    return field.default != {} or is_struct(unwrap(field.annotation)[0])


def _is_required(field: Field) -> bool:
    for marker in unwrap(field.annotation)[1]:
        if isinstance(marker, Meta) and marker.required is not None:
            return marker.required
    return field.default is NO_DEFAULT


def _is_immutable(field: Field) -> bool:
    return any(isinstance(marker, Immutable) for marker in unwrap(field.annotation)[1])


def _has_own_text(annotation: Any) -> bool:
    markers = unwrap(annotation)[1]
    return any(isinstance(m, Doc) or (isinstance(m, Meta) and m.description is not None) for m in markers)


def _described(cls: type) -> Schema:
    text = class_description(cls)
    return {"description": text} if text and text != "An enumeration." else {}


def _enum(values: Sequence[Any], where: str) -> Schema:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        raise SchemaError(where, "it admits no value", "name at least one")
    if kinds <= {str}:
        schema: Schema = {"type": "string", "enum": list(values)}
    elif kinds <= {int}:
        schema = {"type": "integer", "enum": list(values)}
    else:
        raise SchemaError(where, "the values of an enum are all strings or all integers", "use one type")
    if None in values:
        schema["nullable"] = True
    return schema


def _key_rules(keys: Schema) -> list[Rule]:
    """Structural schemas can't constrain keys, so CEL does."""
    rules = []
    if "pattern" in keys:
        pattern = msgspec.json.encode(keys["pattern"]).decode()
        rules.append(Rule(f"self.all(key, key.matches({pattern}))", f"keys must match {keys['pattern']}"))
    if "enum" in keys:
        values = msgspec.json.encode(keys["enum"]).decode()
        rules.append(Rule(f"self.all(key, key in {values})", f"keys must be among {', '.join(keys['enum'])}"))
    if "minLength" in keys:
        least = keys["minLength"]
        rules.append(Rule(f"self.all(key, size(key) >= {least})", f"keys must have at least {least} characters"))
    if "maxLength" in keys:
        most = keys["maxLength"]
        rules.append(Rule(f"self.all(key, size(key) <= {most})", f"keys must have at most {most} characters"))
    return rules


def _copy(schema: Schema) -> Any:
    return msgspec.json.decode(msgspec.json.encode(schema))
