"""One write as admission sees it, and what an admission stage is.

Stages run in a fixed order, all mutating ones before all validating ones (`admission/chain.py`; `registry/store.py`
calls the chain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.request import UserInfo
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(slots=True)
class Reinvocation:
    """Whether the mutating stages run a second time (``k8s.io/apiserver/pkg/admission``, reinvocation).

    A stage that changed the object after others have seen it sets ``needed``; ``again`` is true during the second pass;
    ``memory`` holds what a stage remembers from the first pass for the second, under its plugin's name.
    """

    needed: bool = False
    again: bool = False
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Attributes:
    """One operation under admission.

    ``obj`` is the new object in the version of the request (None for DELETE); mutating stages change or replace it.
    ``old`` is the existing object (None for CREATE).  ``options`` is the CreateOptions, UpdateOptions, ... object.
    """

    operation: Operation
    kind: GroupVersionKind
    resource: GroupVersionResource
    subresource: str
    namespace: str
    name: str
    obj: Object | None
    old: Object | None
    user: UserInfo
    options: dict[str, Any]
    dry_run: bool
    reader: Reader
    cluster: str = ""
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)
    reinvocation: Reinvocation = field(default_factory=Reinvocation)


class Versions(Protocol):
    """The versions and kinds in which the resources of one logical cluster are served; the registry implements it."""

    def equivalents(
        self, resource: GroupVersionResource, subresource: str
    ) -> Sequence[tuple[GroupVersionResource, GroupVersionKind]]:
        """The same stored objects under other names (``apps/v1`` and ``apps/v1beta1`` deployments, say), with their
        kinds; ``resource`` itself may be among them."""

    async def convert(self, obj: Object, kind: GroupVersionKind) -> Object:
        """The object in another version; the argument is left as it is.

        :raises APIError: it cannot be converted.
        """

    def default(self, obj: Object) -> None:
        """Fill the defaults of the object's own version, in place."""


class Mutating(Protocol):
    """A stage that may change the object.

    :raises APIError: the request is refused.
    """

    async def admit(self, attributes: Attributes) -> None: ...


class Validating(Protocol):
    """A stage that may only refuse.

    :raises APIError: the request is refused.
    """

    async def validate(self, attributes: Attributes) -> None: ...
