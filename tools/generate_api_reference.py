"""Writes docs/reference/api: a page for each public room, made of the signatures and docstrings of what it hands on.

``--check`` writes nothing and fails if a page is stale.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from kubewright import objects

PAGES = Path(__file__).resolve().parents[1] / "docs" / "reference" / "api"
ROOMS = (
    *("", "objects", "schema", "controller", "webhook", "lifecycle", "operator", "manager", "client", "cache"),
    *("workqueue", "testing", "localcluster", "packaging", "helm", "ansible"),
)
_WIDTH = 100
_PLAIN = (str, int, float, bytes, tuple, type(None))
_MODULE = re.compile(r"\b(?:kubewright|typing|collections|msgspec|datetime)(?:\.[a-z_]\w*)*\.(?=[A-Za-z])")
_FIELD = re.compile(r"^:(param|raises|returns?)\s*([^:]*):\s*", re.MULTILINE)


def page(room: str) -> str:
    """What a room hands on, in the order of the alphabet."""
    name = f"kubewright.{room}" if room else "kubewright"
    module = importlib.import_module(name)
    names = sorted(module.__all__, key=str.lower)
    lines = [f"# {name}", "", _prose(inspect.getdoc(module) or ""), ""]
    lines += [", ".join(f"[`{one}`](#{one.lower()})" for one in names), ""]
    for one in names:
        lines += _entry(name, one, getattr(module, one))
    return "\n".join(lines).rstrip() + "\n"


def _entry(room: str, name: str, value: Any) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    if inspect.isclass(value) and value.__module__.startswith("kubewright"):
        if room != "kubewright" and name in importlib.import_module("kubewright").__all__:
            yield f"See [kubewright](kubewright.md#{name.lower()})."
            yield ""
        else:
            yield from _class(name, value)
    elif inspect.isfunction(value):
        yield from _function(name, value)
    else:
        yield f"`{name}` stands for `{_plain(value)}`."
        yield ""


def _class(name: str, cls: type) -> Iterator[str]:
    bases = [base.__name__ for base in cls.__bases__ if base.__module__.startswith("kubewright")]
    yield from _code(f"class {name}{_parameters(cls)}")
    if bases and not any(base.startswith("_") for base in bases):
        yield f"Derived from {', '.join(f'`{base}`' for base in bases)}."
        yield ""
    yield from _documented(cls)
    attributes = [(label, text) for label, text in _attributes(cls) if text]
    if attributes:
        yield "| attribute | |"
        yield "|---|---|"
        yield from (f"| `{label}` | {_cell(text)} |" for label, text in attributes)
        yield ""
    for title, method in _methods(cls):
        yield f"### {name}.{title}"
        yield ""
        yield from _function(title, method)


def _function(name: str, function: Any) -> Iterator[str]:
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    yield from _code(f"{word} {name}{_parameters(function)}")
    yield from _documented(function)


def _documented(value: Any) -> Iterator[str]:
    if text := value.__doc__:
        yield _prose(inspect.cleandoc(text))
        yield ""


def _own_classes(cls: type) -> list[type]:
    """The class and those of its bases that are ours; what comes from elsewhere is documented there."""
    return [one for one in cls.__mro__ if one.__module__.startswith("kubewright")]


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Public methods with a docstring, inherited ones after the class's own."""
    seen: set[str] = set()
    for owner in _own_classes(cls):
        for name, value in vars(owner).items():
            function = inspect.unwrap(getattr(value, "__func__", value))
            if not name.startswith("_") and name not in seen and inspect.isfunction(function) and function.__doc__:
                seen.add(name)
                yield name, function


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    """Properties, and what is annotated in the class or assigned in ``__init__`` with a docstring below it."""
    seen: set[str] = set()
    for owner in _own_classes(cls):
        found = [(name, value.__doc__ or "") for name, value in vars(owner).items() if isinstance(value, property)]
        for name, text in [*_annotated(owner), *found]:
            if not name.startswith("_") and name not in seen:
                seen.add(name)
                yield name, text


def _annotated(cls: type) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, TypeError):  # made at run time: there is no source to read
        return
    assert isinstance(tree, ast.ClassDef)
    constructors = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    for body in (tree.body, *(one.body for one in constructors)):
        for statement, following in zip(body, [*body[1:], None], strict=True):
            text = _text(following)
            target = statement.target if isinstance(statement, ast.AnnAssign) else None
            if isinstance(statement, ast.Assign) and text:
                target = statement.targets[0]  # type: ignore[assignment]
            if isinstance(target, ast.Attribute) and text:
                yield target.attr, text
            elif isinstance(target, ast.Name) and text:
                yield target.id, text


