"""The admission stages of one logical cluster, run in order over one write.

Attributes go in; mutating stages change their object, any stage may refuse by raising.  When a mutating stage changed
the object after others had seen it, the mutating stages run once more, as `k8s.io/apiserver`'s reinvoker does.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubewright.apiserver.admission.attributes import Attributes, Mutating, Validating


class Chain:
    """Mutating stages, then validating ones, each in the order given."""

    __slots__ = ("mutating", "validating")

    def __init__(self, mutating: Sequence[Mutating] = (), validating: Sequence[Validating] = ()) -> None:
        self.mutating = tuple(mutating)
        self.validating = tuple(validating)

    async def admit(self, attributes: Attributes) -> None:
        """Let every mutating stage change the object.

        :raises APIError: a stage refused the request.
        """
        for stage in self.mutating:
            await stage.admit(attributes)
        if attributes.reinvocation.needed:
            attributes.reinvocation.again = True
            for stage in self.mutating:
                await stage.admit(attributes)

    async def validate(self, attributes: Attributes) -> None:
        """Let every validating stage look at the final object.

        :raises APIError: a stage refused the request.
        """
        for stage in self.validating:
            await stage.validate(attributes)
