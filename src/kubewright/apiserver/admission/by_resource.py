"""Admission stages that are each about a few resources: a write passes those that are about its own.

Most of the built-in plug-ins look at one or two kinds.  To ask them all about every ConfigMap and every custom resource
would take as long as to check the object against its schema.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Generic, TypeVar

from kubewright.apiserver.admission.attributes import Attributes, Mutating, Validating

Stage = TypeVar("Stage")

Names = tuple[str, str]
"""A resource by group and plural name."""


class _ByResource(Generic[Stage]):
    """:param stages: each with the resources that it is about, in the order in which they run."""

    def __init__(self, stages: Sequence[tuple[Collection[Names], Stage]]) -> None:
        self._stages: dict[Names, list[Stage]] = {}
        for resources, stage in stages:
            for resource in resources:
                self._stages.setdefault(resource, []).append(stage)

    def stages(self, attributes: Attributes) -> Sequence[Stage]:
        """Those that are about the resource of a write."""
        resource = attributes.resource
        return self._stages.get((resource.group, resource.resource), ())


class MutatingByResource(_ByResource[Mutating]):
    """Implements `Mutating`."""

    async def admit(self, attributes: Attributes) -> None:
        for stage in self.stages(attributes):
            await stage.admit(attributes)


class ValidatingByResource(_ByResource[Validating]):
    """Implements `Validating`."""

    async def validate(self, attributes: Attributes) -> None:
        for stage in self.stages(attributes):
            await stage.validate(attributes)
