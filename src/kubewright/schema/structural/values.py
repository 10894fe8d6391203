"""Value validation of a structural schema, compiled: a value comes in, problems come out.

Wording, order and the odd corners (a float in an integer field fails twice, a failed ``oneOf`` belongs to no field) are
those of ``k8s.io/kube-openapi/pkg/validation/validate``, as the apiserver turns its results into field errors.  On an
update the old value comes in too: whatever is wrong in a value that did not change is tolerated (ratcheting).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.json import encode

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, required, show, too_many, type_invalid
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.composition import compile_composition
from kubewright.schema.structural.correlation import old_items
from kubewright.schema.structural.numbers import number_rule
from kubewright.schema.structural.problems import Problem, Problems, below, same
from kubewright.schema.structural.strings import format_rule, string_rule
from kubewright.schema.structural.types import NAMES, Mismatch, refused_types

Check = Callable[[Any, Any], Problems]
"""Takes a value and its old value (``MISSING`` where there is none to compare with)."""


def compile_values(node: Node) -> Check:
    """The check of a value against ``node`` and everything below it."""
    composition = compile_composition(node.raw, compile_values)
    rules = {kind: _rules(node, kind, composition) for kind in NAMES}

    def check(value: Any, old: Any) -> Problems:
        problems: Problems = None
        for rule in rules[type(value)]:
            found = rule(value, old)
            if found is not None:
                problems = found if problems is None else problems + found
        if problems is not None and old is not MISSING and same(value, old):
            return None
        return problems

    return check


def _rules(node: Node, kind: type, composition: Check | None) -> tuple[Check, ...]:
    """The checks that apply to values of one JSON type, in Kubernetes' order."""
    raw = node.raw
    rules: list[Check | None] = [_type_rule(node, kind)]
    if kind is not type(None):
        rules.append(composition)
    if kind is str:
        rules += [string_rule(raw), format_rule(node)]
    elif kind is int or kind is float:
        rules.append(number_rule(node, kind))
    elif kind is list:
        rules.append(_list_rule(node))
    rules.append(_enum_rule(raw))
    if kind is dict:
        rules.append(_object_rule(node))
    return tuple(rule for rule in rules if rule is not None)


def _type_rule(node: Node, kind: type) -> Check | None:
    """The refusal of values of a JSON type that the schema does not take."""
    mismatch = refused_types(node).get(kind)
    if mismatch is None:
        return None
    integers = node.type == "integer" or node.int_or_string

    def check(value: Any, old: Any) -> Problems:
        if kind is float and integers and value.is_integer():
            return None
        return [_wrong_type(mismatch)]

    return check


def _wrong_type(mismatch: Mismatch) -> Problem:
    wanted, given = mismatch
    return Problem(lambda path: type_invalid(path, given, f"{path} in body must be of type {wanted}: {show(given)}"))


def _unchanged(value: Any, old: Any) -> bool:
    """Whether a container is the old one: then all that is wrong in it is tolerated, and nothing has to be looked for.

    A no may be wrong: members in another order are not noticed to be the same.
    """
    return type(value) is type(old) and value == old and encode(value) == encode(old)


def _enum_rule(raw: Mapping[str, Any]) -> Check | None:
    allowed = raw.get("enum")
    if not allowed:
        return None
    names = ", ".join(show(one if isinstance(one, str) else show(one)) for one in allowed)
    fast = frozenset(allowed) if all(isinstance(one, str) for one in allowed) else None

    def check(value: Any, old: Any) -> Problems:
        if value in fast if fast is not None and type(value) is str else _among(value, allowed):
            return None
        shown = show("null" if value is None else value)
        message = f"Unsupported value: {shown}: supported values: {names}"
        return [Problem(lambda path: Cause("FieldValueNotSupported", message, path))]

    return check


def _among(value: Any, allowed: list[Any]) -> bool:
    return value is not None and any(same(value, one) for one in allowed)


def _list_rule(node: Node) -> Check | None:
    items = compile_values(node.items) if node.items is not None else None
    fewest, most = node.raw.get("minItems"), node.raw.get("maxItems")
    unique = bool(node.raw.get("uniqueItems"))
    correlate = old_items(node)

    def check(value: list[Any], old: Any) -> Problems:
        if _unchanged(value, old):
            return None
        problems: list[Problem] = []
        if items is not None:
            old_of = correlate(old) if old is not MISSING else None
            for index, item in enumerate(value):
                found = items(item, MISSING if old_of is None else old_of(item))
                if found is not None:
                    below(found, f"[{index}]")
                    problems += found
        size = len(value)
        if fewest is not None and size < fewest:
            text = f"in body should have at least {fewest} items"
            problems.append(Problem(lambda path: invalid(path, size, f"{path} {text}")))
        if most is not None and size > most:
            problems.append(Problem(lambda path: too_many(path, size, most)))
        if unique and any(same(item, other) for i, item in enumerate(value) for other in value[:i]):
            problems.append(Problem(lambda path: invalid(path, "", f"{path} in body shouldn't contain duplicates")))
        return problems or None

    return check


def _object_rule(node: Node) -> Check | None:
    members = {name: compile_values(prop) for name, prop in node.properties.items()}
    additional = node.raw.get("additionalProperties")
    values = compile_values(node.additional) if isinstance(additional, dict) and node.additional is not None else None
    closed = additional is False
    needed = node.required
    fewest, most = node.raw.get("minProperties"), node.raw.get("maxProperties")
    if not (members or values or closed or needed or fewest or most is not None):
        return None

    def check(value: dict[str, Any], old: Any) -> Problems:
        if _unchanged(value, old):
            return None
        size = len(value)
        if fewest is not None and size < fewest:
            text = f"in body should have at least {fewest} properties"
            return [Problem(lambda path: invalid(path, size, f"{path} {text}"))]
        if most is not None and size > most:
            return [Problem(lambda path: too_many(path, size, most))]
        problems: Problems = None
        before = old if type(old) is dict else None
        for key, member in value.items():
            rule = members.get(key, values)
            if rule is not None:
                found = rule(member, MISSING if before is None else before.get(key, MISSING))
                if found is None:
                    continue
            elif closed and key not in members:
                found = [_forbidden(key)]
                problems = found if problems is None else problems + found
                continue
            else:
                continue
            below(found, key)
            problems = found if problems is None else problems + found
        for key in needed:
            if key not in value:
                problems = [*(problems or ()), _missing(key)]
        return problems

    return check


def _missing(key: str) -> Problem:
    problem = Problem(required)
    problem.path = key
    return problem


def _forbidden(key: str) -> Problem:
    return Problem(lambda path: invalid(path, key, f"{path}.{key} in body is a forbidden property"))
