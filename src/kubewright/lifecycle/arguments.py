"""Arguments by name: a user's function asks for what it needs, and gets no more.

The names of its parameters are looked up once, when it is declared; a name that stands for nothing is an error then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from kubewright.controller import BlockingContext, Context, current_reconcile
from kubewright.objects import Object

AnyContext: TypeAlias = Context | BlockingContext

_OF_OBJECT: Mapping[str, Callable[[Any], object]] = {
    "obj": lambda obj: obj,
    "spec": lambda obj: obj.spec,
    "status": lambda obj: obj.status,
    "meta": lambda obj: obj.metadata,
    "name": lambda obj: obj.metadata.name,
    "namespace": lambda obj: obj.metadata.namespace,
    "uid": lambda obj: obj.metadata.uid,
    "labels": lambda obj: obj.metadata.labels,
    "annotations": lambda obj: obj.metadata.annotations,
}
_OF_CONTEXT: Mapping[str, Callable[[AnyContext], object]] = {
    "ctx": lambda ctx: ctx,
    "client": lambda ctx: ctx.client,
    "logger": lambda ctx: ctx.log,
    "causes": lambda ctx: ctx.causes,
    "attempt": lambda ctx: scope.attempt if (scope := current_reconcile()) is not None else 1,
}

OBJECT_NAMES = tuple(_OF_OBJECT)
CONTEXT_NAMES = tuple(_OF_CONTEXT)


class Arguments:
    """What one function wants to know.

    A parameter that is annotated with the kind itself gets the object, whatever its name.

    :param names: those on offer beside the object's.
    :raises TypeError: the function asks for something that nobody knows.
    """

    def __init__(self, function: Callable[..., Any], cls: type[Object], names: Collection[str] = ()) -> None:
        self._sources: dict[str, str] = {}
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                continue
            name = parameter.name
            if parameter.annotation in (cls, cls.__name__):
                self._sources[name] = "obj"
            elif name in _OF_OBJECT or name in names:
                self._sources[name] = name
            elif parameter.default is parameter.empty:
                offered = ", ".join((*OBJECT_NAMES, *names))
                raise TypeError(f"{function.__qualname__} asks for {name!r}; there are only: {offered}")

    def of(self, obj: Object, ctx: AnyContext | None = None, **extra: object) -> dict[str, object]:
        """The values to call the function with."""
        values: dict[str, object] = {}
        for parameter, name in self._sources.items():
            if name in extra:
                values[parameter] = extra[name]
            elif name in _OF_OBJECT:
                values[parameter] = _OF_OBJECT[name](obj)
            elif ctx is not None:
                values[parameter] = _OF_CONTEXT[name](ctx)
        return values


def per_object(cls: type[Object], value: float | Callable[..., float]) -> Callable[[Object], float]:
    """A number as it stands, or one that a function of the object tells, with its arguments by name.

    :raises TypeError: the function asks for something that nobody knows.
    """
    if not callable(value):
        return lambda obj: value
    arguments = Arguments(value, cls)
    return lambda obj: value(**arguments.of(obj))