def _text(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return str(statement.value.value)
    return ""


def _parameters(value: Any) -> str:
    """A signature as it is written, one parameter a line if it is long."""
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):  # a type without one, such as a protocol or an enumeration
        return ""
    parts, keywords_only = [], False
    for one in signature.parameters.values():
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not keywords_only:
            parts.append("*")
        keywords_only = keywords_only or one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        parts.append(_parameter(one))
    answer = signature.return_annotation
    arrow = "" if inspect.isclass(value) or answer is signature.empty else f" -> {_type(answer)}"
    short = f"({', '.join(parts)}){arrow}"
    return short if len(short) < _WIDTH else "(\n" + "".join(f"    {part},\n" for part in parts) + f"){arrow}"


def _parameter(one: inspect.Parameter) -> str:
    stars = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
    typed = "" if one.annotation is one.empty else f": {_type(one.annotation)}"
    if one.default is one.empty:
        return f"{stars}{one.name}{typed}"
    told = repr(one.default) if isinstance(one.default, _PLAIN) else "..."  # another value may depend on the machine
    told = f"{type(one.default).__name__}.{one.default.name}" if isinstance(one.default, Enum) else told
    return f"{stars}{one.name}{typed} = {told}"


def _type(annotation: Any) -> str:
    """An annotation as it is written; the names of modules are left out, for every name here is unique."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return _MODULE.sub("", text)


def _code(line: str) -> Iterator[str]:
    yield from ("```python", line, "```", "")


def _prose(text: str) -> str:
    """reStructuredText as docstrings use it, as Markdown."""
    text = re.sub(r":(?:class|meth|func|mod|attr|exc|data):`~?\.?([^`]+)`", r"`\1`", text).replace("``", "`")
    text = _FIELD.sub(lambda found: f"- {_label(found[1], found[2])}", text)
    text = re.sub(r"^\.\. code-block:: \w+\n", "", text, flags=re.MULTILINE)
    return re.sub(r"::\n\n(?=    )", ":\n\n", text)


def _label(sort: str, name: str) -> str:
    return f"`{name}`: " if sort == "param" else f"raises `{name}`: " if sort == "raises" else "returns "


def _cell(text: str) -> str:
    return " ".join(_prose(inspect.cleandoc(text)).split()).replace("|", "\\|")


def _plain(value: Any) -> str:
    return _MODULE.sub("", re.sub(r" at 0x[0-9a-f]+", "", str(value)))


def index() -> str:
    """The page that leads to the others."""
    lines = ["# The public API", "", "Written by `make generate` from the code: signatures and docstrings.", ""]
    lines += ["| import from | what it holds |", "|---|---|"]
    for room in ROOMS:
        name = f"kubewright.{room}" if room else "kubewright"
        told = (inspect.getdoc(importlib.import_module(name)) or "").split("\n\n")[0]
        lines.append(f"| [`{name}`]({name}.md) | {_cell(told)} |")
    lines += ["", "## Built-in kinds", "", "| import from | kinds |", "|---|---|"]
    lines += [f"| `{module}` | {', '.join(kinds)} |" for module, kinds in _builtin_kinds()]
    return "\n".join(lines) + "\n"


def _builtin_kinds() -> Iterator[tuple[str, list[str]]]:
    """The modules of the API groups, each with the kinds that have a place of their own in the API."""
    for one in pkgutil.iter_modules(objects.__path__, "kubewright.objects."):
        found = vars(importlib.import_module(one.name)).values()
        own = [each for each in found if isinstance(each, type) and each.__module__ == one.name]
        kinds = sorted(each.__name__ for each in own if issubclass(each, objects.Object) and hasattr(each, "gvk"))
        if kinds:
            yield one.name, kinds


def main(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a page is stale.")] = False,
) -> None:
    """Write the pages of the public API."""
    texts = {"README.md": index(), **{f"{'kubewright.' + one if one else 'kubewright'}.md": page(one) for one in ROOMS}}
    stale = [name for name, text in texts.items() if not _is(PAGES / name, text)]
    if check and stale:
        sys.exit(f"stale: {', '.join(stale)}; run make generate")
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(texts[name], encoding="utf-8")
        typer.echo(f"wrote {PAGES / name}")


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    typer.run(main)
