"""YAML as kube-apiserver reads and writes it: JSON in another spelling.

Bytes come in, a JSON value goes out, and the other way round.  A module of its own, imported when the first YAML comes:
the library is large, and most clients speak JSON.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from kubewright.apiserver.registry.body import MAX_DEPTH, Pairs
from kubewright.apiserver.registry.yaml_bounds import check_bounds
from kubewright.objects.errors import BadRequest


def parse(body: bytes) -> tuple[Any, Any]:
    """Decode a document.

    :returns: the value, and the document with duplicate members kept.
    :raises BadRequest: it is not well-formed.
    """
    try:
        text = body.decode()
        check_bounds(text, max_depth=MAX_DEPTH)
        pairs = _YamlLoader(text).get_single_data()
        value = _without_duplicates(pairs)
    except (yaml.YAMLError, ValueError) as error:  # Numbers that cannot be read are ValueErrors.
        raise BadRequest(
            f"couldn't get version/kind; json parse error: error converting YAML to JSON: {error}"
        ) from None
    return value, pairs


def render(value: Any) -> bytes:
    """A JSON value as YAML, its members sorted."""
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
    return text.encode()


def _without_duplicates(value: Any) -> Any:
    if isinstance(value, Pairs):
        return {name: _without_duplicates(member) for name, member in value}
    if isinstance(value, list):
        return [_without_duplicates(item) for item in value]
    return value


class _YamlLoader(yaml.CSafeLoader):
    """Reads YAML as JSON: names are strings, times stay text, and duplicate members are kept."""


def _pairs(loader: _YamlLoader, node: yaml.MappingNode) -> Pairs:
    loader.flatten_mapping(node)
    return Pairs((_name(loader, key), loader.construct_object(value, deep=True)) for key, value in node.value)


def _name(loader: _YamlLoader, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a name has to be a scalar", node.start_mark)
    value = loader.construct_object(node)
    return value if isinstance(value, str) else json.dumps(value)


def _text(loader: _YamlLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_YamlLoader.add_constructor("tag:yaml.org,2002:map", _pairs)
_YamlLoader.add_constructor("tag:yaml.org,2002:timestamp", _text)
_YamlLoader.add_constructor("tag:yaml.org,2002:binary", _text)
