"""The two ways a MutatingAdmissionPolicy changes an object: an applied configuration, or a JSON patch.

Both are made by a CEL expression; the object given is left alone, a changed copy is returned.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.apiserver.admission.policy.environment import (
    APPLY_CONFIGURATION,
    PATCH_OPERATIONS,
    Expression,
    PolicyEnvironment,
)
from kubewright.apiserver.apply import walk
from kubewright.apiserver.apply.types import Kind, Type, type_of
from kubewright.apiserver.patch import PatchFailed, ValueDiffers, carry_out
from kubewright.apiserver.registry.strategy import Object
from kubewright.cel import Budget, EvaluationError
from kubewright.cel.values import Duration, Optional, Struct, Timestamp, Uint
from kubewright.schema.node import Node


class Mutation:
    """One entry of ``mutations``, compiled."""

    def __init__(self, raw: Mapping[str, Any], environment: PolicyEnvironment) -> None:
        self.applies = raw.get("patchType") == "ApplyConfiguration"
        source = (raw.get("applyConfiguration" if self.applies else "jsonPatch") or {}).get("expression") or ""
        allowed = APPLY_CONFIGURATION if self.applies else PATCH_OPERATIONS
        self.expression: Expression = environment.compile(source, allowed, mutation=True)

    def mutate(self, obj: Object, values: Mapping[str, Any], node: Node, budget: Budget) -> Object:
        """The changed object.

        :param node: the schema of the object.
        :raises EvaluationError: the expression has no value, or one that cannot be carried out.
        """
        value = self.expression.evaluate(values, budget)
        if not self.applies:
            return patched(obj, to_json(value))
        check_type_names(value, "Object")
        return apply_configuration(obj, to_json(value), node)


def apply_configuration(obj: Object, configuration: Any, node: Node) -> Object:
    """Merge a configuration into an object as server-side apply does.

    :raises EvaluationError: the configuration replaces something whole, or does not fit the schema.
    """
    if not isinstance(configuration, dict):
        raise EvaluationError("invalid ApplyConfiguration: the expression must give an Object")
    type_ = type_of(node)
    configuration = {**configuration, "apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    try:
        walk.fields_of(type_, configuration)
    except walk.TypeMismatch as error:
        why = f"failed to convert patch object to typed object: {error}"
        raise EvaluationError(f"error applying patch: {why}") from error
    atomics = list(_atomics(type_, configuration, ""))
    if atomics:
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(atomics)}"
        raise EvaluationError(f"error applying patch: invalid ApplyConfiguration: {why}")
    try:
        merged: Object = walk.merge(type_, obj, configuration)
    except walk.TypeMismatch as error:  # The object has not been validated yet.
        raise EvaluationError(
            f"error applying patch: failed to convert live object to typed object: {error}"
        ) from error
    return merged


def check_type_names(value: Any, expected: str) -> None:
    """Objects inside an ``Object`` are named after their place: ``Object.spec`` stands in the field ``spec``.

    :raises EvaluationError: one stands somewhere else.
    """
    if isinstance(value, list):
        for item in value:
            check_type_names(item, expected)
    elif isinstance(value, Struct):
        if value.type_name != expected:
            why = f'unexpected type name "{value.type_name}", expected "{expected}"'
            raise EvaluationError(f"type mismatch: {why}, which must match field name path from root Object type")
        for name, child in value.items():
            check_type_names(child, f"{expected}.{name}")


def _atomics(type_: Type, value: Any, path: str) -> Iterator[str]:
    """The containers of a configuration that would replace others whole: what it leaves out of them would be lost."""
    if isinstance(value, dict | list) and type_.kind is Kind.LEAF:
        yield path
    elif isinstance(value, dict):
        for name, child in value.items():
            member = type_.member(name)
            if member is not None:
                yield from _atomics(member, child, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _atomics(type_.item, item, f"{path}[{index}]")


def patched(obj: Object, operations: Any) -> Object:
    """The object with a JSON patch; as it is, where a ``test`` of the patch fails.

    :raises EvaluationError: an operation cannot be carried out.
    """
    try:
        result: Object = carry_out(copy.deepcopy(obj), operations)
    except ValueDiffers:
        return obj
    except PatchFailed as error:
        raise EvaluationError(f"JSONPath: {error}") from error
    return result


def to_json(value: Any) -> Any:
    """A CEL value as JSON.

    :raises EvaluationError: it has no JSON form.
    """
    match value:
        case bool() | str() | float() | None:
            return value
        case Uint():
            return int(value)
        case int():
            return value
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {str(key): to_json(one) for key, one in value.items()}
        case list():
            return [to_json(one) for one in value]
        case Timestamp() | Duration():
            return str(value)
        case Optional(present=True):
            return to_json(value.value)
    raise EvaluationError(f"unsupported value in a mutation: {type(value).__name__}")
