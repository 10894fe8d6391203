"""The types of CEL expressions, as declared for variables and deduced by the checker.

A type may carry what a schema says about the place it describes: how many elements it can have at most, how few bytes
it takes, how its JSON form is decoded.  Those facts do not count when types are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Type:
    """One CEL type; equal to another if kind, name and parameters are.

    :param kind: ``int``, ``list``, ``object``, ``opaque``, ``param``, ...
    :param name: what messages call it, and what tells objects and opaque types apart.
    :param fields: of objects, the declared fields; None leaves them unknown (any may be selected).
    :param max_elements: upper bound of size() from a schema; None where nothing is known.
    :param min_size: the fewest bytes its JSON can take.
    :param decode: turns the JSON value of a schema place into the CEL value (dates, bytes, numbers).
    :param keys: of objects, the JSON names of fields whose names had to be escaped in CEL.
    :param python: of opaque types, the class of their values.
    """

    __slots__ = ("decode", "fields", "keys", "kind", "max_elements", "min_size", "name", "params", "python")

    def __init__(
        self,
        kind: str,
        *params: Type,
        name: str = "",
        fields: Mapping[str, Type] | None = None,
        max_elements: int | None = None,
        min_size: int = 0,
        decode: Callable[[Any], Any] | None = None,
        keys: Mapping[str, str] | None = None,
        python: type | None = None,
    ) -> None:
        self.kind = kind
        self.params = params
        self.name = name or kind
        self.fields = fields
        self.max_elements = max_elements
        self.min_size = min_size
        self.decode = decode
        self.keys = keys or {}
        self.python = python

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Type):
            return NotImplemented
        return self.kind == other.kind and self.name == other.name and self.params == other.params

    def __hash__(self) -> int:
        return hash((self.kind, self.name, self.params))

    def __str__(self) -> str:
        if self.params:
            return f"{self.name}({', '.join(map(str, self.params))})"
        return self.name

    __repr__ = __str__


BOOL = Type("bool")
INT = Type("int")
UINT = Type("uint")
DOUBLE = Type("double")
STRING = Type("string")
BYTES = Type("bytes")
NULL = Type("null_type", name="null")
DURATION = Type("duration")
TIMESTAMP = Type("timestamp")
DYN = Type("dyn")

A = Type("param", name="<A>")
B = Type("param", name="<B>")


def list_of(items: Type, **facts: Any) -> Type:
    return Type("list", items, **facts)


def map_of(keys: Type, values: Type, **facts: Any) -> Type:
    return Type("map", keys, values, **facts)


def optional_of(value: Type) -> Type:
    return Type("opaque", value, name="optional_type")


def type_of(inner: Type) -> Type:
    return Type("type", inner)


def opaque(name: str, python: type) -> Type:
    """A type that only functions can look into; ``python`` is the class of its values."""
    return Type("opaque", name=name, python=python)


def is_optional(one: Type) -> bool:
    return one.kind == "opaque" and one.name == "optional_type"


class Substitution:
    """What the parameters of overloads have been found to stand for."""

    def __init__(self) -> None:
        self.bound: dict[str, Type] = {}
        self._fresh = 0

    def fresh(self, one: Type, names: dict[str, Type]) -> Type:
        """A copy of an overload's type with parameters of its own; ``names`` is shared within one overload."""
        if one.kind == "param":
            if one.name not in names:
                self._fresh += 1
                names[one.name] = Type("param", name=f"{one.name}#{self._fresh}")
            return names[one.name]
        if not one.params:
            return one
        return Type(one.kind, *(self.fresh(param, names) for param in one.params), name=one.name)

    def resolve(self, one: Type) -> Type:
        """The type with bound parameters replaced."""
        if one.kind == "param":
            bound = self.bound.get(one.name)
            return one if bound is None else self.resolve(bound)
        if not one.params or not any(_has_param(param) for param in one.params):
            return one
        params = (self.resolve(param) for param in one.params)
        return Type(one.kind, *params, name=one.name, max_elements=one.max_elements, min_size=one.min_size)

    def accepts(self, wanted: Type, given: Type) -> bool:
        """Whether a value of type ``given`` can stand where ``wanted`` is expected, binding parameters as needed."""
        wanted, given = self.resolve(wanted), self.resolve(given)
        if wanted.kind == "param":
            if wanted == given:
                return True
            if _mentions(given, wanted.name):
                return False
            self.bound[wanted.name] = given
            return True
        if given.kind == "param":
            self.bound[given.name] = wanted
            return True
        if wanted.kind == "dyn" or given.kind == "dyn":
            return True
        if given.kind == "null_type" and wanted.kind in ("null_type", "object", "duration", "timestamp", "opaque"):
            return wanted.kind != "opaque" or not is_optional(wanted)
        if wanted.kind == "type" and given.kind == "type":
            return True
        if wanted.kind != given.kind or wanted.name != given.name or len(wanted.params) != len(given.params):
            return False
        return all(map(self.accepts, wanted.params, given.params))

    def try_accept(self, pairs: list[tuple[Type, Type]]) -> bool:
        """`accepts` for all pairs, or no change at all."""
        before = dict(self.bound)
        if all(self.accepts(wanted, given) for wanted, given in pairs):
            return True
        self.bound = before
        return False

    def finish(self, one: Type) -> Type:
        """The type with everything that stayed open taken as dyn."""
        one = self.resolve(one)
        if one.kind == "param":
            return DYN
        if not one.params or not any(_has_param(param) for param in one.params):
            return one
        return Type(one.kind, *(self.finish(param) for param in one.params), name=one.name)


def _has_param(one: Type) -> bool:
    return one.kind == "param" or any(_has_param(param) for param in one.params)


def _mentions(one: Type, name: str) -> bool:
    return (one.kind == "param" and one.name == name) or any(_mentions(param, name) for param in one.params)
