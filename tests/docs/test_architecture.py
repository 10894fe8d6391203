"""The tables of docs/architecture.md name what there is."""

from __future__ import annotations

import re
import tomllib

from tests.docs.blocks import DOCS, ROOT

PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def test_every_room_is_in_the_table() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "kubewright").glob("*/*.py") if path.name != "__init__.py"}
    assert rooms - set(re.findall(r"^\| \d+ \| `(\w+)/`", PAGE, re.MULTILINE)) == set()


def test_every_dependency_of_the_runtime_is_in_the_table_with_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in project["dependencies"]}
    table = PAGE[PAGE.index("## Dependencies") :]
    named = {word for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for word in re.findall(r"[\w.-]+", row)}
    assert names - named == set()
