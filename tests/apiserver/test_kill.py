"""``kill -9`` loses nothing acknowledged and leaves a store that opens (hundreds of times: make test-kill)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("KUBEWRIGHT_KILLS", "15"))


@pytest.mark.timeout(30 + KILLS)
def test_a_killed_server_comes_back_with_every_acknowledged_write(tmp_path: Path) -> None:
    seed = os.environ.get("KUBEWRIGHT_SEED", str(os.getpid()))
    command = [sys.executable, "-m", "tests.apiserver.killed_server", str(tmp_path / "store.db"), str(KILLS), seed]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}: {done.stdout}{done.stderr}"
    told = json.loads(done.stdout)
    assert told["kills"] == KILLS
    assert told["writes"] > KILLS
