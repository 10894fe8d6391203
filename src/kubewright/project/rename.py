"""Giving a kind another name, in the code that declares it and in everything that uses it.

Class names that begin with the kind's are renamed wherever they stand, in the syntax tree; the module, its test and its
sample get the new name, too.  Texts and comments stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from kubewright.project.create import Api, entry_point, with_import, without_import
from kubewright.project.scaffold import Files
from kubewright.project.settings import Project, ProjectError
from kubewright.schema.plurals import pluralize


@dataclass
class Renaming:
    """What is to be written, and the files that go because they are written under another name."""

    write: Files = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)


def rename_kind(project: Project, old: str, new: str) -> Renaming:
    """Rename a kind in ``src``, ``tests`` and ``config/samples``.

    :raises ProjectError: there is no such kind, or a file or class of the new name exists.
    """
    before, after = Api("group", "v1", old), Api("group", "v1", new)
    home = project.source / f"{before.module}.py"
    if not home.is_file():
        raise ProjectError(f"there is no src/{project.module}/{before.module}.py, so no kind {old} to rename")
    renaming = Renaming()
    entry = entry_point(project)
    stem = re.compile(rf"(?<=/|_){before.module}(?=_|\.)")
    paths = sorted([*project.source.rglob("*.py"), *(project.root / "tests").rglob("*.py")])
    for path in paths:
        place = path.relative_to(project.root).as_posix()
        text = path.read_text(encoding="utf-8")
        changed = _renamed(text, project.module, before, after, place)
        if place == entry:
            for module in project.source.glob("*.py"):
                name = stem.sub(after.module, f"/{module.name}").strip("/").removesuffix(".py")
                if name != module.stem:
                    changed = without_import(changed, project.module, module.stem, where=place)
                    changed = with_import(changed, project.module, name, where=place)
        _put(project, renaming, place, stem.sub(after.module, place), text, changed)
    sample = f"config/samples/{before.module}.yaml"
    if (project.root / sample).is_file():
        text = (project.root / sample).read_text(encoding="utf-8")
        changed = re.sub(rf"(?m)^kind: {old}$", f"kind: {new}", text)
        _put(project, renaming, sample, f"config/samples/{after.module}.yaml", text, changed)
    return renaming


def _put(project: Project, renaming: Renaming, old: str, new: str, before: str, after: str) -> None:
    if old == new:
        if before != after:
            renaming.write[old] = after
        return
    project.refuse_existing([new])
    renaming.write[new] = after
    renaming.remove.append(old)


def _renamed(text: str, package: str, before: Api, after: Api, place: str) -> str:
    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise ProjectError(f"{place} is not valid Python: {error}") from error
    return tree.visit(_Rename(package, before, after)).code


class _Rename(cst.CSTTransformer):
    """Renames classes by their prefix, and the kind's module where it is imported."""

    def __init__(self, package: str, before: Api, after: Api) -> None:
        super().__init__()
        self.package = package
        self.before = before
        self.after = after
        # Website, WebsiteSpec and WebsiteV2, but not WebsitesPage.
        self._class = re.compile(rf"{before.kind}(?=[A-Z]|\Z)")
        self._module = re.compile(rf"{before.module}(?=_v\d|\Z)")

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self._class.sub(self.after.kind, updated_node.value))

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """``kind=`` and the regular ``plural=`` in the declaration of a further version."""
        texts = {
            ("kind", f'"{self.before.kind}"'): f'"{self.after.kind}"',
            ("plural", f'"{pluralize(self.before.kind)}"'): f'"{pluralize(self.after.kind)}"',
        }
        if not isinstance(updated_node.value, cst.SimpleString) or updated_node.keyword is None:
            return updated_node
        text = texts.get((updated_node.keyword.value, updated_node.value.value))
        return updated_node if text is None else updated_node.with_changes(value=cst.SimpleString(text))

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        module = updated_node.module
        if not isinstance(module, cst.Attribute) or not isinstance(module.value, cst.Name):
            return updated_node
        if module.value.value != self.package:
            return updated_node
        name = self._module.sub(self.after.module, module.attr.value)
        return updated_node.with_changes(module=module.with_changes(attr=cst.Name(name)))
