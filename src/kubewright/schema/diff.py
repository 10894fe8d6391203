"""What changed between two definitions of a custom resource, and whom each change can break.

Two CustomResourceDefinitions as plain JSON go in; a list of changes comes out.  A change breaks *stored* objects where
one that was valid before may no longer be, or loses data; it breaks *clients* where a request that worked before may
be refused or answered otherwise.  Whatever can't be told to be harmless counts as breaking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

Raw = Mapping[str, Any]
Breaks = Literal["", "stored objects", "clients"]


class Change(NamedTuple):
    """One difference; ``breaks`` is empty where it is harmless."""

    version: str
    path: str
    message: str
    breaks: Breaks = ""

    def __str__(self) -> str:
        place = "".join(f"{part}: " for part in (self.version, self.path) if part)
        return f"{place}{self.message}" + (f" (breaks {self.breaks})" if self.breaks else "")


def diff_crds(old: Raw, new: Raw) -> list[Change]:
    """All changes from one definition to the next.

    :raises ValueError: they define different resources.
    """
    before, after = old["spec"], new["spec"]
    names = [f"{spec['names']['plural']}.{spec['group']}" for spec in (before, after)]
    if names[0] != names[1]:
        raise ValueError(f"{names[0]} and {names[1]} are different resources")
    changes = list(_whole(before, after))
    versions = {version["name"]: version for version in after["versions"]}
    for version in before["versions"]:
        successor = versions.pop(version["name"], None)
        changes += _version(version, successor, stored=_may_be_stored(version, old))
    changes += [Change(name, "", "the version is new") for name in versions]
    return changes


def _may_be_stored(version: Raw, crd: Raw) -> bool:
    return version.get("storage", False) or version["name"] in (crd.get("status") or {}).get("storedVersions", ())


def _whole(before: Raw, after: Raw) -> Iterator[Change]:
    if before["scope"] != after["scope"]:
        yield Change("", "", f"the scope changed from {before['scope']} to {after['scope']}", "stored objects")
    old, new = before["names"], after["names"]
    if old["kind"] != new["kind"]:
        yield Change("", "", f"the kind changed from {old['kind']} to {new['kind']}", "stored objects")
    for attribute, noun in (("singular", "singular name"), ("listKind", "kind of lists")):
        if attribute in old and old[attribute] != new.get(attribute):
            yield Change("", "", f"the {noun} changed from {old[attribute]} to {new.get(attribute)}", "clients")
    for attribute, noun in (("shortNames", "short name"), ("categories", "category")):
        for name in _missing(old.get(attribute, ()), new.get(attribute, ())):
            yield Change("", "", f"the {noun} {name} is gone", "clients")
    stored = [next((v["name"] for v in spec["versions"] if v.get("storage")), "") for spec in (before, after)]
    if stored[0] != stored[1]:
        yield Change(stored[1], "", f"objects are stored in this version instead of {stored[0]}: migrate them")
    old_strategy, new_strategy = ((spec.get("conversion") or {}).get("strategy", "None") for spec in (before, after))
    if old_strategy != new_strategy:
        breaks: Breaks = "clients" if new_strategy == "None" else ""
        yield Change("", "", f"the conversion changed from {old_strategy} to {new_strategy}", breaks)


def _version(old: Raw, new: Raw | None, *, stored: bool) -> Iterator[Change]:
    name = old["name"]
    if new is None:
        yield Change(name, "", "the version is gone", "stored objects" if stored else "clients")
        return
    if old.get("served") and not new.get("served"):
        yield Change(name, "", "the version is no longer served", "clients")
    if new.get("deprecated") and not old.get("deprecated"):
        yield Change(name, "", "the version is deprecated")
    for subresource in _missing(old.get("subresources") or {}, new.get("subresources") or {}):
        yield Change(name, "", f"the subresource {subresource} is gone", "clients")
    if "status" in (new.get("subresources") or {}) and "status" not in (old.get("subresources") or {}):
        yield Change(name, "", "status is now written through its subresource only", "clients")
    scales = [(version.get("subresources") or {}).get("scale") for version in (old, new)]
    if all(scales) and scales[0] != scales[1]:
        yield Change(name, "", "the scale subresource is of other fields", "clients")
    for path in _missing(_selectable(old), _selectable(new)):
        yield Change(name, path, "the field can no longer be selected by", "clients")
    for path, message, breaks in _schema(_root(old), _root(new), ""):
        yield Change(name, path, message, breaks)


def _selectable(version: Raw) -> list[str]:
    return [field["jsonPath"] for field in version.get("selectableFields", ())]


def _root(version: Raw) -> Raw:
    schema: Raw = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return schema


def _missing(old: Any, new: Any) -> list[str]:
    return [name for name in old if name not in new]


Found = tuple[str, str, Breaks]

_ANY: Raw = {"x-kubernetes-preserve-unknown-fields": True}
_LOWER_BOUNDS = ("minimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "maxProperties")
_OPAQUE = ("pattern", "format", "multipleOf", "uniqueItems", "oneOf", "anyOf", "allOf", "not")


def _schema(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    kinds = _kind(old), _kind(new)
    if kinds[0] != kinds[1]:
        yield (path, f"the type changed from {kinds[0]} to {kinds[1]}", "" if _widens(*kinds) else "stored objects")
        return
    yield from _values(old, new, path)
    yield from _topology(old, new, path)
    yield from _fields(old, new, path)
    for keyword, step in (("items", "[]"), ("additionalProperties", "[*]")):
        below = [_ANY if schema.get(keyword) is True else schema.get(keyword) for schema in (old, new)]
        if isinstance(below[0], Mapping) and isinstance(below[1], Mapping):
            yield from _schema(below[0], below[1], f"{path}{step}")
        elif isinstance(below[0], Mapping) and not new.get("x-kubernetes-preserve-unknown-fields"):
            yield (path, "the map's values are no longer kept", "stored objects")


def _kind(schema: Raw) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    return str(schema.get("type", "any"))


def _widens(old: str, new: str) -> bool:
    return new == "any" or (old, new) in (
        ("integer", "number"),
        ("integer", "int-or-string"),
        ("string", "int-or-string"),
    )


def _values(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    for keyword in _LOWER_BOUNDS:
        yield from _bound(old, new, path, keyword, tighter=lambda before, after: after > before)
    for keyword in _UPPER_BOUNDS:
        yield from _bound(old, new, path, keyword, tighter=lambda before, after: after < before)
    for keyword in ("exclusiveMinimum", "exclusiveMaximum"):
        if new.get(keyword) and not old.get(keyword):
            yield (path, f"{keyword} is new", "stored objects")
    for keyword in _OPAQUE:
        before, after = old.get(keyword), new.get(keyword)
        if before != after and keyword in new:
            change = f"changed from {before} to {after}" if before is not None else f"is new: {after}"
            yield (path, f"{keyword} {change}", "stored objects")
        elif before != after:
            yield (path, f"{keyword} is gone", "")
    yield from _enum(old, new, path)
    if old.get("nullable") and not new.get("nullable"):
        yield (path, "null is no longer allowed", "stored objects")
    if old.get("x-kubernetes-preserve-unknown-fields") and not new.get("x-kubernetes-preserve-unknown-fields"):
        yield (path, "unknown fields are no longer kept", "stored objects")
    if new.get("x-kubernetes-embedded-resource") and not old.get("x-kubernetes-embedded-resource"):
        yield (path, "the object must have an apiVersion and a kind now", "stored objects")
    if old.get("default") != new.get("default"):
        yield (path, f"the default changed from {old.get('default')} to {new.get('default')}", "")
    yield from _rules(old, new, path)


def _bound(old: Raw, new: Raw, path: str, keyword: str, *, tighter: Any) -> Iterator[Found]:
    before, after = old.get(keyword), new.get(keyword)
    if before == after:
        return
    if after is None:
        yield (path, f"{keyword} is gone", "")
    elif before is None:
        yield (path, f"{keyword} {after} is new", "stored objects")
    else:
        breaks: Breaks = "stored objects" if tighter(before, after) else ""
        yield (path, f"{keyword} changed from {before} to {after}", breaks)


def _enum(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    before, after = old.get("enum"), new.get("enum")
    if before == after:
        return
    if after is None:
        yield (path, "any value is allowed now", "")
    elif before is None:
        yield (path, f"only {_list(after)} are allowed now", "stored objects")
    else:
        gone = [value for value in before if value not in after]
        added = [value for value in after if value not in before]
        if gone:
            yield (path, f"{_list(gone)} no longer allowed", "stored objects")
        if added:
            yield (path, f"{_list(added)} allowed now", "")


def _list(values: Any) -> str:
    return ", ".join(map(str, values))


def _rules(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    before, after = ([rule["rule"] for rule in schema.get("x-kubernetes-validations", ())] for schema in (old, new))
    for rule in _missing(after, before):
        yield (path, f"the rule {rule!r} is new", "stored objects")
    for rule in _missing(before, after):
        yield (path, f"the rule {rule!r} is gone", "")


def _topology(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    before, after = (schema.get("x-kubernetes-list-type", "atomic") for schema in (old, new))
    if before != after:
        breaks: Breaks = "clients" if after == "atomic" else "stored objects"
        yield (path, f"the list type changed from {before} to {after}", breaks)
    elif old.get("x-kubernetes-list-map-keys") != new.get("x-kubernetes-list-map-keys"):
        yield (path, "the keys of the list's items changed", "stored objects")
    before, after = (schema.get("x-kubernetes-map-type", "granular") for schema in (old, new))
    if before != after:
        yield (path, f"the map type changed from {before} to {after}", "clients")


def _fields(old: Raw, new: Raw, path: str) -> Iterator[Found]:
    before, after = old.get("properties") or {}, new.get("properties") or {}
    for name, schema in before.items():
        below = f"{path}.{name}"
        if name in after:
            yield from _schema(schema, after[name], below)
        elif new.get("x-kubernetes-preserve-unknown-fields"):
            yield (below, "the field is no longer described", "")
        else:
            yield (below, "the field is gone: its values are dropped", "stored objects")
    free = old.get("x-kubernetes-preserve-unknown-fields")
    for name in _missing(after, before):
        typed = free and _kind(after[name]) != "any"
        about = "the field has a type now: it could hold anything" if typed else "the field is new"
        yield (f"{path}.{name}", about, "stored objects" if typed else "")
    given = [name for name in old.get("required", ()) if "default" not in before.get(name, {})]
    for name in _missing(new.get("required", ()), given):
        if "default" not in after.get(name, {}):
            yield (f"{path}.{name}", "the field is required now", "stored objects")
    for name in _missing(old.get("required", ()), new.get("required", ())):
        if name in after:
            yield (f"{path}.{name}", "the field is optional now", "")
