"""The parts that all kinds share (``k8s.io/apimachinery/pkg/apis/meta/v1``), and the base class of the kinds.

A kind is a struct with ``metadata`` that knows, as a class, by which names the API serves it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Protocol, TypeAlias

import msgspec
from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.names import GroupVersionKind, ObjectKey
from kubewright.objects.time import Time

JSON: TypeAlias = Annotated[Any, "any JSON value"]
"""Any JSON value.  A custom resource's field must say so by this name: a bare ``Any`` is refused as an oversight."""

RawExtension: TypeAlias = Annotated[dict[str, Any], "any JSON object"]
"""Any JSON object."""

IntOrString: TypeAlias = int | str
"""A number, or a text such as a port's name or ``"25%"``."""


class _Omitting(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A struct whose empty strings and zeros say nothing either, as ``omitempty`` on Go's plain values."""


class OwnerReference(Struct):
    """Names the object that another one belongs to."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ManagedFieldsEntry(_Omitting):
    """Which fields of an object a manager has written, and how."""

    manager: str = ""
    operation: str = ""
    api_version: str = ""
    time: Time | None = None
    fields_type: str = ""
    fields_v1: RawExtension | None = None
    subresource: str = ""


class ObjectMeta(_Omitting):
    """``metadata`` of an object; cluster-scoped objects have an empty namespace."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []
    finalizers: list[str] = []
    managed_fields: list[ManagedFieldsEntry] = []


class ListMeta(_Omitting):
    """``metadata`` of a list."""

    resource_version: str = ""
    continue_: str = field(default="", name="continue")
    remaining_item_count: int | None = None


class Condition(Struct):
    """One observation about an object's state; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: Time | None = None
    observed_generation: int | None = None


class LabelSelectorRequirement(Struct):
    """``operator`` is ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""

    key: str = ""
    operator: str = ""
    values: list[str] = []


class LabelSelector(Struct):
    """A label selector as objects hold it; `kubewright.objects.selectors` compiles it for matching."""

    match_labels: dict[str, str] = {}
    match_expressions: list[LabelSelectorRequirement] = []


class FieldSelectorRequirement(Struct):
    """``operator`` is ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""

    key: str = ""
    operator: str = ""
    values: list[str] = []


class GroupResource(Struct):
    """A resource as objects name it."""

    group: str = ""
    resource: str = ""


class Preconditions(_Omitting):
    """What must hold of an object for a deletion to go ahead."""

    uid: str = ""
    resource_version: str = ""


class DeleteOptions(_Omitting):
    """The body of a deletion; ``propagation_policy`` is ``Orphan``, ``Background`` or ``Foreground``."""

    api_version: str = ""
    kind: str = ""
    grace_period_seconds: int | None = None
    preconditions: Preconditions | None = None
    propagation_policy: str | None = None
    dry_run: list[str] = []
    orphan_dependents: bool | None = None
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None


class Object(Struct):
    """The base of every kind.

    ``gvk``, ``plural`` and ``namespaced`` are the class's: by them the client finds the resource.
    """

    gvk: ClassVar[GroupVersionKind]
    plural: ClassVar[str]
    namespaced: ClassVar[bool] = True

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)

    def __post_init__(self) -> None:
        try:
            self.kind = self.kind or self.gvk.kind
            self.api_version = self.api_version or self.gvk.api_version
        except AttributeError:
            name = type(self).__name__
            raise TypeError(f"{name} has no group and version yet: decorate it with @op.resource(...)") from None


class AnyObject(Protocol):
    """A typed or an unstructured object."""

    api_version: str
    kind: str
    metadata: ObjectMeta


def key(obj: AnyObject) -> ObjectKey:
    """The object's name among its kind."""
    return ObjectKey(obj.metadata.namespace, obj.metadata.name)


def gvk_of(obj: AnyObject) -> GroupVersionKind:
    """What ``apiVersion`` and ``kind`` of an object say."""
    return GroupVersionKind.parse(obj.api_version, obj.kind)


def owner_reference(owner: AnyObject, *, controller: bool = True, block_owner_deletion: bool = True) -> OwnerReference:
    """The reference by which a child names its owner.

    :param controller: mark the owner as the one controller that manages the child.
    :param block_owner_deletion: a foreground deletion of the owner waits for the child.
    :raises ValueError: the owner has not been stored yet, so it has no uid.
    """
    if not owner.metadata.uid:
        raise ValueError(f"{owner.kind} {key(owner)} has no uid: only an object read from the API can be an owner")
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=controller or None,
        block_owner_deletion=block_owner_deletion or None,
    )


def controller_of(obj: AnyObject) -> OwnerReference | None:
    """The owner that controls the object, if any."""
    return next((owner for owner in obj.metadata.owner_references if owner.controller), None)
