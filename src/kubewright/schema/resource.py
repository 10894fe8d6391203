"""Custom resources as Python classes: what a user derives from, and how a class is given its name in the API.

``Resource[WebsiteSpec, WebsiteStatus]`` is a kind of `kubewright.objects` like the built-in ones;
`custom_resource` (which ``Operator.resource`` calls) tells it its group, version and the rest of its definition.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from kubewright.objects import GroupVersionKind, Object, Struct
from kubewright.objects.base import StructMeta, own_annotations
from kubewright.schema.errors import SchemaError
from kubewright.schema.plurals import pluralize

SpecT = TypeVar("SpecT")
StatusT = TypeVar("StatusT")
R = TypeVar("R", bound=Object)
M = TypeVar("M", bound="ResourceMeta")

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_GROUP = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_VERSION = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")


class Spec(Struct):
    """The base of a custom resource's desired state, and of any struct within it.

    A field without a default must be given; ``| None = None`` makes it optional; any other default is filled in by
    the API server as well.  Field names are camelCase in JSON.
    """


class Status(Struct):
    """The base of a custom resource's observed state; give every field a default, for it starts empty."""


def _no_status() -> Any:
    return None


class ResourceMeta(StructMeta):
    """Reads ``Resource[SpecT, StatusT]`` and gives the class fields of these very types.

    ``Resource[SpecT | None, StatusT]`` makes the spec optional; a status starts as an untouched instance, and
    ``Resource[SpecT, None]`` has none; ``Resource[None, None]`` has the fields of its own only.
    """

    def __new__(mcls: type[M], name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **config: Any) -> M:
        for base in namespace.get("__orig_bases__", ()):
            parts = typing.get_args(base)
            if len(parts) == 2 and not any(isinstance(part, TypeVar) for part in parts):
                spec, status = parts
                annotations = own_annotations(namespace)
                if "spec" not in annotations:
                    annotations["spec"] = spec
                    if spec in (None, type(None)) or type(None) in typing.get_args(spec):
                        namespace["spec"] = None
                if "status" not in annotations:
                    annotations["status"] = status
                    absent = status in (None, type(None))
                    namespace["status"] = None if absent else msgspec.field(default_factory=status)
        return super().__new__(mcls, name, bases, namespace, **config)


class Resource(Object, Generic[SpecT, StatusT], metaclass=ResourceMeta):
    """The base of a custom resource.

    Declare ``spec`` again in the class to give it a default of its own; further fields stand beside it.
    """

    definition: ClassVar[Definition]

    spec: SpecT
    status: StatusT = msgspec.field(default_factory=_no_status)


def has_status(cls: type[Object]) -> bool:
    """Whether a kind has a status."""
    return "status" in stated_fields(cls)


def has_status_subresource(cls: type[Object]) -> bool:
    """Whether a kind's status is written apart from the rest of the object."""
    definition = getattr(cls, "definition", None)
    declared = definition.status_subresource if isinstance(definition, Definition) else None
    return has_status(cls) if declared is None else declared


def stated_fields(cls: type[Object]) -> set[str]:
    """The names of the fields that a kind really has: ``spec`` and ``status`` may be declared as None."""
    return {field.name for field in msgspec.structs.fields(cls) if field.type is not type(None)}


class Column(msgspec.Struct, frozen=True):
    """A column that ``kubectl get`` prints; those of a priority above 0 only with ``-o wide``."""

    name: str
    json_path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    description: str = ""
    format: str = ""
    priority: int = 0


class Scale(msgspec.Struct, frozen=True):
    """Where the scale subresource finds the replicas, and the label selector that autoscalers need."""

    spec_path: str = ".spec.replicas"
    status_path: str = ".status.replicas"
    selector_path: str | None = None


@dataclass(frozen=True)
class Listing:
    """How a catalog of operators lists a kind; see `kubewright.schema.Descriptor` for its fields.

    :param display_name: what people read instead of the kind.
    :param resources: kind, version and name (or an empty text) of each object that belongs to one of the kind; by
        default the kinds that the operator writes.
    :param order: kinds with a lower one come first, those without come last.
    """

    display_name: str = ""
    resources: Sequence[tuple[str, str, str]] = ()
    order: int | None = None


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a version of a custom resource says of itself beside its schema."""

    kind: str
    plural: str
    singular: str
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    columns: Sequence[Column] = ()
    scale: Scale | None = None
    status_subresource: bool | None = None
    selectable_fields: Sequence[str] = ()
    storage: bool | None = None
    served: bool = True
    deprecated: bool | str = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    listing: Listing = Listing()


def custom_resource(
    *,
    group: str,
    version: str,
    kind: str = "",
    plural: str = "",
    singular: str = "",
    namespaced: bool = True,
    short_names: Sequence[str] = (),
    categories: Sequence[str] = (),
    columns: Sequence[Column] = (),
    scale: Scale | None = None,
    status_subresource: bool | None = None,
    selectable_fields: Sequence[str] = (),
    storage: bool | None = None,
    served: bool = True,
    deprecated: bool | str = False,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    listing: Listing = Listing(),
) -> Callable[[type[R]], type[R]]:
    """Name a resource class in the API.

    :param kind: the class's name, unless versions of one kind need classes of different names.
    :param plural: made from the kind by the rules of English where not given.
    :param status_subresource: whether the status is written apart from the rest; by default where the class has one.
    :param selectable_fields: JSON paths (``.spec.color``) that field selectors may name.
    :param storage: whether objects are stored in this version; a single version is.
    :param deprecated: True, or the warning that users of this version read.
    :param labels: of the CustomResourceDefinition, as are ``annotations``.
    :param listing: how a catalog of operators shows the kind.
    :raises SchemaError: the API server would refuse the group or the version.
    """

    def named(cls: type[R]) -> type[R]:
        name = kind or cls.__name__
        if not _GROUP.fullmatch(group):
            raise SchemaError(name, f"{group!r} is no API group", "name a domain in lower case, such as example.com")
        if not _VERSION.fullmatch(version):
            raise SchemaError(name, f"{version!r} is no API version", "name one such as v1, v1beta1 or v1alpha1")
        cls.gvk = GroupVersionKind(group, version, name)
        cls.plural = plural or pluralize(name)
        cls.namespaced = namespaced
        cls.definition = Definition(  # type: ignore[attr-defined]
            kind=name,
            plural=cls.plural,
            singular=singular or name.lower(),
            short_names=short_names,
            categories=categories,
            columns=columns,
            scale=scale,
            status_subresource=status_subresource,
            selectable_fields=selectable_fields,
            storage=storage,
            served=served,
            deprecated=deprecated,
            labels=labels or {},
            annotations=annotations or {},
            listing=listing,
        )
        return cls

    return named
