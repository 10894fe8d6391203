"""Imports examples, which are files and no packages, and the code of documentation pages."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = Path(__file__).parents[2] / "docs"


def load(name: str) -> ModuleType:
    """The operator of an example."""
    return _load(EXAMPLES / name / "operator.py", f"{name}_operator")


def load_page(name: str, folder: Path) -> ModuleType:
    """The Python code of a page of the documentation, as a module whose file is in ``folder``."""
    blocks = re.findall(r"```python\n(.*?)```", (PAGES / f"{name}.md").read_text(), re.DOTALL)
    path = folder / f"{name.replace('-', '_')}_page.py"
    path.write_text("\n\n".join(blocks))
    return _load(path)


def _load(path: Path, name: str = "") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name or path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where the classes' annotations are looked up
    spec.loader.exec_module(module)
    return module
