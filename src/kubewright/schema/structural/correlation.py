"""Which old item a new list item is compared with: only lists of type map have an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from kubewright.schema.node import MISSING, Node

Find = Callable[[Any], Any]
"""Takes a new item, gives the old one or ``MISSING``."""


def old_items(node: Node) -> Callable[[Any], Find | None]:
    """Given the old list of a schema, how to find the old item of a new one; None where items are not correlated.

    Map keys that are absent count as their default, as in ``k8s.io/apiserver/pkg/cel/common/maplist.go``.
    """
    if node.list_type != "map" or not node.list_map_keys or node.items is None:
        return lambda old: None
    defaults: Mapping[str, Any] = {name: prop.default for name, prop in node.items.properties.items()}
    keys = node.list_map_keys

    def key_of(item: Any) -> bytes | None:
        if type(item) is not dict:
            return None
        return msgspec.json.encode(
            [item.get(key, None if defaults.get(key, MISSING) is MISSING else defaults[key]) for key in keys]
        )

    def correlate(old: Any) -> Find | None:
        if type(old) is not list:
            return None
        index: dict[bytes, Any] = {}
        for item in old:
            key = key_of(item)
            if key is not None:
                index.setdefault(key, item)
        return lambda item: MISSING if (key := key_of(item)) is None else index.get(key, MISSING)

    return correlate
