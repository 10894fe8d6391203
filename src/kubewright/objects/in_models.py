"""Kubernetes' own types as fields of a pydantic model: they are read from their plain JSON and written as it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

T = TypeVar("T")


class InModels:
    """What makes a class a type that pydantic knows; pydantic itself need not be installed."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object, /) -> CoreSchema:
        return in_models(cls)


def in_models(cls: type) -> CoreSchema:
    """How pydantic validates and serializes values of a class."""
    from pydantic_core import core_schema

    from kubewright.objects.codec import to_plain

    written = core_schema.plain_serializer_function_ser_schema(to_plain)
    return core_schema.no_info_plain_validator_function(partial(_read, cls), serialization=written)


def _read(cls: type[T], value: object) -> T:
    from kubewright.objects.codec import from_plain

    return value if isinstance(value, cls) else from_plain(cls, value)
