"""What decorators are told of kinds, checked while the user's file is loaded: later no line of it would be named."""

from __future__ import annotations

from collections.abc import Iterable

from kubewright.objects import Object


def expect_kind(decorator: str, cls: object) -> None:
    """A decorator's first argument is the class of a kind.

    :raises TypeError: it is something else; the text says what to write.
    """
    if not isinstance(cls, type):
        name = getattr(cls, "__name__", repr(cls))
        raise TypeError(f"@op.{decorator} needs the kind that {name} is for: @op.{decorator}(Website)")
    _expect_class(cls)


def expect_kinds(parameter: str, kinds: Iterable[object]) -> None:
    """A parameter such as ``owns`` is a list of classes of kinds.

    :raises TypeError: it is something else; the text says what to write.
    """
    if isinstance(kinds, type):
        raise TypeError(f"{parameter} takes a list: {parameter}=[{kinds.__name__}]")
    for cls in kinds:
        if not isinstance(cls, type):
            module = "such as Deployment from kubewright.objects.apps_v1"
            raise TypeError(f"{parameter} takes the classes of kinds, {module}, and not {cls!r}")
        _expect_class(cls)


def _expect_class(cls: type) -> None:
    if not issubclass(cls, Object):
        raise TypeError(f"{cls.__name__} is no kind: derive it from Resource[{cls.__name__}Spec, {cls.__name__}Status]")
    if not hasattr(cls, "gvk"):
        raise TypeError(f"{cls.__name__} has no group and version: put @op.resource(group=..., version=...) above it")
