"""A structural schema ready for use: defaulting, pruning and validation of the objects that follow it.

The order within `validate` is the apiserver's: values, then embedded resources and list types, then CEL rules, which
are held back while something is wrong that would make their answers misleading.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.acceptance import Acceptance
from kubewright.schema.structural.defaulting import compile_defaults
from kubewright.schema.structural.embedded import Metadata, compile_embedded, compile_reading
from kubewright.schema.structural.invariants import compile_list_types
from kubewright.schema.structural.problems import NO_FIELD, causes
from kubewright.schema.structural.pruning import compile_prune
from kubewright.schema.structural.rules import compile_rules
from kubewright.schema.structural.values import Check, compile_values

_HOLDS_BACK_RULES = frozenset((
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
))  # fmt: skip
_RULES_HELD_BACK = Cause(
    "FieldValueInvalid",
    'Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation",
    NO_FIELD,
)


class CompiledSchema:
    """The engines of one version of a custom resource.

    ``default`` fills defaults in place and drops the nulls that the schema does not allow.

    :param raw: ``openAPIV3Schema``; it must be structural (`check_schema` found nothing).
    :param metadata: the rules for the metadata of embedded resources.
    """

    def __init__(self, raw: Mapping[str, Any], metadata: Metadata | None = None) -> None:
        node = self._node = Node(raw)
        self.default = compile_defaults(node)
        self._prune = compile_prune(node)
        self._values = compile_values(node)
        self._embedded = compile_embedded(node) if metadata is None else compile_embedded(node, metadata)
        self._read = None if metadata is None else compile_reading(node, metadata)
        self._list_types = compile_list_types(node)
        self._rules = compile_rules(node)

    @cached_property
    def _quick(self) -> Acceptance:
        return Acceptance(self._node)  # Made by the first object: definitions may be many, and most are never used.

    @cached_property
    def _status(self) -> Check | None:
        status = self._node.properties.get("status")
        return None if status is None else compile_values(status)

    def prune(self, obj: dict[str, Any]) -> list[str]:
        """Remove unknown fields, in place; gives their paths, sorted."""
        return [] if self._quick.fits(obj) else self._prune(obj)

    def read(self, obj: dict[str, Any]) -> list[Cause]:
        """Bring embedded resources into form, in place; gives what cannot be read as one."""
        return [] if self._read is None else causes(self._read(obj))

    def validate(
        self, obj: dict[str, Any], old: dict[str, Any] | None = None, *, tolerated: list[Cause] | None = None
    ) -> list[Cause]:
        """What is wrong with an object, but for its metadata.

        :param old: the object before an update: what was wrong there and did not change is tolerated, and rules on
            ``oldSelf`` run.
        :param tolerated: where to add what CEL rules tolerate: Kubernetes warns of it.
        """
        found: list[Cause] = []
        if not self._quick.accepts(obj):
            found += causes(self._values(obj, MISSING if old is None else old))
        if self._embedded is not None:
            found += causes(self._embedded(obj))
        return self._with_invariants(found, obj, old, tolerated)

    def validate_status(
        self, obj: dict[str, Any], old: dict[str, Any], *, tolerated: list[Cause] | None = None
    ) -> list[Cause]:
        """What a write to the status alone is checked for: its values, and what lists and rules say of the object.

        Kubernetes looks at the values as if the status were all there is: errors call them by their place in it.
        """
        found: list[Cause] = []
        if "status" in obj and self._status is not None and not self._quick.accepts(obj):
            problems = causes(self._status(obj["status"], old.get("status", MISSING)))
            found += [cause._replace(field=_in_status(cause.field)) for cause in problems]
        return self._with_invariants(found, obj, old, tolerated)

    def _with_invariants(
        self, found: list[Cause], obj: dict[str, Any], old: dict[str, Any] | None, tolerated: list[Cause] | None
    ) -> list[Cause]:
        unique = self._list_types
        if unique is not None and (repeated := unique(obj)) is not None and (old is None or unique(old) is None):
            found += causes(repeated)
        if self._rules is not None:
            if any(cause.reason in _HOLDS_BACK_RULES for cause in found):
                found.append(_RULES_HELD_BACK)
            else:
                found += self._rules(obj, old, tolerated)
        return found


def _in_status(field: str) -> str:
    return "status" if field in ("", NO_FIELD) else f"status.{field}"


def compile_schema(raw: Mapping[str, Any], metadata: Metadata | None = None) -> CompiledSchema:
    """Compile a structural ``openAPIV3Schema`` ; worth keeping: it costs milliseconds."""
    return CompiledSchema(raw, metadata)
