"""Admission stages that are made when there is something for them to do.

Policies and webhooks need the expression language and an HTTP client; a server that has none of them configured starts
faster, and stays smaller, without reading that code.  What goes in is how to make the stage and all that it is
configured with; from the first configuration on every write goes to the real stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Generic, TypeVar

from kubewright.apiserver.admission.attributes import Attributes, Mutating, Validating

Stage = TypeVar("Stage")


class _Deferred(Generic[Stage]):
    """A stage to be.

    :param configuration: the objects that it would obey, as of now.
    """

    def __init__(self, configuration: Sized, make: Callable[[], Stage]) -> None:
        self._configuration = configuration
        self._make = make
        self._stage: Stage | None = None

    def stage(self) -> Stage | None:
        """The stage, if it ever had a configuration."""
        if self._stage is None and len(self._configuration):
            self._stage = self._make()
        return self._stage


class DeferredMutating(_Deferred[Mutating]):
    """Implements `Mutating`."""

    async def admit(self, attributes: Attributes) -> None:
        if (stage := self.stage()) is not None:
            await stage.admit(attributes)


class DeferredValidating(_Deferred[Validating]):
    """Implements `Validating`."""

    async def validate(self, attributes: Attributes) -> None:
        if (stage := self.stage()) is not None:
            await stage.validate(attributes)
