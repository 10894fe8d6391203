"""JSON values as Go's ``fmt`` prints them, for messages that Kubernetes makes of values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    type(None): "<nil>",
}


def type_name(value: Any) -> str:
    """The type of a value (``%T``)."""
    return _TYPES[type(value)]


def shown(value: Any) -> str:
    """A value in short (``%v``)."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"map[{' '.join(f'{name}:{shown(value[name])}' for name in sorted(value))}]"
        case list():
            return f"[{' '.join(map(shown, value))}]"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
    return str(value)


def syntax(value: Any) -> str:
    """A value as a Go program would write it (``%#v``)."""
    match value:
        case None:
            return "interface {}(nil)"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            members = (f"{json.dumps(name, ensure_ascii=False)}:{syntax(value[name])}" for name in sorted(value))
            return f"{type_name(value)}{{{', '.join(members)}}}"
        case list():
            return f"{type_name(value)}{{{', '.join(map(syntax, value))}}}"
    return shown(value)
