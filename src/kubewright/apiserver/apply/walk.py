"""Walks over objects by their types: which fields a value sets, merging, comparing and removing.

Values are plain JSON and are never changed; whatever did not change keeps its identity, so that the next walk can skip
it (a comparison of an object with the outcome of a merge costs only what the merge touched).  Sets are made in the
order in which they are written out: to order them afterwards would take as long again.  The rules are those of
structured-merge-diff, package typed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from kubewright.apiserver.apply import fieldset
from kubewright.apiserver.apply.fieldset import MEMBER, FieldSet
from kubewright.apiserver.apply.types import DEDUCED, Kind, Type
from kubewright.objects.go_values import shown, syntax, type_name
from kubewright.schema.node import MISSING

# Looked up once: each look at a member of an enumeration is the call of a function.
_LEAF, _MAP, _SET, _KEYED, _DEDUCED = Kind.LEAF, Kind.MAP, Kind.SET, Kind.KEYED, Kind.DEDUCED


class TypeMismatch(ValueError):
    """Values do not fit the schema.

    :param problems: each begins with the path of the field.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return self.problems[0] if len(self.problems) == 1 else "\n  ".join(("errors:", *self.problems))

    def below(self, path: str) -> list[str]:
        """The problems of a value that lies at this path."""
        return [path + problem for problem in self.problems]


class Comparison(NamedTuple):
    """What differs between two objects."""

    added: FieldSet
    modified: FieldSet
    removed: FieldSet


def same(left: Any, right: Any) -> bool:
    """Whether two containers are equal, found out at the speed of C: a no may be wrong, a yes never is."""
    return left == right and msgspec.json.encode(left) == msgspec.json.encode(right)


def equal(left: Any, right: Any) -> bool:
    """JSON equality: unlike Python's, ``true`` is not 1."""
    if left is right:
        return True
    if left != right:
        return False
    if isinstance(left, (dict, list)) and msgspec.json.encode(left) == msgspec.json.encode(right):
        return True
    if isinstance(left, dict):
        return all(equal(value, right[name]) for name, value in left.items())
    if isinstance(left, list):
        return all(map(equal, left, right))
    return isinstance(left, bool) is isinstance(right, bool)


# --- path elements of list items ------------------------------------------------------------------------------------


def item_element(list_type: Type, item: Any) -> str:
    """The path element that identifies an item of a set or keyed list.

    :raises TypeMismatch: the item lacks a key, or is no scalar where a set holds scalars.
    """
    if list_type.kind is _SET:
        if isinstance(item, (dict, list)) or item is None:
            raise TypeMismatch(": associative list without keys has an element that's a map or list type")
        return f"v:{msgspec.json.encode(item).decode()}"
    if not isinstance(item, dict):
        raise TypeMismatch(": associative list with keys may not have non-map elements")
    element = ""
    for (name, default), prefix in list_type.prefixed_keys:
        value = item.get(name, default)
        if value is MISSING:
            raise TypeMismatch(f': associative list with keys has an element that omits key field "{name}"')
        element += prefix + (_quoted(value) if type(value) is str else msgspec.json.encode(value).decode())
    return element + "}"


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    """A text as JSON; the names of items are the same few, over and over."""
    return msgspec.json.encode(text).decode()


def _indexed(list_type: Type, items: Any) -> dict[str, list[Any]]:
    """The items by their elements, in order; more than one under an element that occurs twice."""
    found: dict[str, list[Any]] = {}
    for item in items or ():
        found.setdefault(item_element(list_type, item), []).append(item)
    return found


# --- which fields a value sets --------------------------------------------------------------------------------------


def fields_of(type_: Type, value: Any) -> FieldSet:
    """The fields that an applied configuration sets, checking it against the schema on the way.

    :raises TypeMismatch: a value has the wrong type, a field is unknown, or an item occurs twice.
    """
    return _fields_below(type_, value, strict=True) or {}


def present_fields(type_: Type, value: Any) -> FieldSet:
    """Like `fields_of` for a stored object, which is taken as it is."""
    return _fields_below(type_, value, strict=False) or {}


