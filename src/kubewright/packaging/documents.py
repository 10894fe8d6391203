"""Manifests as YAML text: the same objects always give the same bytes.

Keys keep the order in which an object was built, with ``apiVersion``, ``kind`` and ``metadata`` first; strings of
several lines are written as blocks; lists are not indented below their key, as Kubernetes' own tools write them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

_FIRST = ("apiVersion", "kind", "metadata")


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and several lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    block = "\n" in value and not value.startswith((" ", "\n")) and " \n" not in value
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else None)


_Dumper.add_representer(str, _text)


def dump(obj: dict[str, Any]) -> str:
    """One document."""
    ordered = {key: obj[key] for key in _FIRST if key in obj} | obj
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)


def dump_all(objects: Iterable[dict[str, Any]]) -> str:
    """Several documents, each begun with ``---``."""
    return "".join(f"---\n{dump(obj)}" for obj in objects)
