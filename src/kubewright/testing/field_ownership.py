"""What a field manager has set on an object, by the server's own account.

A JSON object with its ``managedFields`` and a manager's name go in; out come the values of that manager's fields, with
times blotted out, so that two runs can be compared although everything around those values differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def owned_fields(obj: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """The fields of ``manager``, those of subresources included; items of lists under what identifies them."""
    owned: dict[str, Any] = {}
    for entry in obj["metadata"].get("managedFields", ()):
        if entry["manager"] == manager:
            _merge(owned, _select(obj, entry["fieldsV1"]))
    return owned


def _select(value: Any, fields: Mapping[str, Any]) -> Any:
    inner = {name: sub for name, sub in fields.items() if name != "."}
    if not inner:
        return _blot(value)
    found = ((name, _at(value, name)) for name in inner)
    return {_stable(name, part): _select(part, inner[name]) for name, part in found if part is not None}


def _stable(name: str, part: Any) -> str:
    """A name that is the same in every run: owners are told apart by their UIDs."""
    return f"{part['kind']} {part['name']}" if name.startswith('k:{"uid"') else name


def _at(value: Any, name: str) -> Any:
    """The part of ``value`` that a name of the fieldsV1 format means."""
    kind, _, text = name.partition(":")
    if kind == "f":
        return value.get(text) if isinstance(value, Mapping) else None
    if not isinstance(value, Sequence):
        return None
    wanted = msgspec.json.decode(text)
    if kind == "v":
        return wanted if wanted in value else None
    return next((item for item in value if all(item.get(key) == part for key, part in wanted.items())), None)


def _blot(value: Any) -> Any:
    if isinstance(value, str):
        return _TIME.sub("<time>", value)
    if isinstance(value, Mapping):
        # Of references to other objects the UID differs from run to run.
        return {name: _blot(part) for name, part in value.items() if name != "uid"}
    if isinstance(value, Sequence):
        return [_blot(part) for part in value]
    return value


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
