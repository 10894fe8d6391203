"""Conversions that field ownership needs where managers wrote in other versions of a resource.

The engine asks for them one by one and knows nothing of webhooks: what it asks for and is not there yet makes it stop
(`ConversionNeeded`); `converted` has it made and lets the engine begin again, until it comes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from kubewright.apiserver.apply.field_manager import FieldManager, OtherVersions
from kubewright.apiserver.registry.strategy import Object
from kubewright.schema.node import Node

if TYPE_CHECKING:
    from kubewright.apiserver.registry.resource import Converter

T = TypeVar("T")


class ConversionNeeded(Exception):
    """The engine cannot go on without this object in this version."""

    def __init__(self, obj: Object, api_version: str) -> None:
        super().__init__(api_version)
        self.obj = obj
        self.api_version = api_version


class _Conversions:
    """The versions of a resource to one run of the engine; remembers what was converted for it (`OtherVersions`)."""

    def __init__(self, versions: OtherVersions) -> None:
        self._versions = versions
        self._made: dict[tuple[bytes, str], Object] = {}

    def node(self, api_version: str) -> Node | None:
        return self._versions.node(api_version)

    def convert(self, obj: Object, api_version: str) -> Object:
        """:raises ConversionNeeded: it is not there yet."""
        found = self._made.get((_key(obj), api_version))
        if found is None:
            raise ConversionNeeded(obj, api_version)
        return found

    async def make(self, needed: ConversionNeeded, converter: Converter) -> None:
        [made] = await converter.convert([needed.obj], needed.api_version)
        self._made[_key(needed.obj), needed.api_version] = made


async def converted(
    manager: FieldManager, versions: OtherVersions, converter: Converter, step: Callable[[FieldManager], T]
) -> T:
    """Run a step of the engine whose objects have to go through a converter.

    :param step: does something with the manager that it is given; is called again after each conversion.
    :raises APIError: the converter failed.
    """
    conversions = _Conversions(versions)
    while True:
        try:
            return step(manager.seeing(conversions))
        except ConversionNeeded as needed:
            await conversions.make(needed, converter)


def _key(obj: Object) -> bytes:
    return msgspec.json.encode(obj, order="deterministic")
