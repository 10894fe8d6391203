"""Markers: what a Python type can't say by itself about a field of a custom resource, or about a whole class.

A marker stands in ``Annotated[...]`` on a field, or as a decorator above a class::

    @ExactlyOneOf("image", "build")
    class AppSpec(Spec):
        replicas: Annotated[int, Meta(ge=0, le=100)] = 1
        region: Annotated[str, Immutable()]

Each one's effect on the schema is what controller-gen's marker of the same meaning has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar

C = TypeVar("C", bound=type)

RuleReason = Literal["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"]


class Marker:
    """What all markers share: they may decorate a class."""

    __slots__ = ()

    def __call__(self, cls: C) -> C:
        """Mark the class itself."""
        own = cls.__dict__.get("__kubewright_markers__", ())
        cls.__kubewright_markers__ = (self, *own)  # type: ignore[attr-defined]
        return cls


def class_markers(cls: type) -> list[Marker]:
    """The markers above a class and above the classes it derives from, outermost class last."""
    return [marker for base in reversed(cls.__mro__) for marker in base.__dict__.get("__kubewright_markers__", ())]


# Dataclasses, not msgspec structs: type checkers would take those for transforms of the class that they decorate.
@dataclass(frozen=True, kw_only=True)
class Meta(Marker):
    """Constraints and documentation of a value; ``min_length``/``max_length`` are of texts, lists and maps alike.

    ``list_type`` is what apply knows of a list, and ``""`` nothing, not even of a list of conditions;
    ``list_map_keys`` makes a list a map for apply, with these fields (by their JSON names) as the key of an item;
    ``pattern`` is an RE2 expression; ``required`` overrules what a default implies, so with True the API demands a
    field that Python can leave out; ``default`` is what the API server fills in where that isn't the Python default
    (``[]``, or a field that is required as well); ``allow_float`` admits numbers that JSON clients in other languages
    may round; ``keywords`` are added to the schema as they are (``{"oneOf": [...]}``), ``schema`` replaces it
    altogether.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    enum: Sequence[Any] | None = None
    nullable: bool | None = None
    required: bool | None = None
    default: Any = None
    title: str | None = None
    description: str | None = None
    example: Any = None
    external_docs: Mapping[str, str] | None = None
    list_type: Literal["atomic", "set", "map", ""] | None = None
    list_map_keys: Sequence[str] | None = None
    map_type: Literal["granular", "atomic"] | None = None
    preserve_unknown: bool | None = None
    embedded_resource: bool | None = None
    allow_float: bool | None = None
    keywords: Mapping[str, Any] | None = None
    schema: Mapping[str, Any] | None = None

    def __hash__(self) -> int:
        return hash(repr(self))  # `Annotated[...] | None` hashes its parts, and lists and mappings have no hash


@dataclass(frozen=True)
class Rule(Marker):
    """A CEL rule: ``self`` is the value, ``oldSelf`` the one before an update.

    :param message: what the user reads when the rule fails; ``message_expression`` is CEL that gives it.
    :param field_path: where below the value the error is reported: ``.spec.host``-like, relative.
    :param optional_old_self: also evaluate a rule that uses ``oldSelf`` when there is no old value.
    """

    rule: str
    message: str | None = None
    message_expression: str | None = None
    reason: RuleReason | None = None
    field_path: str | None = None
    optional_old_self: bool = False

    def to_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"rule": self.rule}
        optional = {
            "message": self.message,
            "messageExpression": self.message_expression,
            "reason": self.reason,
            "fieldPath": self.field_path,
            "optionalOldSelf": self.optional_old_self or None,
        }
        return entry | {key: value for key, value in optional.items() if value is not None}


class Immutable(Marker):
    """The field keeps its first value; an optional field may be set once, but neither changed nor removed after."""

    __slots__ = ()


class OneOf(Marker):
    """How many of some optional fields, given by their Python names, must be set: one of the classes below."""

    __slots__ = ("fields",)
    comparison: ClassVar[str]
    demand: ClassVar[str]
    verb: ClassVar[str] = "must"

    def __init__(self, *fields: str) -> None:
        self.fields = fields

    def to_rule(self, json_names: Sequence[str]) -> Rule:
        """The CEL rule for the fields, worded as controller-gen words it."""
        present = ",".join(f"has(self.{name})" for name in json_names)
        return Rule(
            f"[{present}].filter(x,x==true).size() {self.comparison}",
            f"{self.demand} of the fields in [{' '.join(json_names)}] {self.verb} be set",
        )


class ExactlyOneOf(OneOf):
    __slots__ = ()
    comparison, demand = "== 1", "exactly one"


class AtLeastOneOf(OneOf):
    __slots__ = ()
    comparison, demand = ">= 1", "at least one"


class AtMostOneOf(OneOf):
    __slots__ = ()
    comparison, demand, verb = "<= 1", "at most one", "may"


class AllOf(OneOf):
    __slots__ = ()

    def to_rule(self, json_names: Sequence[str]) -> Rule:
        present = ",".join(f"has(self.{name})" for name in json_names)
        return Rule(
            f"[{present}].filter(x,x==true).size() == {len(json_names)}",
            f"all fields in [{' '.join(json_names)}] must be set",
        )


@dataclass(frozen=True)
class Descriptor:
    """How consoles show and edit a field, in OLM's terms; the schema doesn't change.

    Stands in ``Annotated[...]`` on a field of a spec or a status.

    :param display_name: the field's label; made from its name where not given.
    :param x_descriptors: the controls: ``urn:alm:descriptor:com.tectonic.ui:podCount``, for example.
    :param order: fields with a lower one come first, those without come last.
    """

    display_name: str = ""
    x_descriptors: Sequence[str] = ()
    order: int | None = None

    def __hash__(self) -> int:
        return hash(repr(self))


class Doc(Marker):
    """A description next to the type, for those who prefer it to a docstring below the field."""

    __slots__ = ("documentation",)

    def __init__(self, documentation: str) -> None:
        self.documentation = documentation


Int32: TypeAlias = Annotated[int, Meta(format="int32")]
"""An integer that Go clients hold in 32 bits."""

Int64: TypeAlias = Annotated[int, Meta(format="int64")]
"""An integer that Go clients hold in 64 bits."""
