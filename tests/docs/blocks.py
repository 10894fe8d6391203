"""The code in the documentation: fenced blocks, by page and language.

The Python blocks of a page make up one module, in their order, but for those that are excerpts of a file; `sh` blocks
are scripts that a test runs; `console` blocks show commands that need a cluster, or never end, so that only their words
are checked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r"^```(?P<language>\w*)(?: from=(?P<file>\S+))?[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    page: Path
    line: int
    language: str
    text: str


def pages() -> list[Path]:
    """Every page of the documentation, the README first."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def python_pages() -> list[Path]:
    """The pages whose Python blocks make up a module: how-to guides, and pages with no test of their own."""
    own = [ROOT / "README.md", DOCS / "cel.md", DOCS / "custom-resources.md", *sorted((DOCS / "howto").glob("*.md"))]
    return [page for page in own if any(blocks(page, "python"))]


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        if match["language"] in languages and not match["file"]:
            yield Block(page, text.count("\n", 0, match.start()) + 2, match["language"], match["text"])


def excerpts(page: Path) -> Iterator[tuple[Path, str]]:
    """The blocks that say ``from=FILE``, each with its file."""
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        if match["file"]:
            yield ROOT / match["file"], match["text"]


def name(page: Path) -> str:
    """A page as test reports name it."""
    return page.relative_to(ROOT).as_posix()


def write_module(page: Path, folder: Path) -> Path:
    """The page's module, whose line numbers are those of the page."""
    lines: list[str] = []
    for block in blocks(page, "python"):
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    path = folder / f"{page.stem.lower().replace('-', '_')}_page.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load_module(page: Path, folder: Path) -> ModuleType:
    path = write_module(page, folder)
    spec = spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[path.stem] = module  # where the annotations of its classes are looked up
    spec.loader.exec_module(module)
    return module


def run_blocks(page: str, marker: str, namespace: dict[str, Any]) -> int:
    """Run the Python blocks of a page that begin with the comment ``marker``, in order; returns how many."""
    found = [block.text for block in blocks(DOCS / page, "python") if block.text.startswith(f"# {marker}\n")]
    for number, text in enumerate(found, 1):
        exec(compile(text, f"{page}, {marker} block {number}", "exec", dont_inherit=True), namespace)
    return len(found)
