"""Paths such as ``.spec.labels['app']`` that a CRD's author writes, followed through a schema.

A path and the schema where it begins come in; its form in field errors (``spec.labels[app]``) and the schema where it
ends go out.  The grammar and the texts are those of ``ValidFieldPath`` in the apiextensions-apiserver.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]

_TOKEN = re.compile(r"'(?:.*?[^\\])??'|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


class FieldPathError(ValueError):
    """A path that is none, or leads nowhere."""


def follow(raw: Raw, path: str, *, brackets: bool = True) -> tuple[str, Raw]:
    """The path as errors show it, and the schema of the field that it leads to.

    :param brackets: whether ``['name']`` may stand for ``.name``.
    :raises FieldPathError: there is no such field.
    """
    shown = ""
    tokens = iter(_TOKEN.findall(path))
    for token in tokens:
        if token == "." or (token == "[" and brackets):
            name = _next(tokens) if token == "." else _quoted(_next(tokens))
            step, raw = _step(raw, name)
            shown += step if step.startswith("[") or not shown else f".{step}"
            if token == "[" and (end := _next(tokens)) != "]":
                raise FieldPathError(f"expected ] but got {end}")
        elif token == "[":
            raise FieldPathError("array notation is not allowed")
        else:
            raise FieldPathError(f"expected [ or . but got: {token}")
    return shown, raw


def _next(tokens: Iterator[str]) -> str:
    for token in tokens:
        return token
    raise FieldPathError("unexpected end of JSON path")


def _quoted(token: str) -> str:
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise FieldPathError(f"expected single quoted string but got {token}")
    return _ESCAPE.sub(_unescape, token[1:-1])


def _unescape(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPES:
        raise FieldPathError(f"invalid string literal: invalid escape char {found[0]}")
    return _ESCAPES[found[1]]


def _step(raw: Raw, name: str) -> tuple[str, Raw]:
    """A property where the schema has any, else the values of a map."""
    properties, values = raw.get("properties"), raw.get("additionalProperties")
    if properties and name in properties:
        return name, properties[name]
    if properties or not values:
        raise FieldPathError("does not refer to a valid field")
    return f"[{name}]", values if isinstance(values, Mapping) else {}
