"""The reference pages say what the code says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.docs.blocks import ROOT


@pytest.mark.parametrize("tool", ["generate_reference.py", "generate_api_reference.py"])
def test_the_generated_pages_are_fresh(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
