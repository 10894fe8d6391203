"""What kubewright knows about a user's project: the ``[tool.kubewright]`` table of its ``pyproject.toml``.

Everything else is derived from the operator's code.  Commands run inside a project find the file by walking up from the
working directory.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from keyword import iskeyword
from pathlib import Path
from typing import Any, Literal, get_args

Flavour = Literal["python", "ansible", "helm"]
"""What a project's operator is made of: Python code, or a ``watches.yaml`` with Ansible content or Helm charts."""

WATCHES = "watches.yaml"
"""Declares the operator of a project without Python code."""

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,43}[a-z0-9])?\Z")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\Z")


class ProjectError(ValueError):
    """A project that cannot be used as it is; the text names the file and key and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's settings.

    :param root: the folder that holds ``pyproject.toml``.
    :param name: the operator's name, a DNS label.
    :param domain: what API groups end in.
    :param operator: ``module:attribute`` of the `Operator`, or the path of a ``watches.yaml``.
    :param image: the image reference without a tag; the project's version is the tag.
    :param scaffold: the revision of the scaffold that the project was made or last upgraded with.
    :param package: the table ``[tool.kubewright.package]``: what catalogs show.
    """

    root: Path
    name: str
    version: str
    domain: str
    operator: str
    image: str
    scaffold: int
    flavour: Flavour = "python"
    licence: str = "none"
    namespaced: bool = False
    package: dict[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The import package that holds the operator's code, or would hold it."""
        if self.flavour != "python":
            return self.name.replace("-", "_")
        return self.operator.partition(":")[0].partition(".")[0]

    def refuse_existing(self, paths: Iterable[str]) -> None:
        """Make sure that new files are new.

        :raises ProjectError: there is one already.
        """
        for path in paths:
            if (self.root / path).exists():
                raise ProjectError(f"{path} exists already; nothing was written")

    @property
    def source(self) -> Path:
        """The folder of that package."""
        return self.root / "src" / self.module

    @property
    def image_reference(self) -> str:
        return self.image if ":" in self.image.rpartition("/")[2] else f"{self.image}:{self.version}"


def find_project(start: Path) -> Project:
    """The project that ``start`` lies in.

    :raises ProjectError: there is none, or its settings are incomplete.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                data = tomllib.loads(path.read_text())
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ProjectError(f"{path}: is no TOML: {error}") from error
            if "kubewright" in (data.get("tool") or {}):
                return _project(path, data)
    raise ProjectError(f"no kubewright project in {start} or above it; make one with `kubewright init NAME`")


def find_python_project(start: Path) -> Project:
    """As :func:`find_project`, for what changes Python code.

    :raises ProjectError: the project's operator is made of something else, too.
    """
    project = find_project(start)
    if project.flavour != "python":
        raise ProjectError(f"{project.name} is made of {project.operator}, not of Python code: change that by hand")
    return project


def _project(path: Path, data: dict[str, Any]) -> Project:
    table = data["tool"]["kubewright"]
    project = data.get("project") or {}

    def setting(key: str, kind: type, default: Any = None) -> Any:
        value = table.get(key, default)
        if value is None:
            raise ProjectError(f"{path}: [tool.kubewright] lacks {key!r}")
        if not isinstance(value, kind):
            raise ProjectError(f"{path}: [tool.kubewright] {key} must be a {kind.__name__}, not {value!r}")
        return value

    for key in ("name", "version"):
        if not isinstance(project.get(key), str):
            raise ProjectError(f"{path}: [project] lacks {key!r}")
    flavour = setting("flavour", str, "python")
    if flavour not in get_args(Flavour):
        raise ProjectError(f"{path}: [tool.kubewright] flavour must be one of {', '.join(get_args(Flavour))}")
    return Project(
        root=path.parent,
        name=project["name"],
        version=project["version"],
        domain=setting("domain", str),
        operator=setting("operator", str),
        image=setting("image", str, project["name"]),
        scaffold=setting("scaffold", int),
        flavour=flavour,
        licence=setting("licence", str, "none"),
        namespaced=setting("namespaced", bool, False),
        package=setting("package", dict, {}),
    )


def operator_name(folder: Path) -> str:
    """What an operator without code is called: like the project that its folder lies in, else like the folder."""
    try:
        return find_project(folder).name
    except ProjectError:
        return re.sub("[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "operator"


def check_name(name: str) -> None:
    """:raises ProjectError: an operator cannot be called so."""
    if not _NAME.match(name):
        raise ProjectError(
            f"name {name!r} must be a lower-case DNS label of at most 45 characters, such as my-operator"
        )
    module = name.replace("-", "_")
    if module in sys.stdlib_module_names or module == "kubewright" or iskeyword(module):
        raise ProjectError(
            f"name {name!r} would make a package {module}, which hides Python's own: try {name}-operator"
        )


def check_domain(domain: str) -> None:
    """:raises ProjectError: API groups cannot end in it."""
    if not _DOMAIN.match(domain):
        raise ProjectError(f"domain {domain!r} must be a DNS name with a dot in it, such as example.com")
