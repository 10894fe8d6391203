"""Finding a user's `Operator`: from a file, a module, or the project that the working directory lies in."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import yaml

import kubewright
from kubewright.cli import UserCodeFailed
from kubewright.operator import Operator
from kubewright.project.settings import ProjectError, find_project


class OperatorNotFound(ValueError):
    """No operator where one was looked for; the text says where, and what to write."""


def load_operator(target: str = "") -> Operator:
    """The operator that ``FILE.py[:ATTRIBUTE]``, ``package.module[:ATTRIBUTE]`` or ``watches.yaml`` names.

    Without an attribute the module must have exactly one operator; without a target the project says which, or else it
    is ``operator.py`` in the working directory.

    :raises OperatorNotFound: there is none, or more than one.
    :raises UserCodeFailed: its module can't be imported.
    """
    target = target or _default()
    place, _, attribute = target.partition(":")
    if Path(place).is_dir() and not Path(place, "__init__.py").is_file():
        raise OperatorNotFound(f"{place} is a folder: name a file in it, or go there")
    if place.endswith((".yaml", ".yml")):
        return _from_watches(Path(place))
    module = _import_file(Path(place)) if place.endswith(".py") else _import_module(place)
    if attribute:
        found = getattr(module, attribute, None)
        if not isinstance(found, Operator):
            raise OperatorNotFound(f"{place} has no operator called {attribute!r}")
        return found
    operators: dict[int, tuple[str, Operator]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Operator):
            operators.setdefault(id(value), (name, value))
    if not operators:
        raise OperatorNotFound(f"{place} makes no operator: write op = Operator('NAME')")
    name, operator = next(iter(operators.values()))
    if len(operators) > 1:
        raise OperatorNotFound(f"{place} has several operators: choose one, as in {place}:{name}")
    return operator


def _default() -> str:
    try:
        project = find_project(Path.cwd())
    except ProjectError:
        for name in ("operator.py", "watches.yaml"):
            if Path(name).is_file():
                return name
        made = sorted(path.name for path in Path().glob("*.py") if "Operator(" in path.read_text(errors="replace"))
        then = f"name the file: {' or '.join(made)}" if made else "make a project: kubewright init NAME"
        raise OperatorNotFound(f"there is no project here, nor an operator.py or watches.yaml; {then}") from None
    if project.operator.endswith(".yaml"):
        return str(project.root / project.operator)
    return project.operator


def _from_watches(path: Path) -> Operator:
    """An operator without Python code: its first entry tells which runtime reads the file."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise OperatorNotFound(f"{path} cannot be read: {error}") from None
    first = entries[0] if isinstance(entries, list) and entries else entries or {}
    if isinstance(first, dict):
        return _from_charts(path) if "chart" in first else _from_plays(path)
    raise OperatorNotFound(f"{path} must be a list of entries with group, version, kind, and a chart, role or playbook")


def _from_charts(path: Path) -> Operator:
    try:
        from kubewright.helm import ChartError, WatchesError, load  # Helm's engine: only for those who have charts
    except ImportError as error:
        raise OperatorNotFound(str(error)) from None
    try:
        return load(path)
    except (ChartError, WatchesError) as error:
        raise OperatorNotFound(str(error)) from None


def _from_plays(path: Path) -> Operator:
    from kubewright.ansible import WatchesError, load

    try:
        return load(path)
    except WatchesError as error:
        raise OperatorNotFound(str(error)) from None


def _import_file(path: Path) -> ModuleType:
    """Import a file as Python itself would run it: its folder is where its imports are looked up."""
    if not path.is_file():
        raise OperatorNotFound(f"there is no file {path}")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # Not the bare stem: an operator.py must not stand in for the standard library's operator module.
    name = f"kubewright_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise OperatorNotFound(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _blaming_the_user(str(path)):
        spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> ModuleType:
    """Import a module of the working directory, of the project that this lies in, or of an installed package."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    with suppress(ProjectError):
        sys.path.insert(0, str(find_project(Path.cwd()).root / "src"))
    try:
        with _blaming_the_user(name):
            return importlib.import_module(name)
    except UserCodeFailed as failure:
        error = failure.__cause__
        if isinstance(error, ModuleNotFoundError) and error.name and name.startswith(error.name):
            raise OperatorNotFound(f"there is no module {name}; for a file write {name}.py") from None
        raise


@contextmanager
def _blaming_the_user(place: str) -> Iterator[None]:
    """Turn what goes wrong in user code into its traceback, without the frames that led there."""
    ours = (str(Path(kubewright.__file__).parent), "<frozen importlib")
    try:
        yield
    except Exception as error:
        told = traceback.TracebackException.from_exception(error)
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if not frame.filename.startswith(ours)]
        )
        raise UserCodeFailed(f"{place} cannot be loaded:\n{''.join(told.format()).rstrip()}") from error
