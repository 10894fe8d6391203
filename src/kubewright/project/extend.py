"""Adding to a kind that a project has: webhooks, a version, a test.

What exists is told from the operator's code, and that is changed in its syntax tree; new files are rendered from the
scaffold.  The texts by path come out, nothing is written.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import libcst as cst

from kubewright.project.create import Api, entry_point, with_import
from kubewright.project.decorated import declaration, decorators
from kubewright.project.scaffold import REVISION, TEMPLATES, Files, render_folder
from kubewright.project.settings import Project, ProjectError
from kubewright.schema.resource import Resource

Purpose = Literal["default", "validate"]

FUNCTIONS: dict[Purpose, str] = {
    "default": '''\

@op.default({kind})
def set_defaults({variable}: {kind}) -> None:
    """Fill in what was left out, by changing the object; what does not depend on others is a default of the types."""
''',
    "validate": '''\

@op.validate({kind})
def check(new: {kind}, old: {kind} | None) -> None:
    """Refuse what the types and rules cannot rule out: raise Invalid("spec.field", "what is wrong with it").

    The old object is None when one is created.
    """
''',
}


class Names(NamedTuple):
    """A resource class in a kind's module, and the classes of its spec and status."""

    cls: str
    spec: str
    status: str


def new_webhooks(project: Project, kind: str, purposes: Sequence[Purpose]) -> Files:
    """The kind's module with a function for each purpose, and a test.

    :raises ProjectError: there is no such kind, or it has such a webhook already.
    """
    api = Api("group", "v1", kind)
    path, tree = _module(project, api.module, kind)
    _names(tree, kind, path)
    for purpose in purposes:
        if any(declaration(one, purpose, kind) for one in decorators(tree)):
            raise ProjectError(f"{path} has a function for op.{purpose}({kind}) already")
        text = FUNCTIONS[purpose].format(kind=kind, variable=api.module)
        tree = tree.with_changes(body=[*tree.body, *_statements(text)])
    files = _render(project, "webhook", {"kind": kind, "kind_module": api.module})
    return {**files, path: tree.code}


def new_version(project: Project, stored: type[Resource[object, object]], version: str) -> Files:
    """A module with a kind in another version, converted to and from the stored one, which stays that.

    :raises ProjectError: the stored version's module cannot be changed, or a file is in the way.
    """
    kind, group = stored.gvk.kind, stored.gvk.group
    api = Api(group, version, kind)
    old_module = stored.__module__.rpartition(".")[2]
    path, tree = _module(project, old_module, kind)
    old = _names(tree, stored.__name__, path)
    module = f"{api.module}_{version}"
    answers = {
        "kind": kind,
        "kind_module": old_module,
        "version": version,
        "version_module": module,
        "old": old.cls,
        "old_spec": old.spec,
        "old_status": old.status,
        "old_version": stored.gvk.version,
        "new": f"{kind}{version.capitalize()}",
        "group": group,
        "plural": stored.plural,
        "resource_namespaced": stored.namespaced,
    }
    files = _render(project, "version", answers)
    tree = tree.visit(_Stored(old.cls))
    entry = entry_point(project)
    files[entry] = with_import((project.root / entry).read_text(encoding="utf-8"), project.module, module, where=entry)
    return {**files, path: tree.code}


def new_test(project: Project, kind: str, name: str) -> Files:
    """A test of a kind with a name of its own.

    :raises ProjectError: there is no such kind, the name is no Python name, or the file exists.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.lower() != name:
        raise ProjectError(f"name {name!r} must be lower-case words joined by underscores, such as scales_up")
    api = Api("group", "v1", kind)
    path, tree = _module(project, api.module, kind)
    _names(tree, kind, path)
    return _render(project, "test", {"kind": kind, "kind_module": api.module, "test_module": name})


def _render(project: Project, template: str, answers: dict[str, object]) -> Files:
    files = render_folder(TEMPLATES / str(REVISION) / template, {"module": project.module, **answers})
    project.refuse_existing(files)
    return files


def _module(project: Project, module: str, kind: str) -> tuple[str, cst.Module]:
    path = f"src/{project.module}/{module}.py"
    if not (project.root / path).is_file():
        raise ProjectError(f"there is no {path}, so no kind {kind}")
    try:
        return path, cst.parse_module((project.root / path).read_text(encoding="utf-8"))
    except cst.ParserSyntaxError as error:
        raise ProjectError(f"{path} is not valid Python: {error}") from error


def _names(tree: cst.Module, kind: str, path: str) -> Names:
    """What ``class KIND(Resource[KINDSpec, KINDStatus])`` says."""
    for statement in tree.body:
        if isinstance(statement, cst.ClassDef) and statement.name.value == kind and statement.bases:
            base = re.fullmatch(r"Resource\[(\w+), (\w+)\]", tree.code_for_node(statement.bases[0].value))
            if base is not None:
                return Names(kind, base[1], base[2])
    raise ProjectError(f"{path} has no class {kind}(Resource[...Spec, ...Status])")


def _statements(text: str) -> list[cst.BaseCompoundStatement | cst.SimpleStatementLine]:
    """Statements that are appended to a module: two empty lines stand before each."""
    tree = cst.parse_module(text)
    first = tree.body[0]
    lines = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
    return [first.with_changes(leading_lines=lines), *tree.body[1:]]


class _Stored(cst.CSTTransformer):
    """Gives the decorator of a class ``storage=True``, unless it says something about storage."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        if updated_node.name.value != self.name:
            return updated_node
        return updated_node.with_changes(decorators=[self._decorated(one) for one in updated_node.decorators])

    def _decorated(self, decorator: cst.Decorator) -> cst.Decorator:
        call = declaration(decorator, "resource")
        if call is None or any(one.keyword is not None and one.keyword.value == "storage" for one in call.args):
            return decorator
        last = call.args[-1]
        # The new argument stands as the one before it does: on a line of its own, with the same comma.
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        storage = last.with_changes(keyword=cst.Name("storage"), value=cst.Name("True"), equal=tight)
        between = (
            call.args[-2].comma
            if len(call.args) > 1
            else cst.Comma(cst.SimpleWhitespace(""), cst.SimpleWhitespace(" "))
        )
        return decorator.with_changes(
            decorator=call.with_changes(args=[*call.args[:-1], last.with_changes(comma=between), storage])
        )
