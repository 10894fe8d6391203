"""Letting a kind own somebody else's custom resources.

Their definitions come in; out come modules with typed classes, and the kind's module with these imported and named in
``owns=`` of its reconcile function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from kubewright.project.create import Api
from kubewright.project.decorated import declaration
from kubewright.project.scaffold import Files
from kubewright.project.settings import Project, ProjectError
from kubewright.schema.models import models


def new_children(project: Project, kind: str, definitions: Sequence[dict[str, Any]]) -> Files:
    """The modules of the children, and the changed one of the kind.

    :raises ProjectError: there is no such kind, it reconciles nothing, or a file is in the way.
    """
    home = f"src/{project.module}/{Api('group', 'v1', kind).module}.py"
    try:
        tree = cst.parse_module((project.root / home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"there is no {home}, so no kind {kind}") from None
    except cst.ParserSyntaxError as error:
        raise ProjectError(f"{home} is not valid Python: {error}") from error
    files: Files = {}
    for crd in definitions:
        child = crd["spec"]["names"]["kind"]
        module = Api(crd["spec"]["group"], "v1", child).module
        path = f"src/{project.module}/{module}.py"
        project.refuse_existing([path])
        files[path] = models(crd)
        owning = _Owning(kind, child)
        tree = _with_import(tree, project.module, module, child).visit(owning)
        if not owning.found:
            raise ProjectError(f"{home} has no function with @op.reconcile({kind})")
    return {**files, home: tree.code}


class _Owning(cst.CSTTransformer):
    """Names a class among those that ``@op.reconcile(KIND, owns=[...])`` owns."""

    def __init__(self, kind: str, child: str) -> None:
        super().__init__()
        self.kind = kind
        self.child = cst.Element(cst.Name(child))
        self.found = False

    def leave_Decorator(self, original_node: cst.Decorator, updated_node: cst.Decorator) -> cst.Decorator:
        call = declaration(updated_node, "reconcile", self.kind)
        if call is None:
            return updated_node
        self.found = True
        owns = next((one for one in call.args if one.keyword is not None and one.keyword.value == "owns"), None)
        if owns is None:
            tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            added = cst.Arg(cst.List([self.child]), keyword=cst.Name("owns"), equal=tight)
            return updated_node.with_changes(decorator=call.with_changes(args=[*call.args, added]))
        if not isinstance(owns.value, cst.List):
            return updated_node
        elements = [one.with_changes(comma=cst.MaybeSentinel.DEFAULT) for one in owns.value.elements]
        changed = owns.with_changes(value=owns.value.with_changes(elements=[*elements, self.child]))
        args = [changed if one is owns else one for one in call.args]
        return updated_node.with_changes(decorator=call.with_changes(args=args))


def _with_import(tree: cst.Module, package: str, module: str, name: str) -> cst.Module:
    """Import a name where sorted imports have it: after those of the package that come before it."""
    added = cst.parse_statement(f"from {package}.{module} import {name}\n")
    place = 0
    for index, statement in enumerate(tree.body):
        for one in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(one, cst.Import | cst.ImportFrom):
                source = tree.code_for_node(one).split()[1]
                if not source.startswith(package) or source < f"{package}.{module}":
                    place = index + 1
    return tree.with_changes(body=[*tree.body[:place], added, *tree.body[place:]])
