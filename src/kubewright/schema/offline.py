"""Checking objects without a cluster, as the API server would check them on ``--validate=strict``.

Definitions go in once; for every object the unknown fields and the broken rules come out, built-in kinds included.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from kubewright.objects import GroupVersionKind, ObjectMeta, to_dict
from kubewright.objects.codec import from_plain, without_nulls
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import required
from kubewright.schema.builtin_kinds import builtin_class
from kubewright.schema.builtin_types import builtin_schema
from kubewright.schema.crd import AnyResource, resource_schema
from kubewright.schema.structural import CompiledSchema, compile_schema


def problems(obj: AnyResource, old: AnyResource | None = None) -> list[Cause]:
    """What the API server would find wrong with a custom resource: constraints, and CEL rules as well.

    For unit tests of a resource's rules: ``assert problems(Website(...)) == []``.

    :param old: the object before an update, for rules on ``oldSelf``.
    :raises SchemaError: the class can't be expressed.
    """
    schema = _of_class(type(obj))
    plain = to_dict(obj)
    schema.default(plain)
    return schema.validate(plain, None if old is None else to_dict(old))


@cache
def _of_class(cls: type[AnyResource]) -> CompiledSchema:
    return compile_schema(resource_schema(cls))


class UnknownKind(LookupError):
    """There is no schema for an object's kind."""


class OfflineValidator:
    """Checks objects against CustomResourceDefinitions and the built-in kinds.

    :param crds: definitions as plain JSON.
    """

    def __init__(self, crds: Iterable[Mapping[str, Any]] = ()) -> None:
        self._raw: dict[GroupVersionKind, Mapping[str, Any]] = {}
        self._compiled: dict[GroupVersionKind, CompiledSchema] = {}
        for crd in crds:
            try:
                self._raw |= _schemas(crd["spec"])
            except (KeyError, TypeError):
                continue  # it is no definition, as its own check tells

    def check(self, obj: Mapping[str, Any]) -> list[Cause]:
        """What is wrong with an object; the object itself is left alone.

        :raises UnknownKind: no definition was given for its kind, and it is not built in.
        """
        header = ("apiVersion", "kind")
        wrong = [required(field) for field in header if not obj.get(field)]
        wrong += [Cause("FieldValueTypeInvalid", "must be a text", field) for field in header if _no_text(obj, field)]
        if wrong:
            return wrong
        gvk = GroupVersionKind.parse(obj["apiVersion"], obj["kind"])
        schema = self._schema(gvk)
        checked = copy.deepcopy(dict(obj)) if gvk in self._raw else without_nulls(obj)
        found = [Cause("FieldValueInvalid", "unknown field", path) for path in schema.prune(checked)]
        schema.default(checked)
        found += schema.validate(checked)
        return found + _of_metadata(obj.get("metadata") or {})

    def _schema(self, gvk: GroupVersionKind) -> CompiledSchema:
        compiled = self._compiled.get(gvk)
        if compiled is None:
            raw = self._raw.get(gvk)
            if raw is None:
                return _builtin(gvk)
            compiled = self._compiled[gvk] = compile_schema(raw)
        return compiled


def _schemas(spec: Mapping[str, Any]) -> dict[GroupVersionKind, Mapping[str, Any]]:
    return {
        GroupVersionKind(spec["group"], version["name"], spec["names"]["kind"]): version["schema"]["openAPIV3Schema"]
        for version in spec["versions"]
    }


def _no_text(obj: Mapping[str, Any], field: str) -> bool:
    return bool(obj.get(field)) and not isinstance(obj[field], str)


def _of_metadata(plain: Any) -> list[Cause]:
    """What no definition says of metadata, for the API server knows it by itself."""
    try:
        metadata = from_plain(ObjectMeta, plain)
    except ValueError as error:
        message, _, path = str(error).partition(" - at `$")
        return [Cause("FieldValueInvalid", message, f"metadata{path.removesuffix('`')}")]
    if not metadata.name and not metadata.generate_name:
        return [required("metadata.name", "name or generateName is required")]
    return []


@cache
def _builtin(gvk: GroupVersionKind) -> CompiledSchema:
    cls = builtin_class(gvk)
    if cls is None:
        raise UnknownKind(f"no schema for {gvk}")
    return compile_schema(builtin_schema(cls))
