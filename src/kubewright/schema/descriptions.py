"""Descriptions of classes and fields, read from the user's source: docstrings below fields and ``#:`` comments.

A class goes in, texts by field name come out; a class without source (made in a REPL) has none.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Mapping
from functools import cache
from typing import Any


def class_description(cls: type) -> str:
    """The class's own docstring, in the form that a schema's ``description`` has."""
    text = cls.__dict__.get("__doc__")
    return tidy(text) if isinstance(text, str) else ""


def tidy(text: str) -> str:
    """Dedent a docstring, joining the lines of a paragraph as they stand."""
    return inspect.cleandoc(text).strip()


@cache
def field_descriptions(cls: type) -> Mapping[str, str]:
    """What the source says about each field, those of base classes included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] not in ("builtins", "msgspec", "typing", "pydantic"):
            found.update(_in_source(base))
    return found


def _in_source(cls: type) -> dict[str, str]:
    try:
        lines, classes = _module_source(inspect.getsourcefile(cls) or "")
    except (OSError, TypeError, SyntaxError):  # no source: a REPL, a frozen module
        return {}
    body = classes[cls.__qualname__].body if cls.__qualname__ in classes else []
    found: dict[str, str] = {}
    for statement, following in zip(body, [*body[1:], None], strict=False):  # a class made at run time has none
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = _docstring(following) or _comment(lines, statement)
            if text:
                found[statement.target.id] = text
    return found


@cache
def _module_source(path: str) -> tuple[list[str], dict[str, ast.ClassDef]]:
    """The lines of a file and its classes by qualified name; parsed once, for a file may have hundreds of classes."""
    lines = linecache.getlines(path)
    if not lines:
        raise OSError(f"no source in {path}")
    classes: dict[str, ast.ClassDef] = {}
    _collect(ast.parse("".join(lines)), "", classes)
    return lines, classes


def _collect(parent: ast.AST, prefix: str, classes: dict[str, ast.ClassDef]) -> None:
    for node in ast.iter_child_nodes(parent):
        match node:
            case ast.ClassDef(name=name):
                classes[prefix + name] = node
                _collect(node, f"{prefix}{name}.", classes)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                _collect(node, f"{prefix}{name}.<locals>.", classes)
            case _:
                _collect(node, prefix, classes)


def _docstring(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return tidy(value) if isinstance(value, str) else ""
    return ""


def _comment(lines: list[str], statement: ast.AnnAssign) -> str:
    """``#:`` lines above the field, or one after it on its line."""
    last = lines[(statement.end_lineno or statement.lineno) - 1][statement.end_col_offset :]
    if last.strip().startswith("#:"):
        return last.strip()[2:].strip()
    above: list[str] = []
    number = statement.lineno - 2
    while number >= 0 and lines[number].strip().startswith("#:"):
        above.insert(0, lines[number].strip()[2:].strip())
        number -= 1
    return "\n".join(above)


def cut_descriptions(schema: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The schema with every description cut to a number of characters, or without any for 0."""
    cut: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "description":
            if limit:
                cut[keyword] = value[:limit]
        elif keyword == "properties":
            cut[keyword] = {name: cut_descriptions(field, limit) for name, field in value.items()}
        elif keyword in ("items", "additionalProperties") and isinstance(value, Mapping):
            cut[keyword] = cut_descriptions(value, limit)
        else:
            cut[keyword] = value
    return cut
