"""Admission stages that are made when there is something for them to do.

Policies and webhooks need the expression language and an HTTP client; a server that has none of them configured starts
faster, and stays smaller, without reading that code.  What goes in is how to make the stage and where its configuration
is stored; from the first configuration on every write goes to the real stage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from kubewright.apiserver.admission.attributes import Attributes, Mutating, Validating

_GROUP = "admissionregistration.k8s.io"

Stage = TypeVar("Stage")


class _Deferred(Generic[Stage]):
    """A stage to be.

    :param resource: its configuration, in the group ``admissionregistration.k8s.io``.
    """

    def __init__(self, resource: str, make: Callable[[], Stage]) -> None:
        self._resource = resource
        self._make = make
        self._stage: Stage | None = None

    def stage(self, attributes: Attributes) -> Stage | None:
        """The stage, if it ever had a configuration."""
        if self._stage is None and any(True for _ in attributes.reader.list(_GROUP, self._resource)):
            self._stage = self._make()
        return self._stage


class DeferredMutating(_Deferred[Mutating]):
    """Implements `Mutating`."""

    async def admit(self, attributes: Attributes) -> None:
        if (stage := self.stage(attributes)) is not None:
            await stage.admit(attributes)


class DeferredValidating(_Deferred[Validating]):
    """Implements `Validating`."""

    async def validate(self, attributes: Attributes) -> None:
        if (stage := self.stage(attributes)) is not None:
            await stage.validate(attributes)
