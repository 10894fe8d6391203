"""The fields of a user's class, whether it is a msgspec struct or a pydantic model, in one shape.

A class goes in; for each field its JSON name, annotation, default and description come out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from kubewright.objects.codec import to_plain
from kubewright.schema.descriptions import field_descriptions, tidy
from kubewright.schema.errors import SchemaError

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
        where = f"{cls.__name__}.{name}"
        if info.is_required():
            default = NO_DEFAULT
        elif info.default_factory is not None:
            default = _made(info.default_factory, where)
        else:
            default = _plain(info.default, where)
        annotation = info.annotation
        for constraint in info.metadata:
            annotation = Annotated[annotation, constraint]
        alias = info.serialization_alias or info.alias or name
        description = tidy(info.description) if info.description else texts.get(name, "")
        found.append(Field(name, alias, annotation, default, description))
    return found


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
