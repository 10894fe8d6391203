"""The code of a page of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

DOCS = Path(__file__).parents[2] / "docs"


def run_blocks(page: str, marker: str, namespace: dict[str, Any]) -> int:
    """Run the Python blocks of a page that begin with the comment ``marker``, in order; returns how many."""
    found = [block for block in _BLOCK.findall((DOCS / page).read_text()) if block.startswith(f"# {marker}\n")]
    for number, block in enumerate(found, 1):
        exec(compile(block, f"{page}, {marker} block {number}", "exec", dont_inherit=True), namespace)
    return len(found)
