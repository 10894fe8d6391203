"""The tests' own ``kubewright`` behaves as the installed one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.warm import bin_folder, environment


@pytest.mark.parametrize("arguments", [["--version"], ["rnu"], ["check"], ["cluster", "status"]])
def test_a_command_says_and_ends_as_in_a_process_of_its_own(arguments: list[str], tmp_path: Path) -> None:
    def outcome(*command: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30
        )
        return done.returncode, done.stdout, done.stderr

    assert outcome(str(bin_folder() / "kubewright")) == outcome(sys.executable, "-P", "-m", "kubewright")


def test_signals_reach_the_command_and_its_end_reaches_the_caller(tmp_path: Path) -> None:
    command = [str(bin_folder() / "kubewright"), "apiserver", "--secure-port", "0", "--data-dir", ":memory:"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout.read() == ""