def _fields_below(type_: Type, value: Any, *, strict: bool) -> FieldSet | None:
    """The fields below a value; None where the value is owned as a whole."""
    kind = type_.kind
    if kind is _DEDUCED:
        if not isinstance(value, dict):
            return None
    elif kind is _LEAF or value is None:
        if strict:
            check(type_, value)
        return None if kind is _LEAF else {}
    if kind is _MAP or kind is _DEDUCED:
        if not isinstance(value, dict):
            raise TypeMismatch(f": expected map, got &{{{shown(value)}}}")
        return _members_set(type_, value, strict=strict)
    if not isinstance(value, list):
        raise TypeMismatch(f": expected list, got &{{{shown(value)}}}")
    return _items_set(type_, value, strict=strict)


def _members_set(type_: Type, value: dict[str, Any], *, strict: bool) -> FieldSet:
    if type_.kind is _MAP:
        known = type_.plain_leaves(value) if strict else type_.leaves(tuple(value))
        if known is not None:
            return known
    fields: FieldSet = {}
    problems: list[str] = []
    for name in sorted(value):
        member = value[name]
        member_type = type_.member(name)
        if member_type is None:
            if strict:
                problems.append(f".{name}: field not declared in schema")
            continue
        if member_type.leaf and (not strict or type(member) in member_type.plain):
            fields[f"f:{name}"] = {}
            continue
        try:
            below = _fields_below(member_type, member, strict=strict)
        except TypeMismatch as mismatch:
            problems += mismatch.below(f".{name}")
            continue
        if below is None:
            fields[f"f:{name}"] = {}
        elif member is None or member == {} or type_.kind is _DEDUCED or not type_.is_field(name):
            fields[f"f:{name}"] = {MEMBER: {}, **below} if below else {}
        elif below:
            fields[f"f:{name}"] = below
    if problems:
        raise TypeMismatch(*problems)
    return fields


def _items_set(type_: Type, value: list[Any], *, strict: bool) -> FieldSet:
    fields: FieldSet = {}
    problems: list[str] = []
    for position, item in enumerate(value):
        try:
            element = item_element(type_, item)
        except TypeMismatch as mismatch:
            if strict:
                problems.append(f": element {position}{mismatch}")
                break  # The items behind it are not looked at.
            continue
        if element in fields:
            if not strict:
                continue
            problems.append(f": duplicate entries for key {fieldset.path_text((element,))}")
        try:
            below = _fields_below(type_.item, item, strict=strict)
        except TypeMismatch as mismatch:
            problems += mismatch.below(fieldset.path_text((element,)))
            below = None
        fields[element] = {MEMBER: {}, **below} if below else {}
    if problems:
        raise TypeMismatch(*problems)
    return fieldset.items_ordered(fields)


def check(type_: Type, value: Any) -> None:
    """Check a value that is owned as a whole, down to its scalars.

    :raises TypeMismatch: it does not fit.
    """
    if value is None or type_.kind is _DEDUCED:
        return
    problems: list[str] = []
    if type_.is_list:
        if not isinstance(value, list):
            raise TypeMismatch(f": expected list, got &{{{shown(value)}}}")
        if type_.item.plain.issuperset(map(type, value)):
            return
        for position, item in enumerate(value):
            try:
                check(type_.item, item)
            except TypeMismatch as mismatch:
                problems += mismatch.below(f"[{position}]")
    elif type_.is_map:
        if not isinstance(value, dict):
            raise TypeMismatch(f": expected map, got &{{{shown(value)}}}")
        for name, member in value.items():
            member_type = type_.member(name)
            if member_type is None:
                problems.append(f".{name}: field not declared in schema")
                continue
            try:
                check(member_type, member)
            except TypeMismatch as mismatch:
                problems += mismatch.below(f".{name}")
    elif scalar := type_.scalar:
        name, allowed = scalar
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise TypeMismatch(f": expected {name}, got {_found(value, name)}")
    if problems:
        raise TypeMismatch(*problems)


def _found(value: Any, wanted: str) -> str:
    """What stands where a scalar should, as structured-merge-diff prints it: differently for each type it wants."""
    match wanted:
        case "string":
            return f"&value.valueUnstructured{{Value:{syntax(value)}}}"
        case "boolean":
            return f"&{{{shown(value)}}}"
    return type_name(value)


# --- merge ----------------------------------------------------------------------------------------------------------


