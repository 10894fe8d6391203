"""Adding a kind to a project, and taking one out again.

New files are rendered from the scaffold; the one existing file that has to know, ``operator.py``, is changed in its
syntax tree, so its formatting and comments stay.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from kubewright.project.scaffold import REVISION, TEMPLATES, Files, render_folder
from kubewright.project.settings import Project, ProjectError
from kubewright.schema.plurals import pluralize

_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}\Z")
_VERSION = re.compile(r"v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?\Z")
_GROUP = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


@dataclass(frozen=True)
class Api:
    """A kind to be made.

    :param group: its first part or the whole of it: the project's domain is appended where it has no dot.
    :raises ProjectError: a name cannot be used.
    """

    group: str
    version: str
    kind: str
    plural: str = ""
    namespaced: bool = True

    def __post_init__(self) -> None:
        if not _KIND.match(self.kind):
            raise ProjectError(f"kind {self.kind!r} must be CamelCase, such as Website")
        if not _VERSION.match(self.version):
            raise ProjectError(f"version {self.version!r} must look like v1, v1beta2 or v1alpha1")
        if not _GROUP.match(self.group):
            raise ProjectError(f"group {self.group!r} must be a lower-case DNS name, such as web")

    @property
    def module(self) -> str:
        """The module's name: the kind in snake case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.kind).lower()

    def full_group(self, project: Project) -> str:
        return self.group if "." in self.group else f"{self.group}.{project.domain}"


def new_api(project: Project, api: Api) -> Files:
    """The files that make a kind, new ones and the changed ``operator.py``.

    :raises ProjectError: one of the new files exists, or ``operator.py`` cannot be changed.
    """
    answers = {
        "module": project.module,
        "kind_module": api.module,
        "kind": api.kind,
        "variable": api.module,
        "group": api.full_group(project),
        "version": api.version,
        "plural": api.plural or pluralize(api.kind),
        "default_plural": pluralize(api.kind),
        "resource_namespaced": api.namespaced,
    }
    files = render_folder(TEMPLATES / str(REVISION) / "api", answers)
    project.refuse_existing(files)
    entry = entry_point(project)
    text = (project.root / entry).read_text(encoding="utf-8")
    files[entry] = with_import(text, project.module, api.module, where=entry)
    return files


def api_files(project: Project, kind: str) -> tuple[list[str], Files]:
    """What deleting a kind removes, and the ``operator.py`` that is left.

    :raises ProjectError: there is no such kind.
    """
    api = Api("group", "v1", kind)
    home = f"src/{project.module}/{api.module}.py"
    if not (project.root / home).is_file():
        raise ProjectError(f"there is no {home}, so no kind {kind} to delete")
    patterns = [
        home,
        f"src/{project.module}/{api.module}_v[0-9]*.py",
        f"tests/test_{api.module}.py",
        f"tests/test_{api.module}_v[0-9]*.py",
        f"tests/test_{api.module}_webhooks.py",
        f"config/samples/{api.module}.yaml",
    ]
    found = [path for pattern in patterns for path in sorted(project.root.glob(pattern))]
    entry = entry_point(project)
    text = (project.root / entry).read_text(encoding="utf-8")
    for path in found:
        if path.parent == project.source:
            text = without_import(text, project.module, path.stem, where=entry)
    return [path.relative_to(project.root).as_posix() for path in found], {entry: text}


def entry_point(project: Project) -> str:
    """The module that the operator is loaded from, as a path.

    :raises ProjectError: it is not there.
    """
    module = project.operator.partition(":")[0].replace(".", "/")
    for path in (f"src/{module}.py", f"src/{module}/__init__.py"):
        if (project.root / path).is_file():
            return path
    raise ProjectError(f"there is no src/{module}.py, though [tool.kubewright] operator is {project.operator!r}")


def with_import(text: str, package: str, module: str, *, where: str) -> str:
    """``text`` with ``module`` among the names imported from ``package`` and in ``__all__``."""
    return _changed(text, package, module, where, add=True)


def without_import(text: str, package: str, module: str, *, where: str) -> str:
    """``text`` without the import of ``module``."""
    return _changed(text, package, module, where, add=False)


def _changed(text: str, package: str, module: str, where: str, *, add: bool) -> str:
    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise ProjectError(f"{where} is not valid Python: {error}") from error
    edit = _ImportEdit(package, module, add=add)
    changed = tree.visit(edit)
    if not edit.found:
        raise ProjectError(f"{where} has no line `from {package} import op`, where the import of {module} would go")
    return changed.code


class _ImportEdit(cst.CSTTransformer):
    """Adds a name to, or takes it out of, ``from package import ...`` and ``__all__``."""

    def __init__(self, package: str, module: str, *, add: bool) -> None:
        super().__init__()
        self.package = package
        self.module = module
        self.add = add
        self.found = False

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        names = updated_node.names
        if updated_node.module is None or isinstance(names, cst.ImportStar) or self.found:
            return updated_node
        if cst.Module([]).code_for_node(updated_node.module) != self.package:
            return updated_node
        self.found = True
        # Keeping aliases whole keeps `import x as y` as it was.
        aliases = {
            cst.Module([]).code_for_node(one.with_changes(comma=cst.MaybeSentinel.DEFAULT)): one for one in names
        }
        kept = {name: one for name, one in aliases.items() if name != self.module}
        if self.add:
            kept[self.module] = cst.ImportAlias(cst.Name(self.module))
        ordered = [kept[name].with_changes(comma=cst.MaybeSentinel.DEFAULT) for name in sorted(kept)]
        return updated_node.with_changes(names=ordered)

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        target = updated_node.targets[0].target
        value = updated_node.value
        if not isinstance(target, cst.Name) or target.value != "__all__" or not isinstance(value, cst.List):
            return updated_node
        texts = {
            str(element.value.evaluated_value)
            for element in value.elements
            if isinstance(element.value, cst.SimpleString)
        }
        texts = texts | {self.module} if self.add else texts - {self.module}
        elements = [cst.Element(cst.SimpleString(f'"{text}"')) for text in sorted(texts)]
        return updated_node.with_changes(value=cst.List(elements))


def difference(root: Path, files: Files, *, removed: list[str] | None = None) -> str:
    """A unified diff of what would be written and removed."""
    texts: dict[str, str] = {**files, **dict.fromkeys(removed or [], "")}
    parts: list[str] = []
    for path in sorted(texts):
        before = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else ""
        old, new = before.splitlines(keepends=True), texts[path].splitlines(keepends=True)
        parts.extend(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"))
    return "".join(parts)
