"""Sets of field paths, kept in the very shape in which ``managedFields`` records them (``FieldsV1``).

A set is a trie of plain dicts.  Keys are path elements: ``f:NAME`` a struct field or map key, ``k:{...}`` an item of
an associative list by its keys, ``v:VALUE`` an item of a set by its value, ``i:N`` an index.  A path belongs to the set
when its node is empty or holds the member mark ``"."``; the root stands for no path, so ``{}`` is the empty set.
Because the trie *is* the JSON, sets are never converted: what was decoded with the object is computed on directly.
All functions are pure and leave their arguments alone; results may share nodes with them.  The operations and their
meaning are those of sigs.k8s.io/structured-merge-diff, package fieldpath.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

FieldSet: TypeAlias = dict[str, Any]
"""``{element: FieldSet}``; see the module's docstring."""

Path: TypeAlias = tuple[str, ...]
"""Path elements from the root down."""

MEMBER = "."

_KINDS = ("f:", "k:", "v:", "i:")


def parse(fields: object) -> FieldSet:
    """Check the ``fieldsV1`` of a request and bring it into canonical form.

    :raises ValueError: it is no trie of path elements.
    """
    if not isinstance(fields, dict):
        raise ValueError("fieldsV1 must be an object")
    result: FieldSet = {}
    for element, below in fields.items():
        if element == MEMBER:
            result[MEMBER] = {}
            continue
        _check_element(element)
        node = parse(below)
        result[element] = {} if node.keys() == {MEMBER} else node
    return result


def _check_element(element: str) -> None:
    kind, body = element[:2], element[2:]
    if kind not in _KINDS:
        raise ValueError(f"unrecognized key type {element!r}")
    if kind == "f:":
        return
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"bad path element {element!r}: {error}") from None
    if kind == "k:" and not isinstance(value, dict):
        raise ValueError(f"bad path element {element!r}: keys must be an object")
    if kind == "i:" and not isinstance(value, int):
        raise ValueError(f"bad path element {element!r}: an index must be a number")


def of(*paths: Path) -> FieldSet:
    """The set of exactly these paths."""
    result: FieldSet = {}
    for path in paths:
        insert(result, path)
    return result


def insert(fields: FieldSet, path: Path) -> None:
    """Add one path to a set, in place."""
    *above, last = path
    for element in above:
        below = fields.get(element)
        if below is None:
            below = fields[element] = {}
        elif not below:
            below[MEMBER] = {}
        fields = below
    node = fields.setdefault(last, {})
    if node:
        node[MEMBER] = {}


def has(fields: FieldSet, path: Path) -> bool:
    node: Any = fields
    for element in path:
        node = node.get(element)
        if node is None:
            return False
    return is_member(node)


def is_member(node: FieldSet) -> bool:
    """Whether the path that leads to this node belongs to the set."""
    return not node or MEMBER in node


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    if left is right or not right:
        return left
    if not left:
        return right
    result = dict(left)
    for element, theirs in right.items():
        ours = left.get(element)
        if ours is None:
            result[element] = theirs
        elif ours or theirs:
            result[element] = _union_below(ours, theirs)
    return result


