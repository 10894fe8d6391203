"""How a webhook says no: exceptions that name fields, and the ``Status`` they become.

A handler raises, returns or yields what is wrong; `status_of` turns that into the ``status`` of an admission response,
worded as the API server words its own validation errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kubewright.objects import errors, field_errors
from kubewright.objects.errors import APIError, Cause
from kubewright.objects.names import GroupKind, GroupVersion

_MISSING = object()


class Invalid(Exception):
    """One field of the object under review is wrong.

    >>> raise Invalid("spec.host", "is immutable")

    The value is read from the object: the user sees ``spec.host: Invalid value: "b.example": is immutable``.

    :param field: the path as kubectl shows it: ``spec.ports[0].name``, ``metadata.labels[app]``.
    :param detail: what is wrong with it, or what it has to be.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail

    def cause(self, obj: Mapping[str, Any]) -> Cause:
        value = value_at(obj, self.field)
        return field_errors.invalid(self.field, field_errors.OMIT if value is _MISSING else value, self.detail)


Problem = Invalid | Cause
"""What a validator may return or yield, several at once; `kubewright.objects.field_errors` makes causes."""


def causes_of(problems: Iterable[Problem], obj: Mapping[str, Any]) -> list[Cause]:
    """The problems with the values that ``obj`` has at their fields."""
    return [problem.cause(obj) if isinstance(problem, Invalid) else problem for problem in problems]


def status_of(problems: Iterable[Problem], obj: Mapping[str, Any]) -> dict[str, Any]:
    """The ``Status`` of a response that refuses ``obj``."""
    causes = causes_of(problems, obj)
    group, kind = GroupVersion.parse(obj.get("apiVersion") or "").group, obj.get("kind") or ""
    name = (obj.get("metadata") or {}).get("name") or ""
    return errors.Invalid.of(GroupKind(group, kind), name, causes).status()


def refusal(error: Exception) -> list[Problem] | APIError | None:
    """What a handler's exception says about the object; None when it is no refusal but a bug."""
    if isinstance(error, Invalid):
        return [error]
    if isinstance(error, APIError):
        return error
    if isinstance(error, ExceptionGroup) and error.exceptions:
        problems = [one for one in error.exceptions if isinstance(one, Invalid)]
        return list(problems) if len(problems) == len(error.exceptions) else None
    return None


def undecodable(error: ValueError, obj: Mapping[str, Any] | None = None) -> list[Problem]:
    """Why an object does not fit its Python class; msgspec's message ends in the field: ``- at `$.spec.size```.

    A pydantic model, which stands below that field, tells of several problems at once.
    """
    text, _, path = str(error).partition(" - at `")
    field = path.removesuffix("`").removeprefix("$").removeprefix(".")
    report = getattr(error.__cause__, "errors", None)
    if report is not None:
        within = value_at(obj or {}, field)
        return [
            Invalid(field + _path(_without_tags(one["loc"], within)), one["msg"].removeprefix("Value error, "))
            for one in report()
        ]
    return [Cause("FieldValueInvalid", f"Invalid value: {text[:1].lower()}{text[1:]}", field)]


def _without_tags(location: Sequence[str | int], value: Any) -> Iterator[str | int]:
    """Without the tags of unions, which pydantic puts between the field and what is below it."""
    for number, step in enumerate(location, 1):
        if isinstance(value, dict) and step not in value and number < len(location):
            continue
        yield step
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None


def _path(location: Iterable[str | int]) -> str:
    """Where pydantic found something, as Kubernetes writes it: ``.ports[0].name``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def value_at(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a field path, or a private marker when there is none."""
    value: Any = obj
    for step in _steps(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return value


def _steps(path: str) -> list[str | int]:
    """``spec.ports[0].name`` -> spec, ports, 0, name; a key in brackets may hold dots."""
    steps: list[str | int] = []
    for part in path.replace("]", "").split("["):
        if not steps:
            steps.extend(part.split("."))
            continue
        key, dot, rest = part.partition(".")
        if key.isdigit():
            steps.append(int(key))
            steps.extend(rest.split(".") if dot else ())
        else:
            steps.append(part)
    return steps
