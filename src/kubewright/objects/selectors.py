"""Label and field selectors: parsed once, then matched against many objects.

The grammar is that of ``k8s.io/apimachinery/pkg/labels`` and ``pkg/fields``.  Text comes in from URLs and from
``LabelSelector`` objects; a compiled ``LabelSelector``/``FieldSelector`` goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")
_TOKEN = re.compile(r"\s*(?:(!=|==|=|!|\(|\)|,|<|>)|([^\s!=(),<>]+))")


class SelectorError(ValueError):
    """A selector that does not follow the grammar."""


class Requirement(NamedTuple):
    """One clause: ``operator`` is In, NotIn, Exists, DoesNotExist, GreaterThan or LessThan."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        try:
            number, bound = int(value or ""), int(self.values[0])
        except ValueError:
            return False
        return number > bound if self.operator == "GreaterThan" else number < bound

    def __str__(self) -> str:
        match self.operator:
            case "In" if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case "NotIn" if len(self.values) == 1:
                return f"{self.key}!={self.values[0]}"
            case "In":
                return f"{self.key} in ({','.join(sorted(self.values))})"
            case "NotIn":
                return f"{self.key} notin ({','.join(sorted(self.values))})"
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"
        return f"{self.key}{'>' if self.operator == 'GreaterThan' else '<'}{self.values[0]}"


class LabelSelector:
    """All requirements must hold; no requirements match everything."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(requirements)

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Read the query form, ``a=b,c!=d,e in (f,g),h,!i,j>1``.

        :raises SelectorError: the text does not follow the grammar, or a key or value is not a valid label.
        """
        return cls(_LabelParser(text).requirements())

    @classmethod
    def from_object(cls, selector: Mapping[str, Any] | None) -> LabelSelector:
        """Compile a ``metav1.LabelSelector`` object (``matchLabels`` and ``matchExpressions``).

        :raises SelectorError: an operator is unknown, or a key or value is not a valid label.
        """
        selector = selector or {}
        requirements = [Requirement(k, "In", (v,)) for k, v in sorted((selector.get("matchLabels") or {}).items())]
        for expression in selector.get("matchExpressions") or ():
            operator = expression.get("operator")
            if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
                raise SelectorError(f"{operator!r} is not a valid label selector operator")
            requirements.append(Requirement(expression["key"], operator, tuple(expression.get("values") or ())))
        for requirement in requirements:
            _check_requirement(requirement)
        return cls(requirements)

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        labels = labels or {}
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


class FieldRequirement(NamedTuple):
    """One clause of a field selector: ``path = value`` or ``path != value``."""

    path: str
    value: str
    equal: bool = True


class FieldSelector:
    """All clauses must hold; a missing field counts as the empty string."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: Iterable[FieldRequirement] = ()) -> None:
        self.requirements = tuple(requirements)

    @classmethod
    def parse(cls, text: str) -> FieldSelector:
        """Read ``metadata.name=a,status.phase!=Running``; a backslash escapes ``,``, ``=`` and itself.

        :raises SelectorError: a clause has no operator.
        """
        requirements = []
        for clause in _split_unescaped(text):
            if not clause:
                continue
            found = re.match(r"((?:\\.|[^\\=!])*)(!=|==|=)(.*)\Z", clause, re.DOTALL)
            if not found:
                raise SelectorError(f"invalid selector: '{text}'; can't understand '{clause}'")
            path, operator, value = found.groups()
            requirements.append(FieldRequirement(path, _unescape(value), operator != "!="))
        return cls(requirements)

    def matches(self, fields: Mapping[str, str]) -> bool:
        return all((fields.get(r.path, "") == r.value) is r.equal for r in self.requirements)

    def required_value(self, path: str) -> str | None:
        """The value that ``path`` must equal, where a clause says so: the key of an index look-up."""
        return next((r.value for r in self.requirements if r.path == path and r.equal), None)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(f"{r.path}{'=' if r.equal else '!='}{_escape(r.value)}" for r in self.requirements)


def label_key_problem(key: str) -> str | None:
    """Why ``key`` is no qualified name (``[prefix/]name``), or None."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix or (slash and not prefix):
        return "must be a qualified name: an optional DNS subdomain prefix, '/', and a name"
    if slash and (len(prefix) > 253 or not _PREFIX.match(prefix)):
        return "prefix part must be a lower case DNS subdomain of at most 253 characters"
    if not name:
        return "name part must be non-empty"
    if not _NAME.match(name):
        return "name part must be at most 63 alphanumeric characters, '-', '_' or '.', and start and end alphanumeric"
    return None