def _union_below(ours: FieldSet, theirs: FieldSet) -> FieldSet:
    if not ours:
        ours = {MEMBER: {}}
    elif not theirs:
        theirs = {MEMBER: {}}
    return union(ours, theirs)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of ``left`` that are not in ``right``; a path of ``right`` removes only itself, not what lies below."""
    if not right or not left:
        return left
    result: FieldSet = {}
    for element, ours in left.items():
        theirs = right.get(element)
        if theirs is None:
            result[element] = ours
        elif element != MEMBER and (below := _difference_below(ours, theirs)) is not None:
            result[element] = below
    return result


def _difference_below(ours: FieldSet, theirs: FieldSet) -> FieldSet | None:
    """What remains of a node; None where nothing does."""
    if not ours:
        return None if is_member(theirs) else ours
    if not theirs:
        theirs = {MEMBER: {}}
    rest = difference(ours, theirs)
    if rest.keys() == {MEMBER}:
        return {}
    return rest or None


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """The paths of ``left`` that neither are in ``right`` nor lie below one of its paths."""
    if not right or not left:
        return left
    result: FieldSet = {}
    for element, ours in left.items():
        theirs = right.get(element)
        if theirs is None:
            result[element] = ours
        elif not is_member(theirs):
            rest = recursive_difference(ours, theirs)
            if rest or not ours:
                result[element] = {} if rest.keys() == {MEMBER} else rest
    return result


def matching(fields: FieldSet, pattern: FieldSet) -> FieldSet:
    """The paths that lead to one of a pattern's, or lie below one; ``*`` in the pattern stands for any element."""
    if not pattern:
        return fields
    result: FieldSet = {}
    for element, ours in fields.items():
        if element == MEMBER:
            result[MEMBER] = ours
            continue
        theirs = pattern.get(element, pattern.get("*"))
        if theirs is None:
            continue
        below = matching(ours, theirs)
        if below or not ours:
            result[element] = {} if below.keys() == {MEMBER} else below
    return result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    result: FieldSet = {}
    for element, ours in left.items():
        theirs = right.get(element)
        if theirs is None:
            continue
        if not ours and not theirs:
            result[element] = {}
        else:
            below = intersection(ours or {MEMBER: {}}, theirs or {MEMBER: {}})
            if below:
                result[element] = {} if below.keys() == {MEMBER} else below
    return result


def is_subset(left: FieldSet, right: FieldSet) -> bool:
    """Whether every path of ``left`` is in ``right``."""
    for element, ours in left.items():
        theirs = right.get(element)
        if theirs is None:
            return False
        if not ours:
            if element != MEMBER and not is_member(theirs):
                return False
        elif not is_subset(ours, theirs or {MEMBER: {}}):
            return False
    return True


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """All paths in the order in which Kubernetes lists them: the members of a node, then what lies below."""
    elements = sorted((element for element in fields if element != MEMBER), key=sort_key)
    for element in elements:
        if is_member(fields[element]):
            yield (*prefix, element)
    for element in elements:
        if fields[element]:
            yield from paths(fields[element], (*prefix, element))


def ordered(fields: FieldSet) -> FieldSet:
    """The same set with its elements in Kubernetes' order, as it is written out."""
    elements = sorted(fields)
    if elements and elements[-1][0] > "f":
        elements.sort(key=sort_key)
    if not any(fields.values()):  # Most sets have nothing below them, and many are in order.
        return fields if elements == list(fields) else {element: {} for element in elements}
    return {element: ordered(below) if (below := fields[element]) else below for element in elements}


def items_ordered(fields: FieldSet) -> FieldSet:
    """A set of a list's items in that order; what lies below them is in order already."""
    if len(fields) < 2:
        return fields
    return {element: fields[element] for element in sorted(fields, key=sort_key)}


@lru_cache(maxsize=4096)
def sort_key(element: str) -> tuple[object, ...]:
    """Orders elements: names, then keys, values and indexes, each by value (numbers before text)."""
    kind = element[:2]
    if kind == "f:" or element == MEMBER:
        return (0, element)
    value = msgspec.json.decode(element[2:])
    if kind == "k:":
        return (1, tuple((name, *_comparable(value[name])) for name in sorted(value)))
    return (2 if kind == "v:" else 3, _comparable(value))


def _comparable(value: object) -> tuple[int, object]:
    if isinstance(value, bool):
        return (3, value)
    if isinstance(value, (int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    return (4, msgspec.json.encode(value))


def path_text(path: Path) -> str:
    """A path as conflict messages show it: ``.spec.containers[name="c"].image``."""
    return "".join(map(_element_text, path))


def _element_text(element: str) -> str:
    kind, body = element[:2], element[2:]
    if kind == "f:":
        return f".{body}"
    if kind == "k:":
        keys: Mapping[str, object] = msgspec.json.decode(body)
        inside = ",".join(f"{name}={msgspec.json.encode(keys[name]).decode()}" for name in sorted(keys))
        return f"[{inside}]"
    return f"[={body}]" if kind == "v:" else f"[{body}]"
