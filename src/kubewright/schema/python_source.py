"""How JSON names, values and texts are written in Python: for modules that are made from schemas."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Any

from kubewright.schema.descriptions import tidy

_IN_SCOPE = frozenset(("int", "bool", "str", "list", "dict", "bytes", "float", "field", "from_dict"))
"""What the bodies of classes use: a field of such a name gets an underscore."""


def literal(value: Any) -> str:
    """A JSON value as Python writes it, with double quotes around texts."""
    if isinstance(value, str):
        quoted = repr(value)
        return quoted if '"' in value else f'"{quoted[1:-1]}"'.replace("\\'", "'")
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def as_docstring(text: str) -> str:
    """The text as a docstring, from the line below the quotes where its lines are indented; none where neither does."""
    if text.split("\n") != text.splitlines():
        return ""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    space = " " if text.endswith('"') else ""
    for written, shown in ((f"{escaped}{space}", text), (f"\n{escaped}\n", f"\n{text}")):
        if tidy(_indented(shown)) == text:
            return _indented(f'"""{written}"""')
    return ""


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else line for line in text.split("\n"))


def attribute_names(properties: Iterable[str]) -> dict[str, str]:
    """A Python name for each JSON name; of those that differ in capitals only, the later ones get a number."""
    found: dict[str, str] = {}
    for key in properties:
        name = unique = _snake(key)
        while unique in found.values():
            unique = f"{name}_{len(found)}"
        found[key] = unique
    return found


def _snake(name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", name)
    words = re.sub(r"([A-Z]{2,})s(?=[A-Z]|$)", lambda m: f"_{m[1].lower()}s_", words)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", words)
    words = re.sub(r"_+", "_", words).strip("_").lower()
    reserved = keyword.iskeyword(words) or words in _IN_SCOPE
    if words[:1].isdigit():
        return f"_{words}"
    return f"{words}_" if reserved or not words else words


def camel(name: str) -> str:
    """The JSON name that a struct gives a field by itself."""
    if name.startswith("_"):
        return name
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def pascal(name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", " ", name).split()
    return "".join(word[0].upper() + word[1:] for word in words)


def singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) else f"{name}Item"
