"""The fields of a user's class, whether it is a msgspec struct or a pydantic model, in one shape.

A class goes in; for each field its JSON name, annotation, default and description come out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from kubewright.objects.codec import to_plain
from kubewright.schema.descriptions import field_descriptions, tidy
from kubewright.schema.errors import SchemaError
from kubewright.schema.markers import Meta
from kubewright.schema.structural.formats import supported_format

NO_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``default`` is plain JSON, ``NO_DEFAULT`` where the field must be given."""

    name: str
    json_name: str
    annotation: Any
    default: Any
    description: str


def is_model(cls: Any) -> bool:
    """Whether it is a pydantic model class; pydantic itself need not be installed to ask."""
    return isinstance(cls, type) and hasattr(cls, "model_fields") and hasattr(cls, "model_validate")


def is_struct(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct)


def fields_of(cls: type) -> list[Field]:
    """The fields of a struct or a model, in the order they were written.

    :raises SchemaError: a default can't be written as JSON, or changes from call to call.
    """
    return _model_fields(cls) if is_model(cls) else _struct_fields(cls)


def _struct_fields(cls: type) -> list[Field]:
    texts = field_descriptions(cls)
    found = []
    try:
        infos = msgspec.structs.fields(cls)
    except NameError as error:
        raise SchemaError(cls.__name__, f"the annotation names {error.name!r}, which its module doesn't have") from None
    for info in infos:
        where = f"{cls.__name__}.{info.name}"
        if info.default is not msgspec.NODEFAULT:
            default = _plain(info.default, where)
        elif info.default_factory is not msgspec.NODEFAULT:
            default = _made(info.default_factory, where)
        else:
            default = NO_DEFAULT
        found.append(Field(info.name, info.encode_name, info.type, default, texts.get(info.name, "")))
    return found


def _model_fields(cls: Any) -> list[Field]:
    texts = field_descriptions(cls)
    found = []
    for name, info in cls.model_fields.items():
        if info.exclude:
            continue
        where = f"{cls.__name__}.{name}"
        if info.is_required():
            default = NO_DEFAULT
        elif info.default_factory is not None:
            default = _made(info.default_factory, where)
        else:
            default = _plain(info.default, where)
        annotation = info.annotation
        for constraint in (*info.metadata, _said_in_pydantic(info)):
            annotation = Annotated[annotation, constraint]
        alias = _json_name(info, name, where)
        description = tidy(info.description) if info.description else texts.get(name, "")
        found.append(Field(name, alias, annotation, default, description))
    return found


def _said_in_pydantic(info: Any) -> Meta:
    """What ``pydantic.Field`` says beside constraints."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, Mapping) else {}
    return Meta(
        title=info.title,
        example=next(iter(info.examples or ()), None),
        keywords={key: value for key, value in extra.items() if key.startswith("x-kubernetes-")},
    )


def text_in_models(annotation: Any, where: str) -> dict[str, Any] | None:
    """The schema of a type that pydantic writes as a text, such as a URL or an address; None of any other type.

    :raises SchemaError: pydantic hides its values.
    """
    import pydantic

    try:
        said = pydantic.TypeAdapter(annotation).json_schema(mode="serialization")
    except pydantic.PydanticUserError:
        return None
    if said.get("type") != "string":
        return None
    if said.get("writeOnly"):
        raise SchemaError(where, "pydantic writes asterisks for it", "use a str, or refer to a Secret")
    kept = {key: said[key] for key in ("type", "minLength", "maxLength", "pattern") if key in said}
    return kept | ({"format": said["format"]} if supported_format("string", said.get("format", "")) else {})


def _json_name(info: Any, name: str, where: str) -> str:
    """The name that pydantic writes a field by, if it reads the field by it as well."""
    written = info.serialization_alias or info.alias or name
    read = info.validation_alias or name
    admitted = getattr(read, "choices", [read])
    if written not in admitted:
        shown = ", ".join(str(one) for one in admitted)
        raise SchemaError(where, f"pydantic reads it as {shown}, but writes {written}", "give it one name: alias=")
    return str(written)


def _made(factory: Callable[[], Any], where: str) -> Any:
    try:
        made = factory()
    except TypeError as error:
        raise SchemaError(where, f"its default can't be made ({error})", "give each field of it a default") from None
    if isinstance(made, msgspec.Struct) and factory is type(made):
        return {}  # the API server fills the struct's own defaults in
    first = _plain(made, where)
    if first != _plain(factory(), where):
        raise SchemaError(
            where,
            "its default changes from call to call, so the API server can't fill it in",
            "make the field `| None = None` and fill it in a defaulting webhook",
        )
    return first


def _plain(value: Any, where: str) -> Any:
    try:
        return to_plain(value)
    except TypeError as error:
        raise SchemaError(where, f"its default {value!r} can't be written as JSON ({error})") from None