def label_value_problem(value: str) -> str | None:
    """Why ``value`` is no label value, or None."""
    if value and not _NAME.match(value):
        return (
            "a valid label must be an empty string or at most 63 alphanumeric characters, '-', '_' or '.', "
            "and must start and end with an alphanumeric character"
        )
    return None


def _check_requirement(requirement: Requirement) -> None:
    if problem := label_key_problem(requirement.key):
        raise SelectorError(f'key: Invalid value: "{requirement.key}": {problem}')
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                raise SelectorError("values: Invalid value: for 'in', 'notin' operators, values set can't be empty")
            for value in requirement.values:
                if problem := label_value_problem(value):
                    raise SelectorError(f'values[0][{requirement.key}]: Invalid value: "{value}": {problem}')
        case "Exists" | "DoesNotExist":
            if requirement.values:
                raise SelectorError("values: Invalid value: values set must be empty for exists and does not exist")
        case _:
            try:
                int(requirement.values[0])
            except ValueError:
                raise SelectorError(
                    "values[0]: Invalid value: for 'Gt', 'Lt' operators, the value must be an integer"
                ) from None


class _LabelParser:
    """A recursive-descent parser of the label selector grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = _TOKEN.match(stripped, position)
            if not found:
                raise SelectorError(f"unable to parse requirement: found '{stripped[position:]}'")
            symbol, word = found.groups()
            self.tokens.append(("symbol", symbol) if symbol else ("word", word))
            position = found.end()
        self.position = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self.position < len(self.tokens):
            requirement = self._requirement()
            _check_requirement(requirement)
            found.append(requirement)
            if self.position < len(self.tokens):
                self._expect(",")
                if self.position == len(self.tokens):
                    raise SelectorError("found '', expected: identifier after ','")
        return found

    def _requirement(self) -> Requirement:
        if self._accept("!"):
            return Requirement(self._word(), "DoesNotExist")
        key = self._word()
        if self.position == len(self.tokens) or self._peek() == ("symbol", ","):
            return Requirement(key, "Exists")
        kind, text = self._next()
        if kind == "word" and text in ("in", "notin"):
            return Requirement(key, "In" if text == "in" else "NotIn", self._values())
        if kind == "symbol" and text in ("=", "=="):
            return Requirement(key, "In", (self._value(),))
        if kind == "symbol" and text == "!=":
            return Requirement(key, "NotIn", (self._value(),))
        if kind == "symbol" and text in ("<", ">"):
            return Requirement(key, "GreaterThan" if text == ">" else "LessThan", (self._word(),))
        raise SelectorError(f"found '{text}', expected: in, notin, =, ==, !=, gt, lt")

    def _values(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        self._expect(")")
        return tuple(sorted(set(values)))

    def _value(self) -> str:
        """A value may be empty: ``a=,b`` and ``a in (,b)`` are allowed."""
        if self.position == len(self.tokens) or self._peek() in (("symbol", ","), ("symbol", ")")):
            return ""
        return self._word()

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise SelectorError(f"found '{text}', expected: identifier")
        return text

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.position]

    def _next(self) -> tuple[str, str]:
        if self.position == len(self.tokens):
            raise SelectorError(f"unable to parse requirement: '{self.text}' ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def _accept(self, symbol: str) -> bool:
        if self.position < len(self.tokens) and self._peek() == ("symbol", symbol):
            self.position += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        kind, text = self._next()
        if (kind, text) != ("symbol", symbol):
            raise SelectorError(f"found '{text}', expected: '{symbol}'")


def _split_unescaped(text: str) -> list[str]:
    """Split at commas that no backslash precedes, keeping the escapes."""
    return re.findall(r"(?:\\.|[^\\,])+", text, re.DOTALL)


def _unescape(value: str) -> str:
    return re.sub(r"\\([\\,=])", r"\1", value)


def _escape(value: str) -> str:
    return re.sub(r"([\\,=])", r"\\\1", value)
