"""The reference pages say what the code says."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.blocks import ROOT


def test_the_generated_pages_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
