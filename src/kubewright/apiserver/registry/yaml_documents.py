"""YAML as kube-apiserver reads and writes it: JSON in another spelling.

Bytes come in, a JSON value goes out, and the other way round.  A module of its own, imported when the first YAML comes:
the library is large, and most clients speak JSON.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from kubewright.apiserver.registry.body import MAX_DEPTH, Repeated
from kubewright.apiserver.registry.yaml_bounds import check_bounds
from kubewright.objects.errors import BadRequest


def parse(body: bytes) -> tuple[Any, Repeated]:
    """Decode a document.

    :returns: the value, and the members that occur more than once: the last one counts.
    :raises BadRequest: it is not well-formed.
    """
    try:
        text = body.decode()
        check_bounds(text, max_depth=MAX_DEPTH)
        loader = _YamlLoader(text)
        value = loader.get_single_data()
    except (yaml.YAMLError, ValueError) as error:  # Numbers that cannot be read are ValueErrors.
        raise BadRequest(
            f"couldn't get version/kind; json parse error: error converting YAML to JSON: {error}"
        ) from None
    return value, loader.repeated


def render(value: Any) -> bytes:
    """A JSON value as YAML, its members sorted."""
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
    return text.encode()


_MERGE = "tag:yaml.org,2002:merge"


class _YamlLoader(yaml.CSafeLoader):
    """Reads YAML as JSON: names are strings, and times stay text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated = Repeated()


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
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a name has to be a scalar", node.start_mark)
    value = loader.construct_object(node)
    return value if isinstance(value, str) else json.dumps(value)


def _text(loader: _YamlLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_YamlLoader.add_constructor("tag:yaml.org,2002:map", _members)
_YamlLoader.add_constructor("tag:yaml.org,2002:timestamp", _text)
_YamlLoader.add_constructor("tag:yaml.org,2002:binary", _text)
