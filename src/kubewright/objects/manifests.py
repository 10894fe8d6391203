"""Manifests as YAML text, read and written as Kubernetes' tools do: JSON in another spelling.

What a plain scalar stands for says `yaml_scalars`.  The same objects always give the same bytes: keys keep the order in
which an object was built, with ``apiVersion``, ``kind`` and ``metadata`` first; strings of several lines are written as
blocks; lists are not indented below their key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from types import NoneType
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError

from kubewright.objects.yaml_scalars import is_text, plain_value

_FIRST: Final = ("apiVersion", "kind", "metadata")

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = _TAG + "merge"
_PLAIN: Final = ""
"""What a scalar is tagged with that has neither quotes nor a tag."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    _TAG + "bool": (bool,),
    _TAG + "null": (NoneType,),
    _TAG + "int": (int,),
    _TAG + "float": (int, float),
}
"""What the text of a scalar with such a tag has to stand for."""


class Loader(yaml.CSafeLoader):
    """Reads YAML as JSON: names are strings, times stay text, and tags of one's own mean nothing."""

    def __init__(self, text: str | bytes) -> None:
        super().__init__(text)
        self.repeated: list[str] = []
        """The members that occur more than once, in the words of Kubernetes' YAML decoder; the last one counts."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        if kind is not yaml.ScalarNode or not implicit[0]:
            return _TAG + "str"
        return _MERGE if value == "<<" else _PLAIN


class Dumper(yaml.SafeDumper):
    """Writes no aliases, several lines as a block, and quotes what would be taken for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def load_all(text: str | bytes) -> tuple[list[Any], list[str]]:
    """All documents, and the members of them that occur more than once.

    :raises yaml.YAMLError: it is no YAML, or holds what JSON has not.
    """
    loader = Loader(text)
    documents: list[Any] = []
    while loader.check_data():  # type: ignore[no-untyped-call]
        documents.append(loader.get_data())
    return documents, loader.repeated


def dump(obj: dict[str, Any]) -> str:
    """One document."""
    ordered = {key: obj[key] for key in _FIRST if key in obj} | obj
    return yaml.dump(ordered, Dumper=Dumper, sort_keys=False, width=4096, allow_unicode=True)


def dump_all(objects: Iterable[dict[str, Any]]) -> str:
    """Several documents, each begun with ``---``."""
    return "".join(f"---\n{dump(obj)}" for obj in objects)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    block = "\n" in value and not value.startswith((" ", "\n")) and " \n" not in value
    style = "|" if block else None if is_text(value) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, _text)


def _value(loader: Loader, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return _members(loader, node)
        case yaml.SequenceNode():
            return [loader.construct_object(item, deep=True) for item in node.value]
    try:
        return _scalar(node.tag, node.value)
    except ValueError as error:
        raise ConstructorError(None, None, str(error), node.start_mark) from None


Loader.yaml_constructors = {None: _value}


def _members(loader: Loader, node: yaml.MappingNode) -> dict[str, Any]:
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


def _name(loader: Loader, node: yaml.Node) -> str:
    value = loader.construct_object(node) if isinstance(node, yaml.ScalarNode) else None
    if value is None:
        raise ConstructorError(None, None, "a name has to be a scalar, and not null", node.start_mark)
    return value if isinstance(value, str) else json.dumps(value)


def _scalar(tag: str, text: str) -> Any:
    """:raises ValueError: the text is not what its tag says, or nothing that JSON has."""
    if tag == _TAG + "binary":
        return base64.b64decode(text, validate=True).decode(errors="replace")
    if tag != _PLAIN and tag not in _TYPES:
        return text
    value = plain_value(text)
    if type(value) not in _TYPES.get(tag, (type(value),)):
        raise ValueError(f"cannot decode `{text}` as a {tag.replace(_TAG, '!!')}")
    return value
