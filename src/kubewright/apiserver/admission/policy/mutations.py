"""The two ways a MutatingAdmissionPolicy changes an object: an applied configuration, or a JSON patch.

Both are made by a CEL expression; the object given is left alone, a changed copy is returned.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.admission.policy.environment import (
    APPLY_CONFIGURATION,
    PATCH_OPERATIONS,
    Expression,
    PolicyEnvironment,
)
from kubewright.apiserver.apply import walk
from kubewright.apiserver.apply.types import Kind, Type, type_of
from kubewright.apiserver.patch import json_patch
from kubewright.apiserver.registry.strategy import Object
from kubewright.cel import Budget, EvaluationError
from kubewright.cel.values import Duration, Optional, Timestamp, Uint
from kubewright.objects.errors import APIError
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
        value = to_json(self.expression.evaluate(values, budget))
        return apply_configuration(obj, value, node) if self.applies else patched(obj, value)


def apply_configuration(obj: Object, configuration: Any, node: Node) -> Object:
    """Merge a configuration into an object as server-side apply does.

    :raises EvaluationError: the configuration replaces something whole, or does not fit the schema.
    """
    if not isinstance(configuration, dict):
        raise EvaluationError("invalid ApplyConfiguration: the expression must give an Object")
    type_ = type_of(node)
    _only_granular(type_, configuration, "")
    try:
        merged: Object = walk.merge(type_, obj, {**configuration, "apiVersion": obj["apiVersion"], "kind": obj["kind"]})
    except walk.TypeMismatch as error:
        raise EvaluationError(f"error applying patch: {error}") from error
    return merged


def _only_granular(type_: Type, value: Any, path: str) -> None:
    """Atomic lists and objects may not be set: what the configuration leaves out of them would be lost."""
    if isinstance(value, dict):
        if type_.kind is Kind.LEAF:
            raise _atomic(path)
        for name, child in value.items():
            member = type_.member(name)
            if member is not None:
                _only_granular(member, child, f"{path}.{name}")
    elif isinstance(value, list):
        if type_.kind is Kind.LEAF:
            raise _atomic(path)
        for index, item in enumerate(value):
            _only_granular(type_.item, item, f"{path}[{index}]")


def _atomic(path: str) -> EvaluationError:
    return EvaluationError(f"invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {path}")


def patched(obj: Object, operations: Any) -> Object:
    """:raises EvaluationError: an operation cannot be carried out."""
    try:
        result: Object = json_patch(copy.deepcopy(obj), operations)
    except APIError as error:
        raise EvaluationError(f"JSON Patch: {error.message}") from error
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
