"""The keywords of a custom resource's schema, one by one: which are supported, and which combinations make sense.

The rules are those of ``ValidateCustomResourceDefinitionOpenAPISchema`` in the apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required
from kubewright.schema.structural.rule_checks import check_rule_entries
from kubewright.schema.structural.spared import NOTHING_SPARED, Spared

Raw = Mapping[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_TYPE_AND_METADATA = frozenset(("apiVersion", "kind", "metadata"))


@dataclass(frozen=True)
class _Place:
    """What holds at one place of the schema because of where it is.

    ``defaults_forbidden`` says why defaults may not be set.
    """

    in_metadata: bool = False
    defaults_forbidden: str = ""


def check_keywords(raw: Raw, path: str, spared: Spared = NOTHING_SPARED) -> list[Cause]:
    """The errors of ``raw`` and all schemas in it."""
    return [cause for one, at, place in _schemas(raw, path) for cause in _check(one, at, place, spared)]


def broken_keywords(raw: Raw) -> Spared:
    """Which of the checks that can be spared find something in ``raw``."""
    schemas = [one for one, _, _ in _schemas(raw, "")]
    return Spared(
        types=any(True for one in schemas for _ in _known_type(one, "")),
        composite_sets=any(True for one in schemas for _ in _atomic_items(one, "")),
        nullable_keys=any(True for one in schemas for _ in _present_keys(one, "")),
    )


def _schemas(raw: Raw, path: str) -> Iterator[tuple[Raw, str, _Place]]:
    """``raw`` and all schemas in it, each with its path and what holds there."""
    waiting = [(raw, path, _Place())]
    while waiting:
        one, at, place = waiting.pop()
        yield one, at, place
        waiting += reversed(list(_children(one, at, place, root=one is raw)))


def _check(raw: Raw, path: str, place: _Place, spared: Spared) -> Iterator[Cause]:
    if not spared.types:
        yield from _known_type(raw, path)
    yield from _supported(raw, path, place)
    yield from _map_type(raw, path)
    yield from _list_type(raw, path)
    if not spared.composite_sets:
        yield from _atomic_items(raw, path)
    yield from _list_map(raw, path)
    if not spared.nullable_keys:
        yield from _present_keys(raw, path)
    yield from check_rule_entries(raw, path)


def _children(raw: Raw, path: str, place: _Place, root: bool) -> Iterator[tuple[Raw, str, _Place]]:
    additional = raw.get("additionalProperties")
    if isinstance(additional, Mapping):
        reason = (
            "inside additionalProperties applying to object metadata" if place.in_metadata else place.defaults_forbidden
        )
        yield additional, f"{path}.additionalProperties", replace(place, defaults_forbidden=reason)
    for name, child in (raw.get("properties") or {}).items():
        inner = place
        if (root or raw.get("x-kubernetes-embedded-resource")) and name in _TYPE_AND_METADATA:
            inner = replace(inner, in_metadata=True)
            if root:
                inner = replace(inner, defaults_forbidden=f"in top-level {name}")
        yield child, f"{path}.properties[{name}]", inner
    if isinstance(raw.get("not"), Mapping):
        yield raw["not"], f"{path}.not", place
    for keyword in ("allOf", "oneOf", "anyOf"):
        for index, child in enumerate(raw.get(keyword) or ()):
            yield child, f"{path}.{keyword}[{index}]", place
    items = raw.get("items")
    if isinstance(items, Mapping):
        yield items, f"{path}.items", place
    elif isinstance(items, list):
        for index, child in enumerate(items):
            yield child, f"{path}.items[{index}]", place


def _known_type(raw: Raw, path: str) -> Iterator[Cause]:
    kind = raw.get("type") or ""
    if kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)


def _supported(raw: Raw, path: str, place: _Place) -> Iterator[Cause]:
    if raw.get("default") is not None and place.defaults_forbidden:
        yield forbidden(f"{path}.default", f"must not be set {place.defaults_forbidden}")
    for keyword in _UNSUPPORTED:
        if raw.get(keyword) or (keyword in ("additionalItems", "dependencies") and raw.get(keyword) is not None):
            yield forbidden(f"{path}.{keyword}", f"{keyword} is not supported")
    if raw.get("type") == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(raw.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.in_metadata and raw.get("x-kubernetes-embedded-resource"):
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
    if raw.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", detail)
    if raw.get("additionalProperties") not in (None, True) and raw.get("properties"):
        yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
    if raw.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")


def _map_type(raw: Raw, path: str) -> Iterator[Cause]:
    map_type, kind = raw.get("x-kubernetes-map-type"), raw.get("type") or ""
    if map_type is None:
        return
    if kind != "object":
        yield _wrong_type(f"{path}.type", kind, "must be object if x-kubernetes-map-type is specified")
    if map_type not in ("atomic", "granular"):
        yield not_supported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))


def _wrong_type(path: str, kind: str, detail: str) -> Cause:
    return invalid(path, kind, detail) if kind else required(path, detail)


def _list_type(raw: Raw, path: str) -> Iterator[Cause]:
    list_type, kind = raw.get("x-kubernetes-list-type"), raw.get("type") or ""
    if list_type is None:
        return
    if kind != "array":
        yield _wrong_type(f"{path}.type", kind, "must be array if x-kubernetes-list-type is specified")
    if list_type not in ("atomic", "set", "map"):
        yield not_supported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))


def _atomic_items(raw: Raw, path: str) -> Iterator[Cause]:
    """A set is compared by whole items."""
    items = raw.get("items")
    if raw.get("type") != "array" or raw.get("x-kubernetes-list-type") != "set" or not isinstance(items, Mapping):
        return
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    inner = items.get("x-kubernetes-list-type")
    if items.get("type") == "array" and inner not in (None, "atomic"):
        yield invalid(f"{path}.items.x-kubernetes-list-type", inner, detail)
    elif items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        yield invalid(f"{path}.items.x-kubernetes-map-type", inner, detail)


def _list_map(raw: Raw, path: str) -> Iterator[Cause]:
    list_type, keys = raw.get("x-kubernetes-list-type"), raw.get("x-kubernetes-list-map-keys") or []
    keys_path, items_path = f"{path}.x-kubernetes-list-map-keys", f"{path}.items"
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield _wrong_type(f"{path}.x-kubernetes-list-type", list_type or "", detail)
    if list_type != "map":
        return
    if not keys:
        yield required(keys_path, "must not be empty if x-kubernetes-list-type is map")
    items = raw.get("items")
    if items is None:
        yield required(items_path, "must have a schema if x-kubernetes-list-type is map")
    elif isinstance(items, list):
        yield invalid(items_path, items, "must only have a single schema if x-kubernetes-list-type is map")
    elif items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{items_path}.type", items.get("type") or "", detail)
    else:
        yield from _list_map_keys(items, keys, items_path, keys_path)


def _list_map_keys(items: Raw, keys: list[str], items_path: str, keys_path: str) -> Iterator[Cause]:
    properties = items.get("properties") or {}
    for index, key in enumerate(keys):
        member, member_path = properties.get(key), f"{items_path}.properties[{key}]"
        if member is None:
            yield invalid(keys_path, keys, "entries must all be names of item properties")
        elif member.get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{member_path}.type", items.get("type"), detail)
        if key in keys[:index]:
            yield invalid(keys_path, keys, "must not contain duplicate entries")


def _present_keys(raw: Raw, path: str) -> Iterator[Cause]:
    """Items of sets and map lists, and what tells the latter apart, are always there and never null."""
    list_type, items = raw.get("x-kubernetes-list-type"), raw.get("items")
    if list_type not in ("set", "map") or not isinstance(items, Mapping):
        return
    if items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}")
    if list_type != "map" or items.get("type") != "object":
        return
    for key in raw.get("x-kubernetes-list-map-keys") or ():
        member, member_path = (items.get("properties") or {}).get(key), f"{path}.items.properties[{key}]"
        if member is None:
            continue
        if key not in (items.get("required") or ()) and member.get("default") is None:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield required(f"{member_path}.default", detail)
        if member.get("nullable"):
            detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            yield forbidden(f"{member_path}.nullable", detail)
