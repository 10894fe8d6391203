"""YAML as kube-apiserver reads and writes it: JSON in another spelling.

Bytes come in, a JSON value goes out, and the other way round.  What a plain scalar stands for is what go-yaml's second
version makes of it, which is neither YAML 1.1 nor 1.2: ``y`` is true, ``1e3`` and ``08`` are numbers, and ``22:30`` is
text.  A module of its own, imported when the first YAML comes: the library is large, and most clients speak JSON.
"""

from __future__ import annotations

import base64
import json
import math
import re
from types import NoneType
from typing import Any, Final

import yaml

from kubewright.apiserver.registry.body import MAX_DEPTH, Repeated
from kubewright.apiserver.registry.yaml_bounds import check_bounds
from kubewright.objects.errors import BadRequest


def parse(body: bytes) -> tuple[Any, Repeated]:
    """Decode the first document; what follows it is not even looked at.

    :returns: the value, and the members that occur more than once: the last one counts.
    :raises BadRequest: it is not well-formed.
    """
    try:
        text = body.decode()
        check_bounds(text, max_depth=MAX_DEPTH)
        loader = _YamlLoader(text)
        value = loader.get_data()
    except (yaml.YAMLError, ValueError) as error:  # Numbers that cannot be read are ValueErrors.
        raise BadRequest(
            f"couldn't get version/kind; json parse error: error converting YAML to JSON: {error}"
        ) from None
    return value, loader.repeated


def render(value: Any) -> bytes:
    """A JSON value as YAML, its members sorted."""
    text: str = yaml.dump(value, Dumper=_YamlDumper, sort_keys=True, allow_unicode=True)
    return text.encode()


_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = _TAG + "merge"
_PLAIN: Final = ""
"""What a scalar is tagged with that has neither quotes nor a tag."""

_KNOWN: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    _TAG + "bool": (bool,),
    _TAG + "null": (NoneType,),
    _TAG + "int": (int,),
    _TAG + "float": (int, float),
}
"""What the text of a scalar with such a tag has to stand for."""

_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGERS: Final = range(-(1 << 63), 1 << 64)
_LONGEST: Final = 67  # -0b and 64 digits
_WRITTEN_OUT: Final = 1e21
"""Floats below it are written without an exponent by Go's JSON encoder, and so are read as integers."""


class _YamlLoader(yaml.CSafeLoader):
    """Reads YAML as JSON: names are strings, times stay text, and tags of one's own mean nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated = Repeated()

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        if kind is not yaml.ScalarNode or not implicit[0]:
            return _TAG + "str"
        return _MERGE if value == "<<" else _PLAIN


class _YamlDumper(yaml.CSafeDumper):
    """Quotes whatever the loader would take for something else than text."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        text = kind is not yaml.ScalarNode or not implicit[0] or tag != _TAG + "str" or _is_text(value)
        return tag if text else _PLAIN


def _value(loader: _YamlLoader, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return _members(loader, node)
        case yaml.SequenceNode():
            return [loader.construct_object(item, deep=True) for item in node.value]
    return _scalar(node.tag, node.value)


_YamlLoader.yaml_constructors = {None: _value}


def _members(loader: _YamlLoader, node: yaml.MappingNode) -> dict[str, Any]:
    own = sum(key.tag != _MERGE for key, _ in node.value)
    loader.flatten_mapping(node)
    merged = len(node.value) - own  # Members that come from elsewhere stand first, and may be overridden.
    members: dict[str, Any] = {}
    seen: set[str] = set()
    for position, (key, value) in enumerate(node.value):
        name = _name(loader, key)
        if name in seen:
            loader.repeated.append(f"line {value.start_mark.line + 1}: key {json.dumps(name)} already set in map")
        if position >= merged:
            seen.add(name)
        members[name] = loader.construct_object(value, deep=True)
    return members


def _name(loader: _YamlLoader, node: yaml.Node) -> str:
    value = loader.construct_object(node) if isinstance(node, yaml.ScalarNode) else None
    if value is None:
        raise yaml.constructor.ConstructorError(None, None, "a name has to be a scalar, and not null", node.start_mark)
    return value if isinstance(value, str) else json.dumps(value)


def _scalar(tag: str, text: str) -> Any:
    """:raises ValueError: the text is not what its tag says, or nothing that JSON has."""
    if tag == _TAG + "binary":
        return base64.b64decode(text, validate=True).decode(errors="replace")
    if tag != _PLAIN and tag not in _TYPES:
        return text
    value = _plain(text)
    if type(value) not in _TYPES.get(tag, (type(value),)):
        raise ValueError(f"cannot decode `{text}` as a {tag.replace(_TAG, '!!')}")
    return value


def _is_text(plain: str) -> bool:
    return plain not in _KNOWN and not _NOT_FINITE.fullmatch(plain) and type(_plain(plain)) is str


def _plain(text: str) -> Any:
    if text in _KNOWN:
        return _KNOWN[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"json: unsupported value: {text}")
    digits = text.replace("_", "") if text[0] in "+-0123456789" else text
    if len(digits) <= _LONGEST and _INTEGER.fullmatch(digits) and (number := _integer(digits)) in _INTEGERS:
        return number
    if _FLOAT.fullmatch(digits) and math.isfinite(real := float(digits)):
        return int(real) if real.is_integer() and abs(real) < _WRITTEN_OUT else real
    return text


def _integer(digits: str) -> int:
    octal = digits.lstrip("+-").startswith("0") and digits.lstrip("+-").isdecimal()
    return int(digits, 8 if octal else 0)
