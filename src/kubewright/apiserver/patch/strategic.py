"""Strategic merge patch: a merge patch that knows from the schema which lists merge, and by which key.

A document, a patch and the kind's node go in; the patched document comes out.  Directives in the patch steer it:

* ``$patch: replace`` / ``delete`` in a map or a list's item, ``$retainKeys`` (drop the map's other keys);
* ``$setElementOrder/FIELD`` (the order of a merged list), ``$deleteFromPrimitiveList/FIELD`` (remove scalars).

Semantics, oddities included: k8s.io/apimachinery, package util/strategicpatch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from kubewright.apiserver.patch.rejection import unprocessable
from kubewright.objects.errors import APIError, BadRequest
from kubewright.objects.go_values import shown
from kubewright.schema.node import Node

_PATCH: Final = "$patch"
_RETAIN_KEYS: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"

_ANY: Final = Node({})

Map: TypeAlias = dict[str, Any]
Items: TypeAlias = list[Any]


def strategic_merge(document: Map, patch: Any, node: Node) -> Map:
    """Merge a decoded patch into a document that follows ``node``.

    :param document: consumed: changed in place, as is the patch.
    :raises BadRequest: the patch is no object, or a directive is malformed.
    :raises Invalid: it holds lists of lists.
    :raises APIError: a list item lacks its merge key, a directive or field is unknown (500, as in Kubernetes).
    """
    if not isinstance(patch, dict):
        raise BadRequest("json: cannot unmarshal into Go value of type map[string]interface {}")
    return _merge_map(document, patch, node)


def _merge_map(document: Map, patch: Map, node: Node) -> Map:
    if _PATCH in patch:
        return _directed(patch)
    _retain_keys(document, patch)
    _order_lists(document, patch, node)
    for key, value in patch.items():
        deletes = key.startswith("$deleteFromPrimitiveList")
        name = _directive_field(key, _DELETE_FROM) if deletes else key
        if value is None:
            document.pop(name, None)
        elif name not in document or type(document[name]) is not type(value):
            if not deletes:
                _put(document, name, value)
        elif isinstance(value, dict):
            child = _child(node, name)
            replaced = "replace" in child.patch_strategies
            document[name] = value if replaced else _merge_map(document[name], value, child)
        elif isinstance(value, list):
            document[name] = _merge_list(document[name], value, _child(node, name), deletes=deletes)
        else:
            document[name] = value
    return document


def _directed(patch: Map) -> Map:
    """A map that says what is to become of the one it patches."""
    directive = patch.pop(_PATCH)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise APIError(f"unknown patch type: {directive} in map: {patch}")


def _child(node: Node, name: str) -> Node:
    child = node.field(name)
    if child is None:
        if node.properties:
            raise APIError(f'unable to find api field in struct for the json field "{name}"')
        return _ANY
    return child


def _directive_field(key: str, prefix: str) -> str:
    if not key.startswith(prefix):
        kind = "primitive list" if prefix == _DELETE_FROM else "setElementOrder list"
        raise BadRequest(f"invalid patch format of {kind}")
    return key[len(prefix) :]


def _put(document: Map, name: str, value: Any) -> None:
    """Take a value over that has nothing to merge with: nulls go, and so does whatever carries a directive."""
    kept = _cleaned(value)
    if kept is None:
        document.pop(name, None)
    else:
        document[name] = kept


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        if _PATCH in value:
            return None
        return {name: kept for name, member in value.items() if (kept := _cleaned(member)) is not None}
    if isinstance(value, list):
        return [kept for item in value if (kept := _cleaned(item)) is not None]
    return value


def _retain_keys(document: Map, patch: Map) -> None:
    """Drop what ``$retainKeys`` does not name; it must name all that the patch sets."""
    if _RETAIN_KEYS not in patch:
        return
    retained = patch.pop(_RETAIN_KEYS)
    if not isinstance(retained, list):
        raise BadRequest("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and key not in retained and not key.startswith((_DELETE_FROM, _ORDER)):
            raise BadRequest("invalid patch format of retainKeys")
    for key in [key for key in document if key not in retained]:
        del document[key]


# --- lists ----------------------------------------------------------------------------------------------------------


def _merge_list(current: Items, patch: Items, node: Node, *, deletes: bool = False) -> Items:
    if "merge" not in node.patch_strategies:
        return patch
    if not current and not patch:
        return current
    if not _holds_maps(current, patch):
        if deletes:
            return [item for item in current if item not in patch]
        merged = _distinct([*current, *patch])
        return _in_order(merged, patch, current, "")
    key = node.patch_merge_key
    if not key:
        raise APIError("cannot merge lists without merge key for type struct")
    current, patch = _without_directives(current, patch, key)
    before = list(current)
    merged = _merge_items(current, patch, key, node.items or _ANY)
    return _in_order(merged, patch, before, key)


def _holds_maps(*lists: Items) -> bool:
    """Whether the items are maps rather than scalars; they must be all of one type."""
    kinds = {type(item) for items in lists for item in items}
    if list in kinds:
        raise unprocessable()
    if len(kinds) > 1:
        raise APIError(f"list element types are not identical: {sorted(kind.__name__ for kind in kinds)}")
    return dict in kinds


def _distinct(items: Items) -> Items:
    return list(dict.fromkeys(items))


def _without_directives(current: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """Carry out the items that are directives; gives what is left of both lists."""
    rest: Items = []
    replace = False
    for item in patch:
        directive = item.get(_PATCH)
        if _PATCH not in item:
            rest.append(item)
        elif directive == "delete":
            value = _key(item, key)
            current = [have for have in current if key not in have or have[key] != value]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise APIError("merging lists cannot yet be specified in the patch")
        else:
            raise APIError(f"unknown patch type: {directive} in map: {item}")
    return (rest, []) if replace else (current, rest)


def _merge_items(current: Items, patch: Items, key: str, node: Node) -> Items:
    for item in patch:
        value = _key(item, key)
        position = next((at for at, have in enumerate(current) if key in have and have[key] == value), None)
        if position is None:
            current.append(item)
        else:
            current[position] = _merge_map(current[position], item, node)
    return current


def _key(item: Any, key: str) -> Any:
    if not isinstance(item, dict) or key not in item:
        raise APIError(f"map: {shown(item)} does not contain declared merge key: {key}")
    return item[key]


# --- order ----------------------------------------------------------------------------------------------------------


def _order_lists(document: Map, patch: Map, node: Node) -> None:
    """Merge and order the lists that ``$setElementOrder`` names; nothing is left of them in the patch."""
    for directive in [key for key in patch if key.startswith("$setElementOrder")]:
        order = patch.pop(directive)
        name = _directive_field(directive, _ORDER)
        ours, theirs = document.get(name), patch.get(name)
        for items in (order, *(given for given in (ours, theirs) if given is not None)):
            if not isinstance(items, list):
                raise APIError(f"expected a []interface {{}}, but received a {type(items).__name__}")
        child = _child(node, name)
        key = child.patch_merge_key or ""
        if theirs and order:
            _check_order(theirs, order, key)
        if ours is None and theirs is None:
            continue
        before = list(ours or ())
        if theirs is None:
            merged = before
        else:
            merged = theirs if ours is None else _merge_list(ours, theirs, child)
        document[name] = _in_order(merged, order, before, key)
        patch.pop(name, None)


def _check_order(patch: Items, order: Items, key: str) -> None:
    """All that the patch sets must be named by the order, and come in that order."""
    wanted = iter([_identity(item, key) for item in order])
    for item in patch:
        if isinstance(item, dict) and _PATCH in item:
            continue
        if not any(_identity(item, key) == other for other in wanted):
            raise APIError(f"The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")


def _in_order(merged: Items, order: Items, before: Items, key: str) -> Items:
    """Items that ``order`` names in that order, the rest where they stood among them in the live list."""
    rank = _ranks(order, key)
    place = _ranks(before, key)
    named = sorted((item for item in merged if _identity(item, key) in rank), key=lambda i: rank[_identity(i, key)])
    others = [item for item in merged if _identity(item, key) not in rank]
    others.sort(key=lambda item: place.get(_identity(item, key), len(place)))
    result: Items = []
    while named and others:
        left, right = place.get(_identity(others[0], key)), place.get(_identity(named[0], key))
        first = others if left is not None and right is not None and left < right else named
        result.append(first.pop(0))
    return result + named + others


def _ranks(items: Sequence[Any], key: str) -> dict[Any, int]:
    ranks: dict[Any, int] = {}
    for position, item in enumerate(items):
        ranks.setdefault(_identity(item, key), position)
    return ranks


def _identity(item: Any, key: str) -> Any:
    """What tells items apart: the merge key's value, or a scalar itself (true is not 1)."""
    value = _key(item, key) if key else item
    return (type(value), value) if not isinstance(value, (dict, list)) else repr(value)
