"""One write as admission sees it, and what an admission stage is.

Stages run in a fixed order, all mutating ones before all validating ones (`registry/store.py` calls the chain).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.request import UserInfo
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


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