def merge(type_: Type, live: Any, config: Any) -> Any:
    """Lay a configuration over a live value; where nothing differs, the live value itself is returned.

    Items that both have keep the configuration's relative order; other live items stay where they are.
    """
    if live is config or config is MISSING:
        return live
    if live is MISSING:
        return config
    kind = type_.kind
    if kind is not _LEAF and same(live, config):
        return live
    if kind is _MAP or kind is _DEDUCED:
        if isinstance(live, dict) and isinstance(config, dict) and (live or config):
            return _merge_maps(type_, live, config)
        if kind is _MAP and config is None and live:
            return live
    elif kind is not _LEAF:
        if isinstance(live, list) and isinstance(config, list) and (live or config):
            return _merge_lists(type_, live, config)
        if config is None and live:
            return live
    return live if equal(live, config) else config


def _merge_maps(type_: Type, live: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, theirs in config.items():
        ours = live.get(name, MISSING)
        if type(theirs) is str and ours == theirs:
            continue
        merged = merge(type_.member(name) or DEDUCED, ours, theirs)
        if merged is not ours:
            changed[name] = merged
    return {**live, **changed} if changed else live


def _merge_lists(type_: Type, live: list[Any], config: list[Any]) -> list[Any]:
    theirs = {element: items[0] for element, items in _indexed(type_, config).items()}
    live_elements = [item_element(type_, item) for item in live]
    ours: dict[str, Any] = {}
    for element, item in zip(live_elements, live, strict=True):
        # An item that occurs twice in the live list is replaced by the configuration's, not merged with one of them.
        ours[element] = MISSING if element in ours else item
    merged: list[Any] = []

    def take(element: str) -> None:
        merged.append(merge(type_.item, ours.get(element, MISSING), theirs[element]))

    config_elements = list(theirs)
    shared = [element for element in config_elements if element in ours]
    done: set[str] = set()
    i = j = next_shared = 0
    while i < len(live_elements) or j < len(config_elements):
        left = live_elements[i] if i < len(live_elements) else None
        right = config_elements[j] if j < len(config_elements) else None
        if left is not None and right is not None:
            if left == right:
                take(left)
                done.add(left)
                i, j, next_shared = i + 1, j + 1, next_shared + 1
                continue
            if left in theirs and next_shared < len(shared) and shared[next_shared] != left:
                i += 1  # shared, but the configuration wants another one first
                continue
        if left is not None:
            if left not in theirs:
                merged.append(live[i])
                i += 1
                continue
            if left in done:
                i += 1
        if right is not None:
            if right not in done:
                take(right)
                done.add(right)
                if next_shared < len(shared) and shared[next_shared] == right:
                    next_shared += 1
            j += 1
    if len(merged) == len(live) and all(map(_is, merged, live)):
        return live
    return merged


def _is(left: object, right: object) -> bool:
    return left is right


# --- compare --------------------------------------------------------------------------------------------------------


def compare(type_: Type, old: Any, new: Any) -> Comparison:
    """Which fields were added, modified and removed between two objects; the first two are in order."""
    result = Comparison({}, {}, {})
    if old is not new:
        _compare_maps(type_, old, new, result)
    return result


def _compare(type_: Type, element: str, old: Any, new: Any, result: Comparison) -> None:
    if old is new:
        return
    if old is MISSING:
        result.added[element] = _everything(type_, new)
        return
    if new is MISSING:
        result.removed[element] = _everything(type_, old)
        return
    kind = type_.kind
    if kind is not _LEAF and same(old, new):
        return
    below = Comparison({}, {}, {})
    if kind is _DEDUCED and isinstance(old, dict) and isinstance(new, dict) and (old or new):
        _compare_maps(type_, old, new, below)
    elif kind is _MAP and _either(dict, old, new):
        _compare_maps(type_, old or {}, new or {}, below)
    elif (kind is _SET or kind is _KEYED) and _either(list, old, new):
        _compare_lists(type_, old or [], new or [], below)
    elif not equal(old, new):
        result.modified[element] = {}
    for whole, part in zip(result, below, strict=True):
        if part:
            whole[element] = part


def _either(container: type, old: Any, new: Any) -> bool:
    """Both are containers or null, and not both empty (which compare as leaves, to tell null from empty)."""
    return (
        bool(old or new) and (old is None or isinstance(old, container)) and (new is None or isinstance(new, container))
    )


def _compare_maps(type_: Type, old: dict[str, Any], new: dict[str, Any], result: Comparison) -> None:
    for name in sorted(new):
        ours, theirs = old.get(name, MISSING), new[name]
        if ours is not theirs:
            _compare(type_.member(name) or DEDUCED, f"f:{name}", ours, theirs, result)
    for name, ours in old.items():
        if name not in new:
            _compare(type_.member(name) or DEDUCED, f"f:{name}", ours, MISSING, result)


def _compare_lists(type_: Type, old: list[Any], new: list[Any], result: Comparison) -> None:
    before, after = _indexed(type_, old), _indexed(type_, new)
    for element in sorted(before | after, key=fieldset.sort_key):
        ours, theirs = before.get(element, []), after.get(element, [])
        if len(ours) < 2 and len(theirs) < 2:
            _compare(type_.item, element, ours[0] if ours else MISSING, theirs[0] if theirs else MISSING, result)
        elif len(ours) > 1 and len(theirs) > 1:
            # Items that occur twice are compared, and owned, as if they were one atomic value.
            if not equal(ours, theirs):
                result.modified[element] = {}
        elif len(ours) > 1:
            if theirs:
                _compare(type_.item, element, MISSING, theirs[0], result)
            result.removed[element] = {}
        else:
            if ours:
                _compare(type_.item, element, ours[0], MISSING, result)
            result.added[element] = {}


def _everything(type_: Type, value: Any) -> FieldSet:
    """All paths of a value that only one side has, those of its containers included."""
    kind = type_.kind
    if type_.leaf or not value:
        return {}
    fields: FieldSet = {}
    if kind is _MAP or kind is _DEDUCED:
        if isinstance(value, dict):
            if kind is _MAP and (known := type_.leaves(tuple(value))) is not None:
                return {MEMBER: {}, **known}
            fields[MEMBER] = {}
            for name in sorted(value):
                below = type_.member(name) or DEDUCED
                fields[f"f:{name}"] = {} if below.leaf else _everything(below, value[name])
    elif isinstance(value, list):
        for element, items in _indexed(type_, value).items():
            fields[element] = _everything(type_.item, items[0]) if len(items) == 1 else {}
        return {MEMBER: {}, **fieldset.items_ordered(fields)}
    return fields


# --- remove ---------------------------------------------------------------------------------------------------------


def remove(type_: Type, value: Any, fields: FieldSet) -> Any:
    """The value without these fields and items; a container that loses its last one stays, empty."""
    if not fields or not value or type_.kind is _LEAF:
        return value
    if isinstance(value, dict):
        return _remove_members(type_, value, fields)
    if isinstance(value, list) and type_.kind is not _DEDUCED:
        return _remove_items(type_, value, fields)
    return value


def _remove_members(type_: Type, value: dict[str, Any], fields: FieldSet) -> dict[str, Any]:
    result = {}
    for name, member in value.items():
        below = fields.get(f"f:{name}")
        if below is None:
            result[name] = member
        elif not fieldset.is_member(below):
            result[name] = remove(type_.member(name) or DEDUCED, member, below)
    return result


def _remove_items(type_: Type, value: list[Any], fields: FieldSet) -> list[Any]:
    result = []
    for item in value:
        below = fields.get(item_element(type_, item))
        if below is None:
            result.append(item)
        elif not fieldset.is_member(below):
            result.append(remove(type_.item, item, below))
    return result


def with_named_parents(type_: Type, fields: FieldSet) -> FieldSet:
    """Make members of all struct fields that have members below them.

    A configuration never owns the structs on the way to its fields; when the last field goes, so must they.
    """
    result: FieldSet = {}
    for element, below in fields.items():
        if not below:
            result[element] = below
            continue
        if element.startswith("f:"):
            name = element[2:]
            member = type_.member(name) or DEDUCED
            named = type_.kind is _MAP and type_.is_field(name)
        else:
            member, named = type_.item, False
        extended = with_named_parents(member, below)
        result[element] = {MEMBER: {}, **extended} if named else extended
    return result


# --- reconcile ------------------------------------------------------------------------------------------------------


def reconcile(type_: Type, fields: FieldSet) -> FieldSet:
    """Bring a set into line with a schema that has changed since it was recorded.

    Who owned parts of what is a whole now owns it; who owned a whole that has parts now goes on owning just that.
    """
    changed: FieldSet = {}
    for element, below in fields.items():
        if not below:
            continue
        inner = type_.below(element)
        if inner is None or inner.kind is _DEDUCED:
            continue
        if inner.whole:
            changed[element] = {}
        elif any(below.values()) and (now := reconcile(inner, below)) is not below:
            changed[element] = now
    return {**fields, **changed} if changed else fields
