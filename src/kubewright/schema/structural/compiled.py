"""A structural schema ready for use: defaulting, pruning and validation of the objects that follow it.

The order within `validate` is the apiserver's: values, then embedded resources and list types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.defaulting import compile_defaults
from kubewright.schema.structural.invariants import compile_embedded, compile_list_types
from kubewright.schema.structural.problems import causes
from kubewright.schema.structural.pruning import compile_prune
from kubewright.schema.structural.values import compile_values


class CompiledSchema:
    """The engines of one version of a custom resource.

    :param raw: ``openAPIV3Schema``; it must be structural (`check_schema` found nothing).
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        node = Node(raw)
        self.default = compile_defaults(node)
        self.prune = compile_prune(node)
        self._values = compile_values(node)
        self._embedded = compile_embedded(node)
        self._list_types = compile_list_types(node)

    def validate(self, obj: dict[str, Any], old: dict[str, Any] | None = None) -> list[Cause]:
        """What is wrong with an object, but for its metadata.

        :param old: the object before an update: what was wrong there and did not change is tolerated, and rules on
            ``oldSelf`` run.
        """
        found = causes(self._values(obj, MISSING if old is None else old))
        if self._embedded is not None:
            found += causes(self._embedded(obj))
        if self._list_types is not None and (old is None or self._list_types(old) is None):
            found += causes(self._list_types(obj))
        return found


def compile_schema(raw: Mapping[str, Any]) -> CompiledSchema:
    """Compile a structural ``openAPIV3Schema`` ; worth keeping: it costs milliseconds."""
    return CompiledSchema(raw)
